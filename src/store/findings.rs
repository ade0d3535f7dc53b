//! The last answer about each ticket, in short.

use super::sql::{self, Connection, FromRow, Row};
use super::{Finding, PredictionRecord, Store, StoreError, column};

impl Store {
    /// What the last answer about the ticket says in short; `None` before the first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn finding(&self, ticket_id: &str) -> Result<Option<Finding>, StoreError> {
        sql::query_as("SELECT * FROM findings WHERE ticket_id = $1")
            .bind(ticket_id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }
}

/// Keeps what a prediction says in short, unless a later one did.
pub(super) async fn save(
    connection: &mut Connection,
    prediction: &PredictionRecord,
    finding: &Finding,
) -> Result<(), sqlx::Error> {
    sql::query(
        "INSERT INTO findings (ticket_id, found_at, category, priority, answer_confidence, best_article,
             impact, urgency, confidence, abstained, in_scope)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (ticket_id) DO UPDATE SET
             found_at = excluded.found_at, category = excluded.category, priority = excluded.priority,
             answer_confidence = excluded.answer_confidence, best_article = excluded.best_article,
             impact = excluded.impact, urgency = excluded.urgency, confidence = excluded.confidence,
             abstained = excluded.abstained, in_scope = excluded.in_scope
         WHERE excluded.found_at >= findings.found_at",
    )
    .bind(&prediction.ticket_id)
    .bind(column::time_text(prediction.created_at))
    .bind(&finding.category)
    .bind(&finding.priority)
    .bind(finding.answer_confidence)
    .bind(&finding.best_article)
    .bind(&finding.impact)
    .bind(&finding.urgency)
    .bind(finding.confidence)
    .bind(finding.abstained)
    .bind(finding.in_scope)
    .execute(connection)
    .await?;
    Ok(())
}

impl FromRow for Finding {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            category: row.try_get("category")?,
            priority: row.try_get("priority")?,
            answer_confidence: row.try_get("answer_confidence")?,
            best_article: row.try_get("best_article")?,
            impact: row.try_get("impact")?,
            urgency: row.try_get("urgency")?,
            confidence: row.try_get("confidence")?,
            abstained: row.try_get("abstained")?,
            in_scope: row.try_get("in_scope")?,
        })
    }
}
