//! Tickets of the past as they are kept: with the embedding of their words.

use super::{Desk, Sla, Submitted, Ticket, Triage, TriageError};
use crate::config::Priority;
use crate::model::{Input, Lane, ModelError};
use crate::store::{Embedding, PastTicket, TicketRecord};

impl From<&TicketRecord> for Ticket {
    fn from(record: &TicketRecord) -> Self {
        let named = |label: &String| Priority::ALL.into_iter().find(|priority| priority.label() == label);
        Self {
            id: Some(record.id.clone()),
            subject: record.subject.clone(),
            body: record.body.clone(),
            body_format: record.body_format,
            channel: record.channel.clone(),
            created_at: record.created_at,
            requester_id: record.requester_id.clone(),
            organization_id: record.organization_id.clone(),
            form: record.form.clone(),
            agent_group: record.agent_group.clone(),
            submitted: Some(Submitted {
                priority: record.submitted_priority.as_ref().and_then(named),
                category: record.submitted_category.clone(),
            }),
            sla: Some(Sla { due_at: record.due_at, first_response_due_at: record.first_response_due_at }),
        }
    }
}

impl Triage {
    /// The tickets with embeddings of their words.
    ///
    /// # Errors
    /// Those of the model.
    pub async fn embedded(&self, mut tickets: Vec<PastTicket>) -> Result<Vec<PastTicket>, TriageError> {
        let texts = tickets.iter().map(|ticket| self.words(&Ticket::from(&ticket.record)).text);
        let texts: Vec<String> = texts.collect();
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
        let readings = self.model.read(&inputs, Lane::Bulk).await?;
        for (ticket, reading) in tickets.iter_mut().zip(&readings) {
            let encoder = self.encoder_id().to_owned();
            ticket.record.embedding = Some(Embedding { encoder, vector: reading.embedding() });
        }
        Ok(tickets)
    }

    /// The ticket as it is kept: where words of it are masked, with the embedding of what is left.
    pub(super) async fn as_kept(
        &self,
        desk: &Desk,
        record: TicketRecord,
    ) -> Result<TicketRecord, TriageError> {
        let mut kept = desk.store.masked(&record);
        if (&kept.subject, &kept.body) != (&record.subject, &record.body) {
            let words = self.words(&Ticket::from(&kept)).text;
            let readings = self.model.read(&[Input::text(&words)], self.lane).await?;
            let reading = readings.first().ok_or(ModelError::Stopped)?;
            let encoder = self.model.encoder_id().to_owned();
            kept.embedding = Some(Embedding { encoder, vector: reading.embedding() });
        }
        Ok(kept)
    }

    /// Which encoder makes the embeddings.
    #[must_use]
    pub fn encoder_id(&self) -> &str {
        self.model.encoder_id()
    }
}
