//! What is left of articles that were deleted: a title, and the embeddings of passages.

use std::collections::HashMap;

use jiff::Timestamp;

use super::article_changes::record_change;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::Write;
use super::{Store, StoreError, column};

/// Deleted articles that are remembered, the latest.
const MOST: u32 = 1_000;
/// Passages of an article whose embeddings are kept, the first: a long manual is recognized by them.
const MOST_PASSAGES: u32 = 32;

/// An article that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedArticle {
    /// Its id; no article has it now.
    pub id: String,
    /// Its title.
    pub title: String,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

impl Store {
    /// Deletes the article with its passages at the time `now`. Returns the number of the change, or `None` when
    /// there was no such article. Of the last 1,000 that were not drafts the title and the embeddings of the first
    /// 32 passages stay, until an article with the id is put again.
    ///
    /// # Errors
    /// Those of any write; then the article is still there.
    pub async fn delete_article(&self, id: &str, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let write = Write::DeleteArticle { id: id.to_owned(), now };
        self.writer().write(write).await.map(|written| written.seq)
    }

    /// The articles that were deleted, the latest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn deleted_articles(&self) -> Result<Vec<DeletedArticle>, StoreError> {
        sql::query_as("SELECT id, title, deleted_at FROM deleted_articles ORDER BY deleted_at DESC, id")
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Of those of the deleted articles with these ids that `encoder` embedded, the embeddings of their passages by
    /// id, one after the other.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn deleted_embeddings(
        &self,
        encoder: &str,
        ids: &[String],
    ) -> Result<HashMap<String, Vec<f32>>, StoreError> {
        let ids = column::json_text(ids).map_err(|error| self.failed(error))?;
        sql::query(
            "SELECT deleted_articles.id, deleted_articles.embeddings FROM json_each($1) AS wanted
             CROSS JOIN deleted_articles
             WHERE deleted_articles.id = wanted.value AND deleted_articles.encoder = $2",
        )
        .bind(ids)
        .bind(encoder)
        .fetch_all(self.readers())
        .await
        .and_then(|rows| {
            rows.iter().map(|row| Ok((row.try_get("id")?, column::vector(row, "embeddings")?))).collect()
        })
        .map_err(|error| self.failed(error))
    }
}

/// Deletes the article; the number of the change, `None` when there was no such article.
pub(super) async fn delete(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<Option<u64>, sqlx::Error> {
    let remains = remains(connection, id).await?;
    let deleted = sql::query("DELETE FROM articles WHERE id = $1").bind(id).execute(&mut *connection).await?;
    if deleted.rows_affected() == 0 {
        return Ok(None);
    }
    // After the delete, which gives back the room that this needs on a full disk.
    if let Some(remains) = remains {
        remember(connection, id, remains, now).await?;
    }
    record_change(connection, id).await.map(Some)
}

/// Forgets that there was an article with this id.
pub(super) async fn forget(connection: &mut Connection, id: &str) -> Result<(), sqlx::Error> {
    sql::query("DELETE FROM deleted_articles WHERE id = $1").bind(id).execute(connection).await.map(drop)
}

/// What will be left of an article; `None` of a draft, which nobody has missed.
async fn remains(connection: &mut Connection, id: &str) -> Result<Option<Remains>, sqlx::Error> {
    let article = sql::query("SELECT title, encoder FROM articles WHERE id = $1 AND status <> 'draft'")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(article) = article else { return Ok(None) };
    let passages =
        sql::query("SELECT embedding FROM passages WHERE article_id = $1 ORDER BY ordinal LIMIT $2")
            .bind(id)
            .bind(MOST_PASSAGES)
            .fetch_all(connection)
            .await?;
    let embeddings: Vec<Vec<f32>> =
        passages.iter().map(|passage| column::vector(passage, "embedding")).collect::<Result<_, _>>()?;
    let (title, encoder) = (article.try_get("title")?, article.try_get("encoder")?);
    Ok(Some(Remains { title, encoder, embeddings: embeddings.concat() }))
}

async fn remember(
    connection: &mut Connection,
    id: &str,
    Remains { title, encoder, embeddings }: Remains,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sql::query(
        "INSERT INTO deleted_articles (id, title, encoder, embeddings, deleted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, encoder = excluded.encoder,
             embeddings = excluded.embeddings, deleted_at = excluded.deleted_at",
    )
    .bind(id)
    .bind(title)
    .bind(encoder)
    .bind(column::vector_bytes(&embeddings))
    .bind(column::time_text(now))
    .execute(&mut *connection)
    .await?;
    sql::query(
        "DELETE FROM deleted_articles WHERE id IN (
             SELECT id FROM deleted_articles ORDER BY deleted_at DESC, id LIMIT 9223372036854775807 OFFSET $1)",
    )
    .bind(MOST)
    .execute(connection)
    .await
    .map(drop)
}

struct Remains {
    title: String,
    encoder: String,
    embeddings: Vec<f32>,
}

impl FromRow for DeletedArticle {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            deleted_at: column::time(row, "deleted_at")?,
        })
    }
}
