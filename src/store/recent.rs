//! Embeddings of the tickets of a time, for who compares them with one another.

use jiff::Timestamp;

use super::sql::{self, FromRow, Row};
use super::{Embedding, Store, StoreError, column};

/// A ticket as a point in the space of its encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct RecentTicket {
    /// The ticket.
    pub id: String,
    /// When it came in.
    pub created_at: Timestamp,
    /// What was made of its words.
    pub embedding: Embedding,
}

impl Store {
    /// The tickets with an embedding that came in after `from` and until `to`, the newest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn recent_tickets(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<RecentTicket>, StoreError> {
        sql::query_as(
            "SELECT id, created_at, encoder, embedding FROM tickets
             WHERE created_at > $1 AND created_at <= $2 AND encoder IS NOT NULL
             ORDER BY created_at DESC, id DESC LIMIT $3",
        )
        .bind(column::time_text(from))
        .bind(column::time_text(to))
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }
}

impl FromRow for RecentTicket {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let embedding =
            Embedding { encoder: row.try_get("encoder")?, vector: column::vector(row, "embedding")? };
        Ok(Self { id: row.try_get("id")?, created_at: column::time(row, "created_at")?, embedding })
    }
}
