//! `POST /v1/triage`.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::aside;
use super::docs::{OfAnswer, OfBody, OfKeeping};
use super::error::Problem;
use super::json::Valid;
use super::state::AppState;
use crate::triage::{Options, Ticket, TriageAnswer};

/// A ticket to be answered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriageRequest {
    /// The ticket.
    #[garde(dive)]
    ticket: Ticket,
    /// What the answer should hold.
    #[serde(default)]
    #[garde(dive)]
    options: Options,
}

/// Answer a ticket
///
/// Category, impact, urgency and the priority that follows, each with a calibrated confidence and a
/// decision; articles that may answer the ticket and past tickets like it. A ticket with an `id` is
/// kept with this answer; when the answer arrives, both survive a crash. A ticket sent again with the
/// same `id` replaces what was kept of it.
#[utoipa::path(
    post,
    path = "/v1/triage",
    operation_id = "triage",
    tag = "triage",
    request_body(content = TriageRequest, examples(
        ("smallest" = (summary = "Only a subject", value = json!({"ticket": {"subject": "VPN drops every hour"}}))),
        ("usual" = (summary = "A ticket as a helpdesk has it", value = json!({
            "ticket": {
                "id": "81",
                "subject": "VPN drops every hour",
                "body": "<p>Since this morning the VPN disconnects, our whole team is affected.</p>",
                "body_format": "html",
                "channel": "email",
                "created_at": "2026-11-21T09:40:00Z",
                "requester_id": "8",
                "organization_id": "3",
                "submitted": {"priority": "P4", "category": "Hardware::Printer and peripherals"},
                "sla": {"due_at": "2026-11-21T17:40:00Z"}
            },
            "options": {"top_n": 3, "explain": true, "articles": 5, "similar": 5, "audience": "agent"}
        })))
    )),
    responses((status = 200, description = "The answer.", body = TriageAnswer), OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn triage(
    State(app): State<AppState>,
    request: Valid<TriageRequest>,
) -> Result<Json<TriageAnswer>, Problem> {
    let Valid { value: TriageRequest { ticket, options }, bytes, place: _place } = request;
    let triage = app.now().triage.clone();
    // Splitting a ticket into tokens for each of its reasons takes as long as cleaning a large one.
    let size = if options.explain { usize::MAX } else { bytes };
    let answer = aside::run(size, move || async move {
        triage.answer_and_record(&ticket, &options, Timestamp::now()).await
    })
    .await??;
    app.metrics.predictions(&answer);
    Ok(Json(answer))
}
