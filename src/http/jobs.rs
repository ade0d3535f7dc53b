//! `GET /v1/jobs`, `GET /v1/jobs/{id}`, `POST /v1/jobs/{id}/replay` and `GET /v1/updates`: what is done outside
//! of requests, and what was written into tickets.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfJob, OfKeeping, OfParams, OfReplay};
use super::error::{Code, Problem};
use super::query::Params;
use super::state::AppState;
use crate::integrations::{Product, Update};
use crate::store::{Job, JobFilter, JobState, KeptUpdate, UpdateFilter, UpdateState};

/// Entries of a page, unless the caller says.
const PAGE: u32 = 50;
/// Most entries of a page.
const MOST: u32 = 200;

/// Something that is done outside of requests, without what it is done with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobShown {
    /// Its number, rising.
    id: i64,
    /// What is done: `hook` (a delivery is worked on), `write_back` (a ticket is written into), `event` and others.
    #[schema(example = "hook")]
    kind: String,
    /// What it is, once for each kind.
    #[schema(example = "zendesk:8350205582")]
    key: String,
    /// What it is about; jobs about the same go one after another.
    #[schema(example = "zendesk:81")]
    subject: Option<String>,
    /// Where it stands.
    state: JobState,
    /// When it is due; of one at work, when it is taken for lost.
    #[schema(value_type = String, format = DateTime)]
    run_at: Timestamp,
    /// How often it was begun.
    attempts: u32,
    /// Why the last attempt failed.
    error: Option<String>,
    /// When it was taken on.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was done or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<Job> for JobShown {
    fn from(job: Job) -> Self {
        let Job { id, kind, key, subject, state, run_at, attempts, error, created_at, finished_at, .. } = job;
        Self { id, kind, key, subject, state, run_at, attempts, error, created_at, finished_at }
    }
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobPage {
    /// The newest first.
    jobs: Vec<JobShown>,
    /// `before` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct JobParams {
    /// Of this kind, such as `hook`.
    kind: Option<String>,
    /// In this state.
    #[param(value_type = Option<JobState>)]
    state: Option<JobState>,
    /// About this, such as `zendesk:81`.
    subject: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
    /// Jobs of a page, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// List jobs
///
/// What is to be done outside of requests, what was done lately and what was given up (`dead`), the newest first.
/// What they are done with is not shown, since it may hold words of a ticket.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    operation_id = "listJobs",
    tag = "integrations",
    params(JobParams),
    responses((status = 200, description = "A page of them.", body = JobPage), OfParams, OfAnswer)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Params(params): Params<JobParams>,
) -> Result<Json<JobPage>, Problem> {
    let limit = limit(params.limit)?;
    let JobParams { kind, state, subject, before, .. } = params;
    let jobs = app.store.jobs(&JobFilter { kind, state, subject, before, limit }).await?;
    let next = jobs.last().map(|job| job.id).filter(|_| jobs.len() == limit as usize);
    Ok(Json(JobPage { jobs: jobs.into_iter().map(JobShown::from).collect(), next }))
}

/// Look at a job
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    operation_id = "getJob",
    tag = "integrations",
    params(("id" = i64, Path, description = "The job's number.", example = 1)),
    responses((status = 200, description = "The job.", body = JobShown), OfJob, OfAnswer)
)]
pub(super) async fn get(
    State(app): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<JobShown>, Problem> {
    let job = app.store.job(number(&id)?).await?.ok_or_else(|| Problem::new(Code::JobNotFound))?;
    Ok(Json(job.into()))
}

/// Begin a job anew
///
/// One that was given up is due at once, with all its attempts before it.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/replay",
    operation_id = "replayJob",
    tag = "integrations",
    params(("id" = i64, Path, description = "The job's number.", example = 1)),
    responses((status = 200, description = "It is due.", body = JobShown), OfReplay, OfAnswer, OfKeeping)
)]
pub(super) async fn replay(
    State(app): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<JobShown>, Problem> {
    let id = number(&id)?;
    let revived = app.store.revive_job(id, Timestamp::now()).await?;
    let job = app.store.job(id).await?.ok_or_else(|| Problem::new(Code::JobNotFound))?;
    if !revived {
        return Err(Problem::new(Code::JobNotDead));
    }
    Ok(Json(job.into()))
}

/// What was or would have been written into a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UpdateShown {
    /// Its number, rising.
    id: i64,
    /// Which helpdesk.
    product: String,
    /// The ticket's id there.
    #[schema(example = "81")]
    ticket_id: String,
    /// The version of the ticket's words that it is about.
    version: String,
    /// Where it stands.
    state: UpdateState,
    /// The job that writes it, as long as it is kept.
    job_id: Option<i64>,
    /// Why it could not be written the last time.
    error: Option<String>,
    /// When the ticket was answered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What is written; absent once it is older than integrations.keep_days.
    #[schema(value_type = Option<Update>)]
    update: Option<serde_json::Value>,
}

impl From<KeptUpdate> for UpdateShown {
    fn from(kept: KeptUpdate) -> Self {
        let state = kept.state();
        let KeptUpdate { id, update, job } = kept;
        Self {
            id,
            state,
            product: update.product,
            ticket_id: update.ticket_id,
            version: update.version,
            job_id: job.as_ref().map(|(id, ..)| *id),
            error: job.and_then(|(.., error)| error),
            created_at: update.created_at,
            update: Some(update.content).filter(|content| !content.is_null()),
        }
    }
}

/// A page of updates.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UpdatePage {
    /// The newest first.
    updates: Vec<UpdateShown>,
    /// `before` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// Which updates to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UpdateParams {
    /// Of this helpdesk.
    #[param(value_type = Option<Product>)]
    product: Option<Product>,
    /// Of this ticket, by the helpdesk's id.
    ticket_id: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
    /// Updates of a page, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// List updates of tickets
///
/// What was written into tickets of the helpdesk, what is to be written, and what would have been while `dry_run`
/// is on: one for each version of a ticket's words, the newest first.
#[utoipa::path(
    get,
    path = "/v1/updates",
    operation_id = "listUpdates",
    tag = "integrations",
    params(UpdateParams),
    responses((status = 200, description = "A page of them.", body = UpdatePage), OfParams, OfAnswer)
)]
pub(super) async fn updates(
    State(app): State<AppState>,
    Params(params): Params<UpdateParams>,
) -> Result<Json<UpdatePage>, Problem> {
    let limit = limit(params.limit)?;
    let filter = UpdateFilter {
        product: params.product.map(|product| product.name().to_owned()),
        ticket_id: params.ticket_id,
        before: params.before,
        limit,
    };
    let updates = app.store.updates(&filter).await?;
    let next = updates.last().map(|update| update.id).filter(|_| updates.len() == limit as usize);
    Ok(Json(UpdatePage { updates: updates.into_iter().map(UpdateShown::from).collect(), next }))
}

fn limit(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Problem::field("limit", format!("must be 1 to {MOST}"))),
    }
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| Problem::field("id", "must be the number of a job"))
}
