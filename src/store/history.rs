//! Tickets of the past, kept as if their outcome had been told when it happened.

use jiff::Timestamp;

use super::feedback::FeedbackWritten;
use super::sql::Connection;
use super::writer::Write;
use super::{EventKind, TicketEvent, outcomes, tickets, timeline};
use super::{OutcomeRecord, Store, StoreError, TicketRecord};

/// A ticket of the past with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastTicket {
    /// The ticket; without a time where its source says none.
    pub record: TicketRecord,
    /// When an agent answered first.
    pub first_response_at: Option<Timestamp>,
}

impl Store {
    /// Keeps past tickets, all or none, like [`Store::save_tickets`], with the first answer as an event; of a
    /// solved one the articles that were used count as feedback (see [`Store::save_outcome`]), dated when it was
    /// solved, or else came in. Told again it says nothing again: what a person has taken back stays taken back.
    /// `now` is when.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of the batch is kept.
    pub async fn keep_history(
        &self,
        batch: &[PastTicket],
        now: Timestamp,
    ) -> Result<FeedbackWritten, StoreError> {
        let masked = |past: &PastTicket| PastTicket { record: self.masked(&past.record), ..past.clone() };
        let write = Write::KeepHistory { batch: batch.iter().map(masked).collect(), now };
        Ok(self.writer().write(write).await?.feedback)
    }
}

impl TicketRecord {
    /// Whether keeping this one would change nothing of the known one; its embedding aside.
    #[must_use]
    pub fn adds_nothing_to(&self, known: &Self) -> bool {
        fn same<T: PartialEq>(told: &Option<T>, known: &Option<T>) -> bool {
            told.is_none() || told == known
        }
        (&self.subject, &self.body, self.body_format) == (&known.subject, &known.body, known.body_format)
            && same(&self.channel, &known.channel)
            && same(&self.created_at, &known.created_at)
            && same(&self.requester_id, &known.requester_id)
            && same(&self.organization_id, &known.organization_id)
            && same(&self.form, &known.form)
            && same(&self.agent_group, &known.agent_group)
            && same(&self.due_at, &known.due_at)
            && same(&self.first_response_due_at, &known.first_response_due_at)
            && same(&self.submitted_category, &known.submitted_category)
            && same(&self.submitted_priority, &known.submitted_priority)
            && same(&self.labels.category, &known.labels.category)
            && same(&self.labels.impact, &known.labels.impact)
            && same(&self.labels.urgency, &known.labels.urgency)
            && same(&self.labels.priority, &known.labels.priority)
            && same(&self.status, &known.status)
            && same(&self.solved_at, &known.solved_at)
            && same(&self.resolution, &known.resolution)
            && (self.article_ids.is_empty() || self.article_ids == known.article_ids)
            && same(&self.reopened, &known.reopened)
            && same(&self.escalated, &known.escalated)
            && same(&self.handling_minutes, &known.handling_minutes)
    }
}

impl PastTicket {
    /// The first answer as an event.
    #[must_use]
    pub fn answered(&self) -> Option<TicketEvent> {
        self.first_response_at.map(|at| TicketEvent { at, kind: EventKind::AgentReply })
    }
}

pub(super) async fn keep(
    connection: &mut Connection,
    batch: &[PastTicket],
    now: Timestamp,
) -> Result<FeedbackWritten, sqlx::Error> {
    let mut done = FeedbackWritten { changed: true, voices: Vec::new() };
    for past in batch {
        let ticket = &past.record;
        let before = outcomes::ticket(connection, &ticket.id).await?;
        tickets::save_words(connection, ticket).await?;
        let mut told = OutcomeRecord::of(ticket);
        if before.is_some_and(|before| before.article_ids == ticket.article_ids) {
            told.article_ids = None;
        }
        let as_of = ticket.solved_at.or(ticket.created_at);
        let written = outcomes::save(connection, &ticket.id, &told, now, as_of).await?;
        done.voices.extend(written.feedback.voices);
        if let Some(event) = past.answered() {
            let written = timeline::save(connection, &ticket.id, &[event], now).await?;
            done.voices.extend(written.feedback.voices);
        }
    }
    Ok(done)
}
