//! `GET /v1/tickets/{id}`.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::docs::{OfAnswer, OfTicket};
use super::error::{Code, Problem};
use super::id::Id;
use super::state::AppState;
use crate::store::{FinalLabels, PredictionRecord, TicketRecord, TicketStatus};
use crate::text::Format;
use crate::triage::Sla;

/// A ticket that is kept, with every answer that was given about it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptTicket {
    /// The helpdesk's own id.
    #[schema(example = "81")]
    id: String,
    /// Subject line.
    subject: String,
    /// Text as received.
    body: String,
    /// How `body` is written.
    body_format: Format,
    /// How it came in.
    channel: Option<String>,
    /// When it came in.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
    /// Who asked.
    requester_id: Option<String>,
    /// Whom they belong to.
    organization_id: Option<String>,
    /// By which form it was sent in.
    form: Option<String>,
    /// Who works on it.
    agent_group: Option<String>,
    /// The agreed times.
    sla: Sla,
    /// What the submitter chose.
    submitted: SubmittedLabels,
    /// What became of it, as far as that is known.
    outcome: KeptOutcome,
    /// Answers about it, the newest first.
    predictions: Vec<KeptPrediction>,
}

/// Labels that the submitter chose.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubmittedLabels {
    /// Priority.
    #[schema(example = "P3")]
    priority: Option<String>,
    /// Category.
    category: Option<String>,
}

/// What became of a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptOutcome {
    /// Where it stands.
    status: Option<TicketStatus>,
    /// The category that agents settled on.
    category: Option<String>,
    /// The impact that agents settled on.
    impact: Option<String>,
    /// The urgency that agents settled on.
    urgency: Option<String>,
    /// The priority that agents settled on.
    #[schema(example = "P2")]
    priority: Option<String>,
    /// When it was solved.
    #[schema(value_type = Option<String>, format = DateTime)]
    solved_at: Option<Timestamp>,
    /// What solved it.
    resolution: Option<String>,
    /// Articles that were used to solve it.
    article_ids: Vec<String>,
    /// How often it was opened again after it had been solved.
    reopened: Option<u32>,
    /// Whether it was handed up.
    escalated: Option<bool>,
    /// Minutes that people worked on it.
    handling_minutes: Option<u32>,
}

impl KeptOutcome {
    pub(super) fn of(ticket: &TicketRecord) -> Self {
        let FinalLabels { category, impact, urgency, priority } = ticket.labels.clone();
        Self {
            status: ticket.status,
            category,
            impact,
            urgency,
            priority,
            solved_at: ticket.solved_at,
            resolution: ticket.resolution.clone(),
            article_ids: ticket.article_ids.clone(),
            reopened: ticket.reopened,
            escalated: ticket.escalated,
            handling_minutes: ticket.handling_minutes,
        }
    }
}

/// An answer that was given.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptPrediction {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    prediction_id: Uuid,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The whole answer as `POST /v1/triage` gave it then.
    #[schema(value_type = crate::triage::TriageAnswer)]
    answer: serde_json::Value,
}

impl KeptTicket {
    fn new(ticket: TicketRecord, predictions: Vec<PredictionRecord>) -> Self {
        let answers = predictions.into_iter().map(|prediction| KeptPrediction {
            prediction_id: prediction.id,
            created_at: prediction.created_at,
            answer: prediction.answer,
        });
        let outcome = KeptOutcome::of(&ticket);
        Self {
            id: ticket.id,
            subject: ticket.subject,
            body: ticket.body,
            body_format: ticket.body_format,
            channel: ticket.channel,
            created_at: ticket.created_at,
            requester_id: ticket.requester_id,
            organization_id: ticket.organization_id,
            form: ticket.form,
            agent_group: ticket.agent_group,
            sla: Sla { due_at: ticket.due_at, first_response_due_at: ticket.first_response_due_at },
            submitted: SubmittedLabels {
                priority: ticket.submitted_priority,
                category: ticket.submitted_category,
            },
            outcome,
            predictions: answers.collect(),
        }
    }
}

/// Read a ticket
///
/// As `POST /v1/triage` got it, with every answer given about it.
#[utoipa::path(
    get,
    path = "/v1/tickets/{id}",
    operation_id = "getTicket",
    tag = "triage",
    params(("id" = String, Path, description = "The helpdesk's own id; a / in it is written as %2F.", example = "81")),
    responses(
        (status = 200, description = "The ticket.", body = KeptTicket),
        OfTicket,
        OfAnswer
    )
)]
pub(super) async fn get(State(app): State<AppState>, Id(id): Id) -> Result<Json<KeptTicket>, Problem> {
    let ticket = app.store.ticket(&id).await?.ok_or_else(|| Problem::new(Code::TicketNotFound))?;
    let predictions = app.store.predictions_of(&id).await?;
    Ok(Json(KeptTicket::new(ticket, predictions)))
}
