//! Everything that is kept of one requester, to be read by people and programs.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Forgetter;
use super::requester::Found;
use crate::store::{
    FollowUpRecord, Occasion, SignalRecord, StoreError, SurveyRecord, TicketRecord, UpdateFilter,
};

/// Most updates of one ticket that are shown, the newest.
const UPDATES: u32 = 1_000;

/// Everything that is kept of a requester.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RequesterExport {
    /// The ticket system's id.
    #[schema(example = "8")]
    pub requester_id: String,
    /// As of when.
    #[schema(value_type = String, format = DateTime)]
    pub exported_at: Timestamp,
    /// Their tickets with answers, outcome, events, feedback, and what was exchanged with the helpdesk.
    #[schema(value_type = Vec<Object>)]
    pub tickets: Vec<Value>,
    /// Their surveys with what the model read in the comments, and follow-ups.
    #[schema(value_type = Vec<Object>)]
    pub surveys: Vec<Value>,
    /// Signals about them.
    #[schema(value_type = Vec<Object>)]
    pub signals: Vec<Value>,
    /// Deliveries, updates and events about them; of those that are done the content is gone already.
    #[schema(value_type = Vec<Object>)]
    pub jobs: Vec<Value>,
}

impl Forgetter {
    /// Everything that is kept of the requester with this id; `None` where nothing is. `now` is when it is asked.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn export(&self, id: &str, now: Timestamp) -> Result<Option<RequesterExport>, StoreError> {
        let found = self.found(id).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let Found { rows, jobs, signals, .. } = found;
        let mut tickets = Vec::with_capacity(rows.tickets.len());
        for id in &rows.tickets {
            if let Some(ticket) = self.store.ticket(id).await? {
                tickets.push(self.ticket(&ticket).await?);
            }
        }
        let mut surveys = Vec::with_capacity(rows.surveys.len());
        for id in &rows.surveys {
            let kept = self.store.survey(id).await?;
            surveys.extend(kept.map(|(kept, follow_up)| survey(&kept, follow_up.as_ref())));
        }
        let job = |job: &crate::store::Job| {
            json!({
                "id": job.id, "kind": job.kind, "key": job.key, "subject": job.subject, "state": job.state,
                "payload": job.payload, "created_at": job.created_at, "finished_at": job.finished_at,
            })
        };
        Ok(Some(RequesterExport {
            requester_id: id.to_owned(),
            exported_at: now,
            tickets,
            surveys,
            signals: signals.iter().map(signal).collect(),
            jobs: jobs.iter().map(job).collect(),
        }))
    }

    async fn ticket(&self, ticket: &TicketRecord) -> Result<Value, StoreError> {
        let predictions = self.store.predictions_of(&ticket.id).await?;
        let predictions: Vec<Value> = predictions
            .into_iter()
            .map(|it| json!({"id": it.id, "created_at": it.created_at, "answer": it.answer}))
            .collect();
        let events = self.store.events_of(&ticket.id).await?;
        let said = self.store.said_on(&Occasion::Ticket(ticket.id.clone())).await?;
        let feedback: Vec<Value> = said
            .into_iter()
            .map(|(article_id, kind)| json!({"article_id": article_id, "kind": kind}))
            .collect();
        let filter = crate::store::SignalFilter {
            kind: Some(crate::store::SubjectKind::Ticket),
            subject_id: Some(ticket.id.clone()),
            limit: UPDATES,
            ..Default::default()
        };
        let signals: Vec<Value> = self.store.signals(&filter).await?.iter().map(signal).collect();
        let mut told = words(ticket);
        if let Some(told) = told.as_object_mut() {
            let helpdesks = self.helpdesks(&ticket.id).await?;
            let further = json!({
                "predictions": predictions, "events": events, "feedback": feedback, "signals": signals,
                "helpdesks": helpdesks,
            });
            told.extend(further.as_object().cloned().unwrap_or_default());
        }
        Ok(told)
    }

    /// What was exchanged with helpdesks about a ticket.
    async fn helpdesks(&self, id: &str) -> Result<Vec<Value>, StoreError> {
        let mut all = Vec::new();
        for (product, prefix) in &self.prefixes {
            let Some(own) = id.strip_prefix(prefix.as_str()) else { continue };
            let filter = UpdateFilter {
                product: Some(product.clone()),
                ticket_id: Some(own.to_owned()),
                before: None,
                limit: UPDATES,
            };
            let updates = self.store.updates(&filter).await?;
            let said = self.store.helpdesk_ticket(product, own).await?;
            if updates.is_empty() && said.is_none() {
                continue;
            }
            let updates: Vec<Value> = updates
                .into_iter()
                .map(|kept| json!({"created_at": kept.update.created_at, "content": kept.update.content}))
                .collect();
            let said = said.map(|said| {
                json!({"changed_at": said.changed_at, "category": said.category, "priority": said.priority})
            });
            all.push(json!({"product": product, "ticket_id": own, "said": said, "updates": updates}));
        }
        Ok(all)
    }
}

fn words(ticket: &TicketRecord) -> Value {
    let labels = &ticket.labels;
    json!({
        "id": ticket.id, "subject": ticket.subject, "body": ticket.body, "body_format": ticket.body_format,
        "channel": ticket.channel, "created_at": ticket.created_at, "requester_id": ticket.requester_id,
        "organization_id": ticket.organization_id, "form": ticket.form, "agent_group": ticket.agent_group,
        "due_at": ticket.due_at, "first_response_due_at": ticket.first_response_due_at,
        "submitted_category": ticket.submitted_category, "submitted_priority": ticket.submitted_priority,
        "final_category": labels.category, "final_impact": labels.impact, "final_urgency": labels.urgency,
        "final_priority": labels.priority, "status": ticket.status, "solved_at": ticket.solved_at,
        "resolution": ticket.resolution, "article_ids": ticket.article_ids, "reopened": ticket.reopened,
        "escalated": ticket.escalated, "handling_minutes": ticket.handling_minutes,
        // Numbers made of the words, which say nothing to a person.
        "embedding": ticket.embedding.as_ref().map(|it| json!({"encoder": it.encoder, "numbers": it.vector.len()})),
    })
}

fn survey(survey: &SurveyRecord, follow_up: Option<&FollowUpRecord>) -> Value {
    let reading = survey.reading.as_ref().map(|it| {
        json!({
            "sentiment": it.sentiment, "score": it.score, "confidence": it.confidence,
            "intensity": it.intensity, "aspects": it.aspects, "rating_conflict": it.rating_conflict,
            "model_name": it.model_name, "model_version": it.model_version,
        })
    });
    let follow_up = follow_up.map(|it| {
        json!({
            "owner": it.owner, "opened_at": it.opened_at, "due_at": it.due_at,
            "contacted_at": it.contacted_at, "outcome": it.outcome, "root_cause": it.root_cause,
            "note": it.note, "closed_at": it.closed_at,
        })
    });
    json!({
        "id": survey.id, "ticket_id": survey.ticket_id, "requester_id": survey.requester_id,
        "organization_id": survey.organization_id, "category": survey.category,
        "agent_group": survey.agent_group, "channel": survey.channel, "answered_at": survey.answered_at,
        "question": survey.question, "comment": survey.comment,
        "rating": survey.rating.map(|(rating, _)| rating),
        "rating_scale": survey.rating.map(|(_, scale)| scale), "low": survey.low,
        "reading": reading, "follow_up": follow_up,
    })
}

fn signal(signal: &SignalRecord) -> Value {
    json!({
        "id": signal.id, "rule": signal.rule, "subject": signal.subject, "raised_at": signal.raised_at,
        "resolved_at": signal.resolved_at, "dismissed_at": signal.dismissed_at, "evidence": signal.evidence,
    })
}
