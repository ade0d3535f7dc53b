//! `POST` and `GET /v1/tickets/{id}/events`: what happened to a ticket.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfBody, OfKeeping, OfTicket};
use super::error::{Code, FieldError, Problem};
use super::id::Id;
use super::json::Valid;
use super::state::AppState;
use super::tickets::KeptOutcome;
use crate::store::{EventKind, TicketEvent};
use crate::triage::Sla;

/// How far another computer's clock may run ahead of this one's.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// What happened to a ticket.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct EventsBody {
    /// In any order, 1 to 100.
    #[garde(length(min = 1, max = 100))]
    events: Vec<EventBody>,
}

/// One thing that happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTicketEvent)]
pub(super) struct EventBody {
    /// What.
    kind: EventKind,
    /// When; at most five minutes from now.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// All that happened to a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timeline {
    /// The ticket's id.
    #[schema(example = "81")]
    ticket_id: String,
    /// When it came in.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
    /// The agreed times.
    sla: Sla,
    /// What happened, by time.
    events: Vec<TicketEvent>,
    /// What is known of its outcome, with these events.
    outcome: KeptOutcome,
}

impl Timeline {
    async fn of(app: &AppState, id: String) -> Result<Json<Self>, Problem> {
        let ticket = app.store.ticket(&id).await?.ok_or_else(|| Problem::new(Code::TicketNotFound))?;
        let events = app.store.events_of(&id).await?;
        let sla = Sla { due_at: ticket.due_at, first_response_due_at: ticket.first_response_due_at };
        let outcome = KeptOutcome::of(&ticket);
        Ok(Json(Self { ticket_id: id, created_at: ticket.created_at, sla, events, outcome }))
    }
}

/// Tell what happened to a ticket
///
/// First signs, public replies, solved, opened again: as it happens, or later in any order. The same event told
/// twice counts once. Status, `solved_at` and `reopened` of the outcome follow: what an event says of the status
/// holds as of when it happened, what `POST /v1/tickets/{id}/outcome` says as of when it was told, and the later
/// one decides. The outcome may know of more reopenings than were told here, never of fewer.
#[utoipa::path(
    post,
    path = "/v1/tickets/{id}/events",
    operation_id = "tellEvents",
    tag = "triage",
    params(("id" = String, Path, description = "The helpdesk's own id; a / in it is written as %2F.", example = "81")),
    request_body(content = EventsBody, example = json!({"events": [
        {"kind": "acknowledged", "at": "2026-11-21T09:40:05Z"},
        {"kind": "agent_reply", "at": "2026-11-21T10:12:00Z"},
        {"kind": "solved", "at": "2026-11-21T11:05:00Z"}
    ]})),
    responses((status = 200, description = "They are kept.", body = Timeline), OfTicket, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn tell(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<EventsBody>,
) -> Result<Json<Timeline>, Problem> {
    let Valid { value: EventsBody { events }, place: _place, .. } = request;
    let now = Timestamp::now();
    let late = events.iter().enumerate().filter(|(_, event)| event.at.duration_since(now) > CLOCKS_DIFFER);
    let errors: Vec<FieldError> = late
        .map(|(place, _)| FieldError {
            field: format!("/events/{place}/at"),
            message: "lies in the future; tell an event when it has happened".to_owned(),
        })
        .collect();
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let events = events.into_iter().map(|event| TicketEvent { at: event.at, kind: event.kind }).collect();
    if app.now().knowledge.happened(&id, events, now).await?.is_none() {
        return Err(Problem::new(Code::TicketNotFound));
    }
    Timeline::of(&app, id).await
}

/// Read what happened to a ticket
///
/// By time, with the agreed times and what is known of its outcome.
#[utoipa::path(
    get,
    path = "/v1/tickets/{id}/events",
    operation_id = "getEvents",
    tag = "triage",
    params(("id" = String, Path, description = "The helpdesk's own id; a / in it is written as %2F.", example = "81")),
    responses((status = 200, description = "All that was told.", body = Timeline), OfTicket, OfAnswer)
)]
pub(super) async fn get(State(app): State<AppState>, Id(id): Id) -> Result<Json<Timeline>, Problem> {
    Timeline::of(&app, id).await
}
