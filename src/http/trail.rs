//! `GET /v1/trail`: who changed what.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfParams};
use super::error::Problem;
use super::query::Params;
use super::state::AppState;
use crate::store::TrailEntry;

/// Entries of an answer where nothing else is asked for.
const LIMIT: u32 = 100;
/// Most entries of an answer.
const MOST: u32 = 1_000;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrailParams {
    /// Those after this number; 0 begins with the first.
    #[serde(default)]
    #[param(default = 0, minimum = 0)]
    after: u64,
    /// How many at most, 1 to 1,000.
    #[param(default = 100, minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
}

/// A part of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrailPage {
    /// Oldest first.
    entries: Vec<TrailEntry>,
    /// The `after` of the next part; absent at the end.
    next: Option<u64>,
}

/// Read who changed what
///
/// Articles, decisions about gaps, follow-ups, deleted surveys, dismissed signals, trainings, what was forgotten, keys,
/// users, sign-ins and the bundle that answers.
/// The hash of each entry is over the former one's and its own content; `deskhand trail verify` follows the chain.
/// No words of customers are in it.
#[utoipa::path(
    get,
    path = "/v1/trail",
    operation_id = "readTrail",
    tag = "access",
    params(TrailParams),
    responses((status = 200, description = "The entries.", body = TrailPage), OfParams, OfAnswer)
)]
pub(super) async fn read(
    State(app): State<AppState>,
    Params(asked): Params<TrailParams>,
) -> Result<Json<TrailPage>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::field("limit", format!("must be 1 to {MOST}")));
    }
    let entries = app.access.trail(asked.after, limit).await?;
    let full = entries.len() >= limit as usize;
    let next = entries.last().filter(|_| full).map(|entry| entry.seq);
    Ok(Json(TrailPage { entries, next }))
}
