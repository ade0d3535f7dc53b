//! What articles said before they were changed.

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::{Article, ArticleVersion, Store, StoreError};

/// Former versions that are kept of an article, so that one that a script puts every minute does not
/// fill the disk.
const MOST: u32 = 50;

impl Store {
    /// What the article said before, the latest first, at most the last 50; nothing if there is no such
    /// article or it was never changed. They go with the article when it is deleted.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn article_versions(&self, article_id: &str) -> Result<Vec<ArticleVersion>, StoreError> {
        sql::query_as("SELECT * FROM article_versions WHERE article_id = $1 ORDER BY version DESC")
            .bind(article_id)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }
}

/// Keeps what the article says now, if `new` will say something else; whether it will.
pub(super) async fn keep_former(connection: &mut Connection, new: &Article) -> Result<bool, sqlx::Error> {
    let kept = sql::query(
        "INSERT INTO article_versions (article_id, version, title, body, body_format, audience, kept_at)
         SELECT id, version, title, body, body_format, audience, kept_at FROM articles
         WHERE id = $1 AND (title <> $2 OR body <> $3 OR body_format <> $4 OR audience <> $5)
         ON CONFLICT (article_id, version) DO UPDATE SET title = excluded.title, body = excluded.body,
             body_format = excluded.body_format, audience = excluded.audience, kept_at = excluded.kept_at",
    )
    .bind(&new.id)
    .bind(&new.title)
    .bind(&new.body)
    .bind(column::word_text(&new.body_format)?)
    .bind(column::word_text(&new.audience)?)
    .execute(&mut *connection)
    .await?;
    if kept.rows_affected() == 0 {
        return Ok(false);
    }
    sql::query(
        "DELETE FROM article_versions WHERE article_id = $1 AND version <=
             (SELECT version FROM article_versions WHERE article_id = $1
              ORDER BY version DESC LIMIT 1 OFFSET $2)",
    )
    .bind(&new.id)
    .bind(MOST)
    .execute(connection)
    .await?;
    Ok(true)
}

/// The number of a version.
pub(super) fn number(row: &Row) -> Result<u32, sqlx::Error> {
    let number: i64 = row.try_get("version")?;
    u32::try_from(number).map_err(|_| column::unreadable("version", "a number from 0"))
}

impl FromRow for ArticleVersion {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: number(row)?,
            title: row.try_get("title")?,
            body: row.try_get("body")?,
            body_format: column::word(row, "body_format")?,
            audience: column::word(row, "audience")?,
            kept_at: column::optional_time(row, "kept_at")?,
        })
    }
}
