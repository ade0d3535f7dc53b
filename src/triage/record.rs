//! What is kept of a triaged ticket.

use jiff::Timestamp;

use super::answer::TriageAnswer;
use super::decision::Decision;
use super::ticket::Ticket;
use crate::store::{Embedding, FinalLabels, Finding, PredictionRecord, TicketRecord};

/// The ticket as the store keeps it. Outcomes already known are not touched by a second triage.
pub(super) fn ticket(ticket: &Ticket, embedding: Vec<f32>, encoder: &str, now: Timestamp) -> TicketRecord {
    let submitted = ticket.submitted.clone().unwrap_or_default();
    let sla = ticket.sla.clone().unwrap_or_default();
    TicketRecord {
        id: ticket.id.clone().unwrap_or_default(),
        subject: ticket.subject.clone(),
        body: ticket.body.clone(),
        body_format: ticket.body_format,
        channel: ticket.channel.clone(),
        created_at: Some(ticket.created_at.unwrap_or(now)),
        requester_id: ticket.requester_id.clone(),
        organization_id: ticket.organization_id.clone(),
        form: ticket.form.clone(),
        agent_group: ticket.agent_group.clone(),
        due_at: sla.due_at,
        first_response_due_at: sla.first_response_due_at,
        submitted_category: submitted.category,
        submitted_priority: submitted.priority.map(|p| p.label().to_string()),
        labels: FinalLabels::default(),
        status: None,
        solved_at: None,
        resolution: None,
        article_ids: Vec::new(),
        reopened: None,
        escalated: None,
        handling_minutes: None,
        embedding: Some(Embedding { encoder: encoder.to_string(), vector: embedding }),
    }
}

pub(super) fn prediction(answer: &TriageAnswer, ticket_id: &str, now: Timestamp) -> PredictionRecord {
    PredictionRecord {
        id: answer.prediction_id,
        ticket_id: ticket_id.to_string(),
        created_at: now,
        model_name: answer.model.name.clone(),
        model_version: answer.model.version.clone(),
        taxonomy: answer.model.taxonomy.clone(),
        answer: as_sent(answer),
    }
}

/// The answer in short, for whoever looks at many tickets.
pub(super) fn finding(answer: &TriageAnswer) -> Finding {
    let label = |task: &str| answer.predictions.get(task).map(|prediction| prediction.label.clone());
    let category = answer.predictions.get("category");
    Finding {
        category: label("category"),
        priority: label("priority"),
        answer_confidence: answer.answer_confidence,
        best_article: answer.articles.first().map(|article| article.id.clone()),
        impact: label("impact"),
        urgency: label("urgency"),
        confidence: category.map(|prediction| prediction.confidence),
        abstained: category.map(|prediction| prediction.decision == Decision::Abstain),
        in_scope: category.and_then(|prediction| prediction.in_scope),
    }
}

/// The answer with the numbers that are sent: by way of text, since a direct conversion widens 0.9 to
/// 0.8999999761581421.
fn as_sent(answer: &TriageAnswer) -> serde_json::Value {
    // Plain maps and strings: neither direction can fail.
    let text = serde_json::to_string(answer).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
