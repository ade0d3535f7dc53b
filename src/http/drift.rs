//! `GET /v1/audit/drift`.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;

use super::docs::OfAnswer;
use super::error::Problem;
use super::state::AppState;
use crate::audit::drift::{DriftReport, drift};
use crate::learn::site::CATEGORY;

/// What drifts
///
/// The last days (`[drift]` says how many) against as many before: predictions that agents agree with, labels for
/// the rest, abstentions, tickets out of scope, confidence, what tickets are about, and labels that are new,
/// vanished or renamed. Each alarm has its numbers and how likely they are by chance; small numbers raise none.
#[utoipa::path(
    get,
    path = "/v1/audit/drift",
    operation_id = "auditDrift",
    tag = "audit",
    responses((status = 200, description = "Alarms, and everything that is watched.", body = DriftReport), OfAnswer)
)]
pub(super) async fn report(State(app): State<AppState>) -> Result<Json<DriftReport>, Problem> {
    let now = app.now();
    let known = now.model.head(CATEGORY).map(|head| head.spec().labels.clone()).unwrap_or_default();
    let encoder = now.model.bundle().encoder_id().to_owned();
    Ok(Json(drift(&app.store, &app.settings.drift, &known, &encoder, Timestamp::now()).await?))
}
