//! What became of tickets, told after they came in, and what that says of the articles that were used.

use jiff::Timestamp;

use super::column;
use super::feedback::{self, Feedback, FeedbackKind, FeedbackWritten, Occasion};
use super::sql::{self, Connection};
use super::writer::{Write, Written};
use super::{FinalLabels, Store, StoreError, TicketRecord, TicketStatus};

/// What became of a ticket, as far as somebody says; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutcomeRecord {
    /// Where it stands.
    pub status: Option<TicketStatus>,
    /// The labels that agents settled on.
    pub labels: FinalLabels,
    /// When it was solved.
    pub solved_at: Option<Timestamp>,
    /// What solved it, plain text.
    pub resolution: Option<String>,
    /// Articles that were used to solve it; an empty list says that there were none.
    pub article_ids: Option<Vec<String>>,
    /// How often it was opened again after it had been solved.
    pub reopened: Option<u32>,
    /// Whether it was handed up.
    pub escalated: Option<bool>,
    /// How long people worked on it.
    pub handling_minutes: Option<u32>,
    /// Who worked on it last.
    pub agent_group: Option<String>,
}

impl OutcomeRecord {
    /// The part of a ticket's record; there no articles mean that the source does not say.
    pub(super) fn of(ticket: &TicketRecord) -> Self {
        Self {
            status: ticket.status,
            labels: ticket.labels.clone(),
            solved_at: ticket.solved_at,
            resolution: ticket.resolution.clone(),
            article_ids: (!ticket.article_ids.is_empty()).then(|| ticket.article_ids.clone()),
            reopened: ticket.reopened,
            escalated: ticket.escalated,
            handling_minutes: ticket.handling_minutes,
            // Written with the words.
            agent_group: None,
        }
    }
}

impl Store {
    /// Keeps what became of a ticket; `None` if there is no such ticket. Of a solved ticket the articles
    /// that were used count as feedback: they are said to have solved it when it becomes solved or when
    /// they are named, and that is taken back when it is opened again or others are named. `now` is when.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn save_outcome(
        &self,
        ticket_id: &str,
        outcome: &OutcomeRecord,
        now: Timestamp,
    ) -> Result<Option<FeedbackWritten>, StoreError> {
        let write = Write::SaveOutcome(Box::new((ticket_id.to_owned(), self.masked_outcome(outcome), now)));
        let Written { feedback, found, .. } = self.writer().write(write).await?;
        Ok(found.then_some(feedback))
    }
}

/// Saves the outcome, whose status holds as of `status_at`, and the feedback that follows from it, dated when the
/// ticket was solved, or else as of then.
pub(super) async fn save(
    connection: &mut Connection,
    ticket_id: &str,
    outcome: &OutcomeRecord,
    now: Timestamp,
    status_at: Option<Timestamp>,
) -> Result<Written, sqlx::Error> {
    let Some(before) = ticket(connection, ticket_id).await? else {
        return Ok(Written::default());
    };
    update(connection, ticket_id, outcome, status_at).await?;
    let Some(after) = ticket(connection, ticket_id).await? else {
        return Ok(Written::default());
    };
    if after.labels != before.labels {
        sql::query("UPDATE tickets SET settled_at = $2 WHERE id = $1")
            .bind(ticket_id)
            .bind(column::time_text(now))
            .execute(&mut *connection)
            .await?;
    }
    let solved = after.status == Some(TicketStatus::Solved);
    let used: &[String] = if solved { &after.article_ids } else { &[] };
    let of_article = |article_id: &String, at| Feedback {
        occasion: Occasion::Ticket(ticket_id.to_owned()),
        article_id: article_id.clone(),
        kind: FeedbackKind::Solved,
        at,
    };
    let mut done = FeedbackWritten { changed: true, voices: Vec::new() };
    for article_id in feedback::said_by_outcome(connection, ticket_id).await? {
        if !used.contains(&article_id) {
            done.voices.extend(feedback::take_back(connection, &of_article(&article_id, now)).await?.voices);
        }
    }
    // What a person has taken back stays so until the outcome names the article anew.
    if outcome.article_ids.is_some() || before.status != after.status {
        let at = after.solved_at.or(status_at).unwrap_or(now).min(now);
        for article_id in used {
            done.voices.extend(feedback::say(connection, &of_article(article_id, at), true).await?.voices);
        }
    }
    Ok(Written { found: true, ..Written::feedback(done) })
}

pub(super) async fn ticket(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<TicketRecord>, sqlx::Error> {
    sql::query_as("SELECT * FROM tickets WHERE id = $1").bind(id).fetch_optional(connection).await
}

/// Writes what the outcome says into the ticket's row: never less than the timeline does (`timeline.rs`).
/// `status_at` is as of when its status holds, if that is known.
pub(super) async fn update(
    connection: &mut Connection,
    ticket_id: &str,
    outcome: &OutcomeRecord,
    status_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sql::query(
        "UPDATE tickets SET
             final_category = coalesce($2, final_category),
             final_impact = coalesce($3, final_impact),
             final_urgency = coalesce($4, final_urgency),
             final_priority = coalesce($5, final_priority),
             status = coalesce($6, status),
             solved_at = coalesce($7, solved_at),
             resolution = coalesce($8, resolution),
             article_ids = coalesce($9, article_ids),
             reopened = CASE WHEN $10 IS NULL THEN reopened ELSE (SELECT CASE WHEN count(*) > $10
                 THEN count(*) ELSE $10 END
                 FROM ticket_events WHERE ticket_id = tickets.id AND kind = 'reopened') END,
             escalated = CASE WHEN $11 IS NULL THEN escalated WHEN EXISTS (SELECT 1
                 FROM ticket_events WHERE ticket_id = tickets.id AND kind = 'escalated') THEN 1 ELSE $11 END,
             handling_minutes = coalesce($12, handling_minutes),
             agent_group = coalesce($13, agent_group),
             status_at = CASE WHEN $6 IS NULL THEN status_at ELSE $14 END
         WHERE id = $1",
    )
    .bind(ticket_id)
    .bind(&outcome.labels.category)
    .bind(&outcome.labels.impact)
    .bind(&outcome.labels.urgency)
    .bind(&outcome.labels.priority)
    .bind(outcome.status.as_ref().map(column::word_text).transpose()?)
    .bind(outcome.solved_at.map(column::time_text))
    .bind(&outcome.resolution)
    .bind(outcome.article_ids.as_deref().map(column::json_text).transpose()?)
    .bind(outcome.reopened)
    .bind(outcome.escalated)
    .bind(outcome.handling_minutes)
    .bind(&outcome.agent_group)
    .bind(status_at.map(column::time_text))
    .execute(connection)
    .await?;
    Ok(())
}
