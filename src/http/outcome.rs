//! `POST /v1/tickets/{id}/outcome` and `GET /v1/tickets/{id}/close-check`: the end of a ticket.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfBody, OfKeeping, OfTicket};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::state::AppState;
use super::tickets::KeptOutcome;
use crate::config::{Level, Priority};
use crate::knowledge::SimilarTicket;
use crate::store::{FinalLabels, OutcomeRecord, TicketStatus};

/// Most reopened tickets that a check shows.
const MAX_SHOWN: usize = 5;

/// What became of a ticket. Only what is given changes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct OutcomeBody {
    /// Where it stands.
    status: Option<TicketStatus>,
    /// The category that agents settled on.
    #[garde(inner(length(min = 1, max = 300)))]
    category: Option<String>,
    /// The impact that agents settled on.
    impact: Option<Level>,
    /// The urgency that agents settled on.
    urgency: Option<Level>,
    /// The priority that agents settled on.
    priority: Option<Priority>,
    /// When it was solved.
    #[schema(value_type = Option<String>, format = DateTime)]
    solved_at: Option<Timestamp>,
    /// What solved it, plain text. Agents see it beside similar tickets.
    #[garde(inner(length(chars, max = 20_000)))]
    resolution: Option<String>,
    /// Articles that were used to solve it, in place of those named before; `[]` for none.
    #[garde(inner(length(max = 100), inner(length(min = 1, max = 512))))]
    article_ids: Option<Vec<String>>,
    /// How often it was opened again after it had been solved, all in all.
    reopened: Option<u32>,
    /// Whether it was handed up.
    escalated: Option<bool>,
    /// Whole minutes that people worked on it, all in all.
    handling_minutes: Option<u32>,
    /// Who worked on it last: a team or queue of the helpdesk.
    #[garde(inner(length(min = 1, max = 200)))]
    agent_group: Option<String>,
}

impl From<OutcomeBody> for OutcomeRecord {
    fn from(body: OutcomeBody) -> Self {
        let level = |level: Level| level.label().to_owned();
        Self {
            status: body.status,
            labels: FinalLabels {
                category: body.category,
                impact: body.impact.map(level),
                urgency: body.urgency.map(level),
                priority: body.priority.map(|priority| priority.label().to_owned()),
            },
            solved_at: body.solved_at,
            resolution: body.resolution,
            article_ids: body.article_ids,
            reopened: body.reopened,
            escalated: body.escalated,
            handling_minutes: body.handling_minutes,
            agent_group: body.agent_group,
        }
    }
}

/// What is known of a ticket's outcome now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutcomeKept {
    /// The ticket's id.
    #[schema(example = "81")]
    ticket_id: String,
    /// Everything that is known of its outcome.
    outcome: KeptOutcome,
    /// What was not understood.
    warnings: Vec<String>,
}

/// Tell what became of a ticket
///
/// As soon as something is known, and again whenever more is: what is not given stays. The next answers show
/// it beside similar tickets. While the ticket is solved, the articles that were used count as `solved`
/// feedback (see `POST /v1/feedback`); opened again, or with others named, they no longer do.
#[utoipa::path(
    post,
    path = "/v1/tickets/{id}/outcome",
    operation_id = "tellOutcome",
    tag = "triage",
    params(("id" = String, Path, description = "The helpdesk's own id; a / in it is written as %2F.", example = "81")),
    request_body(content = OutcomeBody, examples(
        ("solved" = (summary = "Solved, with an article", value = json!({
            "status": "solved",
            "category": "Network::VPN and remote access", "impact": "medium", "urgency": "high", "priority": "P2",
            "solved_at": "2026-11-21T11:05:00Z",
            "resolution": "The client of 5.2 holds the lease.",
            "article_ids": ["vpn-drops"],
            "handling_minutes": 25
        }))),
        ("reopened" = (summary = "Opened again", value = json!({"status": "open", "reopened": 1})))
    )),
    responses((status = 200, description = "It is kept.", body = OutcomeKept), OfTicket, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn tell(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<OutcomeBody>,
) -> Result<Json<OutcomeKept>, Problem> {
    let Valid { value, place: _place, .. } = request;
    let now = app.now();
    let mut warnings = Vec::new();
    if let (Some(category), Some(head)) = (&value.category, now.model.head("category"))
        && !head.spec().labels.contains(category)
    {
        warnings.push("category is not a label of this bundle's taxonomy; it is kept as it is".to_owned());
    }
    let named = value.article_ids.clone().unwrap_or_default();
    if !now.knowledge.outcome(&id, value.into(), Timestamp::now()).await? {
        return Err(Problem::new(Code::TicketNotFound));
    }
    let known = app.store.articles(&named).await?;
    let unknown = named.iter().filter(|id| known.iter().all(|article| article.id != **id)).count();
    if unknown > 0 {
        warnings.push(format!(
            "article_ids: there is no article with {unknown} of these ids; they are kept as they are"
        ));
    }
    let ticket = app.store.ticket(&id).await?.ok_or_else(|| Problem::new(Code::TicketNotFound))?;
    Ok(Json(OutcomeKept { ticket_id: id, outcome: KeptOutcome::of(&ticket), warnings }))
}

/// What to look at before a ticket is closed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CloseCheck {
    /// The ticket's id.
    #[schema(example = "81")]
    ticket_id: String,
    /// Similar tickets that were opened again after they had been solved, the most similar first, at most
    /// five, each with what had been thought to solve it.
    reopened_tickets: Vec<SimilarTicket>,
}

/// Check before closing a ticket
///
/// Similar tickets that came back after they had been solved, with what had been thought to solve them: worth
/// a look before this one is closed the same way. For agents only.
#[utoipa::path(
    get,
    path = "/v1/tickets/{id}/close-check",
    operation_id = "checkBeforeClosing",
    tag = "triage",
    params(("id" = String, Path, description = "The helpdesk's own id; a / in it is written as %2F.", example = "81")),
    responses((status = 200, description = "What to look at; often nothing.", body = CloseCheck), OfTicket, OfAnswer)
)]
pub(super) async fn close_check(
    State(app): State<AppState>,
    Id(id): Id,
) -> Result<Json<CloseCheck>, Problem> {
    let ticket = app.store.ticket(&id).await?.ok_or_else(|| Problem::new(Code::TicketNotFound))?;
    let reopened_tickets = app.now().knowledge.reopened_like(&ticket, MAX_SHOWN).await?;
    Ok(Json(CloseCheck { ticket_id: id, reopened_tickets }))
}
