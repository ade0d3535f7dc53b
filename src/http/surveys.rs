//! `POST /v1/surveys`, `GET /v1/surveys`, `GET` and `DELETE /v1/surveys/{id}`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::aside;
use super::docs::{OfAnswer, OfBody, OfKeeping, OfParams, OfSurvey};
use super::error::{Code, FieldError, Problem};
use super::id::Id;
use super::json::Valid;
use super::query::{Moment, Params, Words};
use super::state::AppState;
use crate::model::Lane;
use crate::store::{FollowUpState, SurveyFilter};
use crate::survey::{Fault, Keeping, NewSurvey, Survey, SurveyPage, SurveyQuery};

/// Surveys of a page where the request does not say.
pub(super) const PAGE: u32 = 50;

/// A survey that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SurveyKept {
    /// As `GET /v1/surveys/{id}` shows it.
    survey: Survey,
    /// What was cut or not understood.
    warnings: Vec<String>,
}

/// Faults of the body.
fn refused(faults: Vec<Fault>) -> Problem {
    let pointer = |field: &str| if field.is_empty() { String::new() } else { format!("/{field}") };
    let errors =
        faults.into_iter().map(|Fault { field, message }| FieldError { field: pointer(field), message });
    Problem::fields(errors.collect())
}

/// A fault of a parameter.
pub(super) fn parameter(Fault { field, message }: Fault) -> Problem {
    Problem::field(field, message)
}

/// Keep an answered survey
///
/// The model reads the comment. Told again with the same id, it replaces what was told before. A low score
/// (`[surveys.low]` in the settings: up to 2 of 5, 4 of 10, 6 of NPS, a thumb down; without a rating a
/// clearly negative comment) opens a follow-up, due 48 hours after the answer (`surveys.follow_up_hours`), of
/// the owner whom the settings name; it stays whatever the survey says later.
#[utoipa::path(
    post,
    path = "/v1/surveys",
    operation_id = "keepSurvey",
    tag = "surveys",
    request_body(content = NewSurvey, examples(
        ("csat" = (summary = "Two stars and why", value = json!({
            "id": "s-1", "ticket_id": "81", "answered_at": "2026-11-21T09:40:00Z", "question": "why_score",
            "comment": "Nobody called me back for three days.", "rating": 2
        }))),
        ("nps" = (summary = "A recommendation, without a ticket", value = json!({
            "id": "s-2", "rating": 9, "rating_scale": "nps", "organization_id": "3", "channel": "email"
        }))),
        ("thumb" = (summary = "A thumb", value = json!({"id": "s-3", "ticket_id": "81", "rating": true})))
    )),
    responses((status = 200, description = "It is kept.", body = SurveyKept), OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn keep(
    State(app): State<AppState>,
    request: Valid<NewSurvey>,
) -> Result<Json<SurveyKept>, Problem> {
    let Valid { value, bytes, place: _place } = request;
    let (desk, now, id) = (app.now().desk.clone(), Timestamp::now(), value.id.clone());
    let keeping = Keeping { lane: Lane::Interactive, follow_ups: true };
    let taking = desk.clone();
    let kept = aside::run(bytes, move || async move { taking.keep(&[value], keeping, now).await }).await??;
    let mut warnings = Vec::new();
    for result in kept {
        warnings.extend(result.map_err(refused)?);
    }
    let survey = desk.get(&id, now).await?.ok_or_else(|| Problem::new(Code::SurveyNotFound))?;
    Ok(Json(SurveyKept { survey, warnings }))
}

/// Which surveys to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Answered at this time or later (RFC 3339, or a date).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Answered before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Moment>,
    /// Whether the score was low.
    low: Option<bool>,
    /// `negative`, `neutral`, `positive` or `mixed`.
    sentiment: Option<String>,
    /// What the comment speaks of, such as `speed`.
    aspect: Option<String>,
    /// A category, or the beginning of its path.
    category: Option<String>,
    /// The group that served them.
    agent_group: Option<String>,
    /// The customer's organization.
    organization: Option<String>,
    /// How the ticket came in.
    channel: Option<String>,
    /// Only those with a follow-up in one of these states, with commas between them: `open`, `due_soon`,
    /// `overdue`, `contacted`, `closed`.
    #[param(value_type = Option<String>, example = "overdue,due_soon")]
    follow_up: Option<Words<FollowUpState>>,
    /// `next` of the page before.
    after: Option<String>,
    /// Surveys of a page, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Refuses a window that holds no time.
pub(super) fn window(from: Option<Moment>, to: Option<Moment>) -> Result<(), Problem> {
    match (from, to) {
        (Some(Moment(from)), Some(Moment(to))) if from >= to => {
            Err(Problem::field("to", "must be later than from; the window holds no time"))
        }
        _ => Ok(()),
    }
}

/// A page size within its bounds.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(PAGE),
        Some(limit @ 1..=200) => Ok(limit),
        Some(_) => Err(Problem::field("limit", "must be 1 to 200")),
    }
}

/// List surveys
///
/// The latest answer first, page by page. All filters that are given have to fit.
#[utoipa::path(
    get,
    path = "/v1/surveys",
    operation_id = "listSurveys",
    tag = "surveys",
    params(ListParams),
    responses((status = 200, description = "A page of them.", body = SurveyPage), OfParams, OfAnswer)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<SurveyPage>, Problem> {
    window(params.from, params.to)?;
    let query = SurveyQuery {
        filter: SurveyFilter {
            from: params.from.map(|Moment(at)| at),
            to: params.to.map(|Moment(at)| at),
            low: params.low,
            sentiment: params.sentiment,
            aspect: params.aspect,
            category: params.category,
            agent_group: params.agent_group,
            organization: params.organization,
            channel: params.channel,
        },
        follow_up: params.follow_up.map(|Words(states)| states),
        after: params.after,
        limit: limit(params.limit)?,
    };
    app.now().desk.list(&query, Timestamp::now()).await?.map(Json).map_err(parameter)
}

/// Read a survey
#[utoipa::path(
    get,
    path = "/v1/surveys/{id}",
    operation_id = "getSurvey",
    tag = "surveys",
    params(("id" = String, Path, description = "The survey's own id; a / in it is written as %2F.", example = "s-1")),
    responses((status = 200, description = "The survey.", body = Survey), OfSurvey, OfAnswer)
)]
pub(super) async fn get(State(app): State<AppState>, Id(id): Id) -> Result<Json<Survey>, Problem> {
    let found = app.now().desk.get(&id, Timestamp::now()).await?;
    found.map(Json).ok_or_else(|| Problem::new(Code::SurveyNotFound))
}

/// Forget a survey
///
/// With its comment and its follow-up.
#[utoipa::path(
    delete,
    path = "/v1/surveys/{id}",
    operation_id = "deleteSurvey",
    tag = "surveys",
    params(("id" = String, Path, description = "The survey's own id; a / in it is written as %2F.", example = "s-1")),
    responses((status = 204, description = "It is gone."), OfSurvey, OfAnswer, OfKeeping)
)]
pub(super) async fn delete(State(app): State<AppState>, Id(id): Id) -> Result<StatusCode, Problem> {
    if app.now().desk.delete(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(Code::SurveyNotFound))
    }
}
