//! Tickets whose labels agents settled, as training and the watch over drift read them.

use futures_util::TryStreamExt as _;
use jiff::Timestamp;

use super::sql::{self, FromRow, Row};
use super::{FinalLabels, Finding, Store, StoreError, column};
use crate::text::Format;

/// When a ticket was settled, as far as that is known, else when it came in.
const SETTLED_AT: &str = "coalesce(t.settled_at, t.solved_at, t.created_at)";

/// A ticket with a final category.
#[derive(Debug, Clone, PartialEq)]
pub struct SettledRecord {
    /// Its id.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// Body as it is kept.
    pub body: String,
    /// How the body is written.
    pub body_format: Format,
    /// When it was settled, as far as that is known, else when it came in.
    pub at: Option<Timestamp>,
    /// What agents settled on.
    pub labels: FinalLabels,
    /// What the model said last; without values where it was never asked.
    pub predicted: FinalLabels,
}

/// What the watch over drift reads of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedTicket {
    /// When it came in.
    pub created_at: Timestamp,
    /// The category that agents settled on.
    pub settled: Option<String>,
    /// What the last answer said.
    pub finding: Option<Finding>,
}

impl Store {
    /// Tickets with a final category, of each the `per_category` that were settled last.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn settled_tickets(&self, per_category: u32) -> Result<Vec<SettledRecord>, StoreError> {
        let query = format!(
            "SELECT * FROM (
                 SELECT t.id, t.subject, t.body, t.body_format, {SETTLED_AT} AS at,
                     t.final_category, t.final_impact, t.final_urgency, t.final_priority,
                     g.category, g.impact, g.urgency, g.priority,
                     row_number() OVER (PARTITION BY t.final_category ORDER BY {SETTLED_AT} DESC NULLS LAST, t.id DESC) AS place
                 FROM tickets t LEFT JOIN findings g ON g.ticket_id = t.id WHERE t.final_category IS NOT NULL) AS settled
             WHERE place <= $1"
        );
        sql::query_as(sqlx::AssertSqlSafe(query))
            .bind(per_category)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// How many tickets have a final category that is not what the model had said, settled after `since`; of
    /// all times without it.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn corrections_since(&self, since: Option<Timestamp>) -> Result<u64, StoreError> {
        let query = format!(
            "SELECT count(*) FROM tickets t JOIN findings g ON g.ticket_id = t.id
             WHERE t.final_category <> g.category AND ($1 IS NULL OR {SETTLED_AT} > $1)"
        );
        let count: i64 = sql::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(since.map(column::time_text))
            .fetch_one(self.readers())
            .await
            .map_err(|error| self.failed(error))?;
        Ok(count.unsigned_abs())
    }

    /// Tells `each` the labels of every ticket that came in from `from` on and before `to`. Memory does not grow
    /// with their number.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn each_watched_ticket(
        &self,
        from: Timestamp,
        to: Timestamp,
        mut each: impl FnMut(WatchedTicket),
    ) -> Result<(), StoreError> {
        let mut rows = sql::query_as::<WatchedTicket>(
            "SELECT t.created_at, t.final_category, g.* FROM tickets t
             LEFT JOIN findings g ON g.ticket_id = t.id
             WHERE t.created_at >= $1 AND t.created_at < $2",
        )
        .bind(column::time_text(from))
        .bind(column::time_text(to))
        .fetch(self.readers());
        while let Some(ticket) = rows.try_next().await.map_err(|error| self.failed(error))? {
            each(ticket);
        }
        Ok(())
    }

    /// Embeddings by `encoder` of tickets that came in from `from` on and before `to`, spread over the time, at
    /// most `most`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn embeddings_between(
        &self,
        encoder: &str,
        from: Timestamp,
        to: Timestamp,
        most: u32,
    ) -> Result<Vec<Vec<f32>>, StoreError> {
        let rows = sql::query(
            "WITH found AS (
                 SELECT embedding, row_number() OVER (ORDER BY created_at, id) - 1 AS place, count(*) OVER () AS total
                 FROM tickets WHERE encoder = $1 AND created_at >= $2 AND created_at < $3)
             SELECT embedding FROM found WHERE place % ((total + $4 - 1) / $4) = 0",
        )
        .bind(encoder)
        .bind(column::time_text(from))
        .bind(column::time_text(to))
        .bind(most.max(1))
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        let vectors: Result<Vec<_>, _> = rows.iter().map(|row| column::vector(row, "embedding")).collect();
        vectors.map_err(|error| self.failed(error))
    }
}

impl FromRow for SettledRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            body_format: column::word(row, "body_format")?,
            at: column::optional_time(row, "at")?,
            labels: FinalLabels {
                category: row.try_get("final_category")?,
                impact: row.try_get("final_impact")?,
                urgency: row.try_get("final_urgency")?,
                priority: row.try_get("final_priority")?,
            },
            predicted: FinalLabels {
                category: row.try_get("category")?,
                impact: row.try_get("impact")?,
                urgency: row.try_get("urgency")?,
                priority: row.try_get("priority")?,
            },
        })
    }
}

impl FromRow for WatchedTicket {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let asked: Option<&str> = row.try_get("found_at")?;
        Ok(Self {
            created_at: column::time(row, "created_at")?,
            settled: row.try_get("final_category")?,
            finding: asked.is_some().then(|| Finding::from_row(row)).transpose()?,
        })
    }
}
