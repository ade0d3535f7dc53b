//! `GET /v1/learning` and `POST /v1/learning`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfKeeping, OfLearning};
use super::error::{Code, Problem};
use super::state::AppState;
use crate::retrain::{Learner, TrainingResult};
use crate::store::{Training, TrainingState};

/// Trainings that are shown.
const SHOWN: u32 = 10;

/// How the bundle learns from the site's own tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Learning {
    /// Whether this service trains: one that was started with `--model` does not.
    trains: bool,
    /// Whether it does so by itself, as `[learning]` says.
    scheduled: bool,
    /// Tickets whose category agents corrected since the last training began, or ever.
    corrections_since: u64,
    /// The last ten trainings, the newest first.
    trainings: Vec<KeptTraining>,
}

/// A training on the site's own tickets.
#[derive(Debug, Serialize, ToSchema)]
struct KeptTraining {
    /// Its number, rising.
    id: i64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// How it ended.
    state: TrainingState,
    /// What was trained on, and what came of it; `null` while it is at work.
    result: Option<TrainingResult>,
}

impl From<Training> for KeptTraining {
    fn from(training: Training) -> Self {
        let Training { id, began_at, finished_at, state, result } = training;
        Self { id, began_at, finished_at, state, result: serde_json::from_value(result).ok() }
    }
}

/// A training was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Asked {
    /// Whether it was taken on; `false` where one waits or is at work already.
    accepted: bool,
}

/// How the bundle learns
///
/// From tickets with final labels, told by `POST /v1/tickets/{id}/outcome`: when it did last, on what, and whether
/// the result was better. What was trained answers only if it loses nothing that matters on tickets that are never
/// trained on, and gains something there.
#[utoipa::path(
    get,
    path = "/v1/learning",
    operation_id = "learning",
    tag = "service",
    responses((status = 200, description = "How it learns.", body = Learning), OfAnswer)
)]
pub(super) async fn show(State(app): State<AppState>) -> Result<Json<Learning>, Problem> {
    let trainings = app.store.trainings(SHOWN).await?;
    let last = trainings.first().map(|training| training.began_at);
    Ok(Json(Learning {
        trains: app.is_learning(),
        scheduled: app.settings.learning.scheduled,
        corrections_since: app.store.corrections_since(last).await?,
        trainings: trainings.into_iter().map(KeptTraining::from).collect(),
    }))
}

/// Train now
///
/// In a process of its own at the lowest priority, on the threads that `[learning]` allows; requests are answered
/// as before. `GET /v1/learning` tells how it went. `deskhand promote --back` goes back.
#[utoipa::path(
    post,
    path = "/v1/learning",
    operation_id = "train",
    tag = "service",
    responses(
        (status = 202, description = "It begins at once, or one waits already.", body = Asked),
        OfLearning,
        OfAnswer,
        OfKeeping
    )
)]
pub(super) async fn ask(State(app): State<AppState>) -> Result<(StatusCode, Json<Asked>), Problem> {
    if !app.is_learning() {
        return Err(Problem::new(Code::NotLearning));
    }
    let accepted = Learner::ask(&app.store, Timestamp::now()).await?;
    Ok((StatusCode::ACCEPTED, Json(Asked { accepted })))
}
