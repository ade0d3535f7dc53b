//! `/health/live`, `/health/ready`, `/info` and `/metrics`: for those who run the service.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::docs::OfService;
use super::error::{Code, Problem};
use super::state::AppState;
use crate::model::{HeadSpec, Input, Lane, ModelName};

/// Read where nothing else is: any text will do.
const PROBE: &str = "Is the model well?";

/// All is well.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `live`.
    #[schema(example = "live")]
    status: &'static str,
}

/// Requests can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// The bundle that answers now.
    model: ModelName,
}

/// Is the process alive?
///
/// Answers as long as the process answers at all; whether it can do its work, `/health/ready` says.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "service",
    responses((status = 200, description = "The process is alive.", body = Health))
)]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Can requests be answered?
///
/// Not while Deskhand is being stopped, while the data folder cannot be read or PostgreSQL does not answer (the
/// detail says for how long), or while the model fails: after a forward pass that failed, one is tried here until
/// it works again.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "service",
    responses((status = 200, description = "Requests can be answered.", body = Readiness), OfService)
)]
pub(super) async fn ready(State(app): State<AppState>) -> Result<Json<Readiness>, Problem> {
    if app.is_stopping() {
        return Err(Problem::new(Code::Stopping));
    }
    if let Some(away) = app.store.unanswered_for() {
        let detail = format!("PostgreSQL has not answered for {} s.", away.as_secs());
        return Err(Problem::because(Code::StoreUnavailable, detail));
    }
    app.store.change_seq().await?;
    if app.has_model_failed() {
        app.now().model.read(&[Input::text(PROBE)], Lane::Interactive).await?;
        app.model_works();
    }
    Ok(Json(Readiness { status: "ready", model: app.now().model.manifest().model_name() }))
}

/// What runs here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Info {
    /// Version of Deskhand.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Seconds since the start.
    uptime_s: u64,
    /// The bundle that answers now.
    model: BundleInfo,
    /// What is kept.
    counts: Counts,
}

/// The loaded bundle.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BundleInfo {
    /// Its name.
    #[schema(example = "default")]
    name: String,
    /// Its version.
    version: String,
    /// Version of its label sets.
    taxonomy: String,
    /// Names the encoder and its weights: embeddings may be compared only where it is equal.
    encoder: String,
    /// Most tokens of a text that are read.
    #[schema(example = 256)]
    max_tokens: usize,
    /// The pretrained model under it.
    base: String,
    /// Licence of that, as an SPDX expression.
    #[schema(example = "Apache-2.0")]
    licence: String,
    /// Languages (ISO 639-1) that it was trained in; in others it abstains.
    languages: Vec<String>,
    /// What it can tell, by task.
    tasks: BTreeMap<String, TaskInfo>,
}

/// One task of a bundle.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskInfo {
    /// The closed set of labels.
    labels: Vec<String>,
    /// Confidence from which the decision is `auto`, as the bundle has it. Above 1: never.
    auto_threshold: f32,
    /// The same for labels that have a threshold of their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    auto_threshold_of: BTreeMap<String, f32>,
    /// Confidence from which the decision is `suggest`.
    suggest_threshold: f32,
    /// What the confidence was calibrated on; absent where it was not.
    calibrated_on: Option<String>,
}

impl TaskInfo {
    fn of(head: &HeadSpec) -> Self {
        Self {
            labels: head.labels.clone(),
            auto_threshold: head.thresholds.auto,
            auto_threshold_of: head.thresholds.auto_of.clone(),
            suggest_threshold: head.thresholds.suggest,
            calibrated_on: head.calibrated_on.clone(),
        }
    }
}

/// How much is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counts {
    /// Articles.
    articles: u64,
    /// Tickets.
    tickets: u64,
}

/// What runs here?
#[utoipa::path(
    get,
    path = "/info",
    tag = "service",
    responses((status = 200, description = "Versions, the loaded bundle, and how much is kept.", body = Info), OfService)
)]
pub(super) async fn info(State(app): State<AppState>) -> Result<Json<Info>, Problem> {
    let counts =
        Counts { articles: app.store.article_count().await?, tickets: app.store.ticket_count().await? };
    let now = app.now();
    let manifest = now.model.manifest();
    let model = BundleInfo {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        taxonomy: manifest.taxonomy.clone(),
        encoder: now.model.encoder_id().to_string(),
        max_tokens: manifest.encoder.max_tokens,
        base: manifest.base.name.clone(),
        licence: manifest.base.licence.clone(),
        languages: manifest.languages.clone(),
        tasks: manifest.heads.iter().map(|head| (head.task.clone(), TaskInfo::of(head))).collect(),
    };
    let uptime_s = app.started.elapsed().as_secs();
    Ok(Json(Info { version: env!("CARGO_PKG_VERSION"), uptime_s, model, counts }))
}

/// Metrics for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    responses((status = 200, description = "The Prometheus text format.", body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    // Where the store cannot be asked, the last number stands; its errors have a counter of their own.
    let articles = app.store.article_count().await.ok();
    if let Ok(counts) = app.store.job_counts().await {
        app.metrics.jobs(&counts);
    }
    let trainings = app.store.trainings(u32::MAX).await.unwrap_or_default();
    let text = app.metrics.render(articles, &trainings, &app.now().model);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Settings;
    use crate::http::App;
    use crate::model::testing;

    #[tokio::test]
    async fn after_a_forward_pass_that_failed_readiness_tries_one_until_it_works() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundle");
        testing::bundle(&bundle, 1, &[]);
        let data = dir.path().join("data");
        let app = AppState::new(App::open(Settings::default(), &data, &bundle).await.unwrap());
        let is_ready = async || ready(State(app.clone())).await.is_ok();
        let tokens = app.now().model.tokens_read();
        assert!(is_ready().await);
        assert_eq!(app.now().model.tokens_read(), tokens, "nothing is tried while all is well");

        app.model_has_failed();
        assert!(is_ready().await);
        let tried = app.now().model.tokens_read();
        assert!(tried > tokens);
        assert!(is_ready().await);
        assert_eq!(app.now().model.tokens_read(), tried, "it worked, so it is not tried again");

        app.stop();
        assert!(!is_ready().await);
    }
}
