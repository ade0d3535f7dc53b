//! Tickets with what the last answer said, as the audit reads them: many, in order, without embeddings.

use std::collections::HashMap;

use jiff::Timestamp;

use super::column;
use super::sql::{self, FromRow, Row};
use super::{Store, StoreError};

/// What the audit reads of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditedTicket {
    /// The ticket system's id.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// First message as received.
    pub body: String,
    /// How it came in.
    pub channel: Option<String>,
    /// When it came in.
    pub created_at: Option<Timestamp>,
    /// For whom the requester works.
    pub organization_id: Option<String>,
    /// The group of agents that it went to.
    pub agent_group: Option<String>,
    /// The category that agents settled on, else that of the latest prediction.
    pub category: Option<String>,
    /// Articles that were used to solve it.
    pub article_ids: Vec<String>,
    /// How often it was opened again.
    pub reopened: Option<u32>,
    /// Whether it was handed up.
    pub escalated: Option<bool>,
    /// How long people worked on it.
    pub handling_minutes: Option<u32>,
    /// How likely it was, by the latest prediction, that an article answers, 0 to 1.
    pub answer_confidence: Option<f32>,
    /// The article that it showed first, whose score that is.
    pub best_article: Option<String>,
    /// Whether a survey about it is low.
    pub low_scored: bool,
}

impl Store {
    /// Up to `limit` tickets in order of id, from the first after `after`, or from the start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn audited_page(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditedTicket>, StoreError> {
        sql::query_as(
            "SELECT tickets.id, tickets.subject, tickets.body, tickets.channel, tickets.created_at,
                 tickets.organization_id, tickets.agent_group,
                 coalesce(tickets.final_category, findings.category) AS category,
                 tickets.article_ids, tickets.reopened, tickets.escalated, tickets.handling_minutes,
                 findings.answer_confidence, findings.best_article,
                 EXISTS (SELECT 1 FROM surveys WHERE surveys.ticket_id = tickets.id AND surveys.low = 1) AS low_scored
             FROM tickets LEFT JOIN findings ON findings.ticket_id = tickets.id
             WHERE tickets.id > $1 ORDER BY tickets.id LIMIT $2",
        )
        // No id is empty, so that everything comes after the empty one.
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }
}

impl Store {
    /// How the requesters of these tickets felt, by the comments of their surveys: the mean score, -1 to 1, of
    /// each ticket with one.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn ticket_sentiments(&self, ids: &[String]) -> Result<HashMap<String, f32>, StoreError> {
        let ids = column::json_text(ids).map_err(|error| self.failed(error))?;
        let rows: Vec<(String, f64)> = sql::query_as(
            "SELECT ticket_id, avg(score) FROM surveys
             WHERE ticket_id IN (SELECT value FROM json_each($1)) AND score IS NOT NULL GROUP BY ticket_id",
        )
        .bind(ids)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows.into_iter().map(|(id, score)| (id, score as f32)).collect())
    }
}

impl FromRow for AuditedTicket {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            channel: row.try_get("channel")?,
            created_at: column::optional_time(row, "created_at")?,
            organization_id: row.try_get("organization_id")?,
            agent_group: row.try_get("agent_group")?,
            category: row.try_get("category")?,
            article_ids: column::json(row, "article_ids")?,
            reopened: row.try_get("reopened")?,
            escalated: row.try_get("escalated")?,
            handling_minutes: row.try_get("handling_minutes")?,
            answer_confidence: row.try_get("answer_confidence")?,
            best_article: row.try_get("best_article")?,
            low_scored: row.try_get("low_scored")?,
        })
    }
}
