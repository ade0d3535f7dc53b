//! `GET|DELETE /v1/requesters/{id}`: everything that is kept of one requester.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;

use super::docs::{OfAnswer, OfKeeping, OfRequester};
use super::error::{Code, Problem};
use super::id::Id;
use super::state::AppState;
use crate::acting::Acting;
use crate::privacy::{Erased, RequesterExport};

/// Read everything that is kept of a requester
///
/// Tickets with answers, outcome, events, feedback and what was exchanged with the helpdesk; surveys with
/// follow-ups; signals, deliveries and events.
#[utoipa::path(
    get,
    path = "/v1/requesters/{id}",
    operation_id = "exportRequester",
    tag = "access",
    params(("id" = String, Path, description = "The ticket system's id; a / in it is written as %2F.", example = "8")),
    responses((status = 200, description = "Everything.", body = RequesterExport), OfRequester, OfAnswer)
)]
pub(super) async fn export(
    State(app): State<AppState>,
    Id(id): Id,
) -> Result<Json<RequesterExport>, Problem> {
    let found = app.forgetter().export(&id, Timestamp::now()).await?;
    found.map(Json).ok_or_else(|| Problem::new(Code::RequesterNotFound))
}

/// Forget everything of a requester
///
/// It cannot be had back. The trail tells how much went, and names the requester by a hash with a key that lies in
/// the data folder. Backups, trained bundles and the helpdesk itself keep what they have: docs/privacy.md.
#[utoipa::path(
    delete,
    path = "/v1/requesters/{id}",
    operation_id = "eraseRequester",
    tag = "access",
    params(("id" = String, Path, description = "The ticket system's id; a / in it is written as %2F.", example = "8")),
    responses((status = 200, description = "It is forgotten.", body = Erased), OfRequester, OfAnswer, OfKeeping)
)]
pub(super) async fn erase(State(app): State<AppState>, Id(id): Id) -> Result<Json<Erased>, Problem> {
    // To its end even if the caller goes away: what is gone from the store must not stay in memory.
    let work = async move {
        let erased = app.audits.forgetting(app.forgetter().erase(&id)).await;
        app.clear_held().await;
        if let Ok(Some(erased)) = &erased {
            for (kind, rows) in &erased.rows {
                app.metrics.forgotten(kind, "request", *rows);
            }
        }
        erased
    };
    let erased = tokio::spawn(Acting::carried(work)).await;
    let erased = erased.map_err(|_| Problem::new(Code::Internal).caused_by("the erasure broke off"))??;
    erased.map(Json).ok_or_else(|| Problem::new(Code::RequesterNotFound))
}
