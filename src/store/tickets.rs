//! Tickets with what became of them, and the predictions made about them.
//!
//! A ticket is told piece by piece: its words when it comes in, its outcome when it is solved, and
//! sometimes all again by an import that knows less. So no part that is known is ever wiped by a
//! record that does not have it.

use jiff::Timestamp;

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::Write;
use super::{Embedding, FinalLabels, Finding, OutcomeRecord, PredictionRecord, TicketRecord, TicketStatus};
use super::{Store, StoreError, findings, outcomes};

/// What similar-ticket search needs of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketVector {
    /// The ticket.
    pub id: String,
    /// Where it stands.
    pub status: Option<TicketStatus>,
    /// When it came in.
    pub created_at: Option<Timestamp>,
    /// How often it was opened again.
    pub reopened: Option<u32>,
    /// Its embedding.
    pub vector: Vec<f32>,
}

impl Store {
    /// Keeps the tickets of `batch`, all or none. Of a ticket that is known already, subject and
    /// body are replaced, and the rest wherever the record has a value. An embedding goes with the
    /// words that it was made of: new words without one leave none.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of the batch is kept.
    pub async fn save_tickets(&self, batch: &[TicketRecord]) -> Result<(), StoreError> {
        let write = Write::SaveTickets(batch.iter().map(|ticket| self.masked(ticket)).collect());
        self.writer().write(write).await.map(drop)
    }

    /// Gives tickets the embeddings of their records, all or none. A ticket whose words have changed since
    /// the record was read keeps what it has, and nothing else of a ticket is touched.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of the batch is kept.
    pub async fn embed_tickets(&self, batch: &[TicketRecord]) -> Result<(), StoreError> {
        self.writer().write(Write::EmbedTickets(batch.to_vec())).await.map(drop)
    }

    /// Keeps a ticket together with the answer given about it, and what that says in short. A ticket that is known already
    /// keeps its outcome (status, final labels, resolution, articles used and so on) whatever the record says.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like, and [`StoreError::Other`] for a prediction id that was
    /// used before or a prediction about a ticket that is not there; then neither is kept.
    pub async fn save_triage(
        &self,
        ticket: &TicketRecord,
        prediction: &PredictionRecord,
        finding: &Finding,
    ) -> Result<(), StoreError> {
        let write = Write::SaveTriage(Box::new((self.masked(ticket), prediction.clone(), finding.clone())));
        self.writer().write(write).await.map(drop)
    }

    /// The ticket with this id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn ticket(&self, id: &str) -> Result<Option<TicketRecord>, StoreError> {
        sql::query_as("SELECT * FROM tickets WHERE id = $1")
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// The tickets with these ids, in the order of `ids`; those that are not there are left out.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn tickets(&self, ids: &[String]) -> Result<Vec<TicketRecord>, StoreError> {
        let ids = column::json_text(ids).map_err(|error| self.failed(error))?;
        sql::query_as(
            "SELECT tickets.* FROM json_each($1) AS wanted
             CROSS JOIN tickets WHERE tickets.id = wanted.value ORDER BY wanted.key",
        )
        .bind(ids)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// How many tickets there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn ticket_count(&self) -> Result<u64, StoreError> {
        self.number("SELECT count(*) FROM tickets").await
    }

    /// Every answer given about the ticket, the newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn predictions_of(&self, ticket_id: &str) -> Result<Vec<PredictionRecord>, StoreError> {
        sql::query_as("SELECT * FROM predictions WHERE ticket_id = $1 ORDER BY created_at DESC, id DESC")
            .bind(ticket_id)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Up to `limit` tickets that `encoder` embedded, in order of id, from the first after `after`,
    /// or from the start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn ticket_vectors_page(
        &self,
        encoder: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TicketVector>, StoreError> {
        sql::query_as(
            "SELECT id, status, created_at, reopened, embedding FROM tickets
             WHERE encoder = $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(encoder)
        // No id is empty, so that everything comes after the empty one.
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// Up to `limit` tickets that `encoder` has not embedded. Save them with an embedding and ask
    /// again until none is left.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn stale_tickets(&self, encoder: &str, limit: u32) -> Result<Vec<TicketRecord>, StoreError> {
        // Three ranges of the index; `encoder IS NOT $1` would read every ticket.
        sql::query_as(
            "SELECT * FROM tickets
             WHERE encoder IS NULL OR encoder < $1 OR encoder > $1 LIMIT $2",
        )
        .bind(encoder)
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }
}

/// Saves the batch.
pub(super) async fn save(connection: &mut Connection, batch: &[TicketRecord]) -> Result<(), sqlx::Error> {
    for ticket in batch {
        save_words(connection, ticket).await?;
        outcomes::update(connection, &ticket.id, &OutcomeRecord::of(ticket), ticket.solved_at).await?;
    }
    Ok(())
}

/// Replaces the embeddings of tickets whose words are still those of the records.
pub(super) async fn embed(connection: &mut Connection, batch: &[TicketRecord]) -> Result<(), sqlx::Error> {
    for ticket in batch {
        let Some(embedding) = &ticket.embedding else { continue };
        sql::query(
            "UPDATE tickets SET encoder = $5, embedding = $6
             WHERE id = $1 AND (subject, body, body_format) = ($2, $3, $4)",
        )
        .bind(&ticket.id)
        .bind(&ticket.subject)
        .bind(&ticket.body)
        .bind(column::word_text(&ticket.body_format)?)
        .bind(&embedding.encoder)
        .bind(column::vector_bytes(&embedding.vector))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Saves the words of the ticket and the prediction; the outcome only of a new ticket.
pub(super) async fn save_triage(
    connection: &mut Connection,
    ticket: &TicketRecord,
    prediction: &PredictionRecord,
    finding: &Finding,
) -> Result<(), sqlx::Error> {
    let known: Option<i64> = sql::query_scalar("SELECT 1 FROM tickets WHERE id = $1")
        .bind(&ticket.id)
        .fetch_optional(&mut *connection)
        .await?;
    save_words(connection, ticket).await?;
    if known.is_none() {
        outcomes::update(connection, &ticket.id, &OutcomeRecord::of(ticket), ticket.solved_at).await?;
    }
    sql::query(
        "INSERT INTO predictions
             (id, ticket_id, created_at, model_name, model_version, taxonomy, answer)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(prediction.id.to_string())
    .bind(&prediction.ticket_id)
    .bind(column::time_text(prediction.created_at))
    .bind(&prediction.model_name)
    .bind(&prediction.model_version)
    .bind(&prediction.taxonomy)
    .bind(column::json_text(&prediction.answer)?)
    .execute(&mut *connection)
    .await?;
    findings::save(connection, prediction, finding).await
}

pub(super) async fn save_words(
    connection: &mut Connection,
    ticket: &TicketRecord,
) -> Result<(), sqlx::Error> {
    let (encoder, vector) = match &ticket.embedding {
        Some(embedding) => (Some(&embedding.encoder), Some(column::vector_bytes(&embedding.vector))),
        None => (None, None),
    };
    sql::query(
        "INSERT INTO tickets (id, subject, body, body_format, channel, created_at, requester_id,
             organization_id, submitted_category, submitted_priority, encoder, embedding, form,
             agent_group, due_at, first_response_due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (id) DO UPDATE SET
             subject = excluded.subject, body = excluded.body, body_format = excluded.body_format,
             channel = coalesce(excluded.channel, tickets.channel),
             created_at = coalesce(excluded.created_at, tickets.created_at),
             requester_id = coalesce(excluded.requester_id, tickets.requester_id),
             organization_id = coalesce(excluded.organization_id, tickets.organization_id),
             form = coalesce(excluded.form, tickets.form),
             agent_group = coalesce(excluded.agent_group, tickets.agent_group),
             due_at = coalesce(excluded.due_at, tickets.due_at),
             first_response_due_at = coalesce(excluded.first_response_due_at, tickets.first_response_due_at),
             submitted_category = coalesce(excluded.submitted_category, tickets.submitted_category),
             submitted_priority = coalesce(excluded.submitted_priority, tickets.submitted_priority),
             encoder = CASE WHEN excluded.encoder IS NULL
                     AND (tickets.subject, tickets.body, tickets.body_format)
                         = (excluded.subject, excluded.body, excluded.body_format)
                 THEN tickets.encoder ELSE excluded.encoder END,
             embedding = CASE WHEN excluded.encoder IS NULL
                     AND (tickets.subject, tickets.body, tickets.body_format)
                         = (excluded.subject, excluded.body, excluded.body_format)
                 THEN tickets.embedding ELSE excluded.embedding END",
    )
    .bind(&ticket.id)
    .bind(&ticket.subject)
    .bind(&ticket.body)
    .bind(column::word_text(&ticket.body_format)?)
    .bind(&ticket.channel)
    .bind(ticket.created_at.map(column::time_text))
    .bind(&ticket.requester_id)
    .bind(&ticket.organization_id)
    .bind(&ticket.submitted_category)
    .bind(&ticket.submitted_priority)
    .bind(encoder)
    .bind(vector)
    .bind(&ticket.form)
    .bind(&ticket.agent_group)
    .bind(ticket.due_at.map(column::time_text))
    .bind(ticket.first_response_due_at.map(column::time_text))
    .execute(connection)
    .await?;
    Ok(())
}

impl FromRow for TicketRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let encoder: Option<String> = row.try_get("encoder")?;
        let vector = column::optional_vector(row, "embedding")?;
        Ok(Self {
            id: row.try_get("id")?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            body_format: column::word(row, "body_format")?,
            channel: row.try_get("channel")?,
            created_at: column::optional_time(row, "created_at")?,
            requester_id: row.try_get("requester_id")?,
            organization_id: row.try_get("organization_id")?,
            form: row.try_get("form")?,
            agent_group: row.try_get("agent_group")?,
            due_at: column::optional_time(row, "due_at")?,
            first_response_due_at: column::optional_time(row, "first_response_due_at")?,
            submitted_category: row.try_get("submitted_category")?,
            submitted_priority: row.try_get("submitted_priority")?,
            labels: FinalLabels {
                category: row.try_get("final_category")?,
                impact: row.try_get("final_impact")?,
                urgency: row.try_get("final_urgency")?,
                priority: row.try_get("final_priority")?,
            },
            status: column::optional_word(row, "status")?,
            solved_at: column::optional_time(row, "solved_at")?,
            resolution: row.try_get("resolution")?,
            article_ids: column::json(row, "article_ids")?,
            reopened: row.try_get("reopened")?,
            escalated: row.try_get("escalated")?,
            handling_minutes: row.try_get("handling_minutes")?,
            embedding: encoder.zip(vector).map(|(encoder, vector)| Embedding { encoder, vector }),
        })
    }
}

impl FromRow for TicketVector {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            status: column::optional_word(row, "status")?,
            created_at: column::optional_time(row, "created_at")?,
            reopened: row.try_get("reopened")?,
            vector: column::vector(row, "embedding")?,
        })
    }
}

impl FromRow for PredictionRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get::<&str>("id")?.parse().map_err(|_| column::unreadable("id", "a UUID"))?,
            ticket_id: row.try_get("ticket_id")?,
            created_at: column::time(row, "created_at")?,
            model_name: row.try_get("model_name")?,
            model_version: row.try_get("model_version")?,
            taxonomy: row.try_get("taxonomy")?,
            answer: column::json(row, "answer")?,
        })
    }
}
