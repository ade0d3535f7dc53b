//! The numbered changes of articles, by which an index catches up.

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::{Store, StoreError};

/// A put or a delete of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleChange {
    /// Its number: from 1, growing, never given twice.
    pub seq: u64,
    /// The article: put if [`Store::article`] finds it now, deleted if not.
    pub article_id: String,
}

impl Store {
    /// The number of the last change; 0 when there was none. An index that knows a higher one was
    /// built from another store and has to be rebuilt.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn change_seq(&self) -> Result<u64, StoreError> {
        self.number("SELECT coalesce(max(seq), 0) FROM article_changes").await
    }

    /// Up to `limit` changes after the one numbered `seq`, in order. Of each article only its last
    /// change is kept, so that numbers are missing between them and none is ever too old to ask for.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn changes_since(&self, seq: u64, limit: u32) -> Result<Vec<ArticleChange>, StoreError> {
        sql::query_as("SELECT * FROM article_changes WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }
}

/// Replaces what was the last change of the article.
pub(super) async fn record_change(connection: &mut Connection, article_id: &str) -> Result<u64, sqlx::Error> {
    sql::query("DELETE FROM article_changes WHERE article_id = $1")
        .bind(article_id)
        .execute(&mut *connection)
        .await?;
    let seq: i64 = sql::query_scalar("INSERT INTO article_changes (article_id) VALUES ($1) RETURNING seq")
        .bind(article_id)
        .fetch_one(connection)
        .await?;
    column::unsigned(seq, "seq")
}

impl FromRow for ArticleChange {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: column::unsigned(row.try_get("seq")?, "seq")?,
            article_id: row.try_get("article_id")?,
        })
    }
}
