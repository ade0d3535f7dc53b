//! Articles and their passages.

use std::collections::HashMap;

use super::article_changes::record_change;
use super::sql::{self, Connection, FromRow, Row};
use super::versions;
use super::writer::Write;
use super::{Article, Passage, Store, StoreError};
use super::{column, deleted};

/// An article with its passages in reading order, each with its embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddedArticle {
    /// The article.
    pub article: Article,
    /// Its passages; those that it had before are replaced.
    pub passages: Vec<Passage>,
}

/// New embeddings for the passages that an article has.
#[derive(Debug, Clone, PartialEq)]
pub struct PassageVectors {
    /// The article.
    pub article_id: String,
    /// One for each of its passages, in reading order.
    pub vectors: Vec<Vec<f32>>,
}

/// A passage with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPassage {
    /// The article it belongs to.
    pub article_id: String,
    /// Its place within the article, from 0.
    pub ordinal: i64,
    /// The passage itself.
    pub passage: Passage,
}

impl Store {
    /// Keeps the articles of `batch`, all or none, in place of those with the same ids; of two
    /// with the same id the later wins. `encoder` names what made the embeddings. Returns the
    /// number of the last change.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of the batch is kept.
    pub async fn put_articles(&self, batch: &[EmbeddedArticle], encoder: &str) -> Result<u64, StoreError> {
        let write = Write::PutArticles { batch: batch.to_vec(), encoder: encoder.to_owned() };
        match self.writer().write(write).await?.seq {
            Some(seq) => Ok(seq),
            None => self.change_seq().await,
        }
    }

    /// Gives articles new embeddings, all or none; their words stay as they are, so that this is no
    /// change of the article. `encoder` names what made them.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of the batch is kept.
    pub async fn embed_articles(&self, batch: &[PassageVectors], encoder: &str) -> Result<(), StoreError> {
        let write = Write::EmbedArticles { batch: batch.to_vec(), encoder: encoder.to_owned() };
        self.writer().write(write).await.map(drop)
    }

    /// The article with this id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn article(&self, id: &str) -> Result<Option<Article>, StoreError> {
        sql::query_as("SELECT * FROM articles WHERE id = $1")
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// The articles with these ids, in the order of `ids`; those that are not there are left out.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn articles(&self, ids: &[String]) -> Result<Vec<Article>, StoreError> {
        let ids = column::json_text(ids).map_err(|error| self.failed(error))?;
        sql::query_as(
            "SELECT articles.* FROM json_each($1) AS wanted
             CROSS JOIN articles WHERE articles.id = wanted.value ORDER BY wanted.key",
        )
        .bind(ids)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// How many articles there are.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn article_count(&self) -> Result<u64, StoreError> {
        self.number("SELECT count(*) FROM articles").await
    }

    /// How many of them are published: those that a search may find.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn published_count(&self) -> Result<u64, StoreError> {
        self.number("SELECT count(*) FROM articles WHERE status = 'published'").await
    }

    /// Up to `limit` articles in order of id, from the first after `after`, or from the start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn articles_page(&self, after: Option<&str>, limit: u32) -> Result<Vec<Article>, StoreError> {
        sql::query_as("SELECT * FROM articles WHERE id > $1 ORDER BY id LIMIT $2")
            // No id is empty, so that everything comes after the empty one.
            .bind(after.unwrap_or_default())
            .bind(limit)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Up to `limit` passages in order of article id and place, from the first after `after`, an
    /// article id and a place, or from the start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn passages_page(
        &self,
        after: Option<(&str, i64)>,
        limit: u32,
    ) -> Result<Vec<StoredPassage>, StoreError> {
        let (article_id, ordinal) = after.unwrap_or_default();
        sql::query_as(
            "SELECT * FROM passages WHERE (article_id, ordinal) > ($1, $2)
             ORDER BY article_id, ordinal LIMIT $3",
        )
        .bind(article_id)
        .bind(ordinal)
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// The passages of an article in reading order; none if there is no such article.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn passages_of(&self, article_id: &str) -> Result<Vec<StoredPassage>, StoreError> {
        Ok(self.passages(&[article_id.to_owned()]).await?.into_values().next().unwrap_or_default())
    }

    /// The passages of the articles with these ids, by id and in reading order; nothing of one that is not there.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn passages(&self, ids: &[String]) -> Result<HashMap<String, Vec<StoredPassage>>, StoreError> {
        let ids = column::json_text(ids).map_err(|error| self.failed(error))?;
        let read: Vec<StoredPassage> = sql::query_as(
            "SELECT passages.* FROM json_each($1) AS wanted
             CROSS JOIN passages WHERE passages.article_id = wanted.value
             ORDER BY passages.article_id, passages.ordinal",
        )
        .bind(ids)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        let mut passages: HashMap<String, Vec<StoredPassage>> = HashMap::new();
        for passage in read {
            passages.entry(passage.article_id.clone()).or_default().push(passage);
        }
        Ok(passages)
    }

    /// Up to `limit` articles whose embeddings another encoder than `encoder` made. Put them back
    /// with fresh ones and ask again until none is left.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn stale_articles(&self, encoder: &str, limit: u32) -> Result<Vec<Article>, StoreError> {
        // Two ranges of the index; `encoder <> $1` would read every article.
        sql::query_as("SELECT * FROM articles WHERE encoder < $1 OR encoder > $1 LIMIT $2")
            .bind(encoder)
            .bind(limit)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// The one number that `query` asks for.
    pub(super) async fn number(&self, query: &'static str) -> Result<u64, StoreError> {
        sql::query_scalar(query)
            .fetch_one(self.readers())
            .await
            .and_then(|number| column::unsigned(number, "number"))
            .map_err(|error| self.failed(error))
    }
}

/// Puts the batch; the number of its last change, `None` for an empty batch.
pub(super) async fn put(
    connection: &mut Connection,
    batch: &[EmbeddedArticle],
    encoder: &str,
) -> Result<Option<u64>, sqlx::Error> {
    let mut seq = None;
    for EmbeddedArticle { article, passages } in batch {
        deleted::forget(connection, &article.id).await?;
        put_article(connection, article, encoder).await?;
        put_passages(connection, &article.id, passages).await?;
        seq = Some(record_change(connection, &article.id).await?);
    }
    Ok(seq)
}

/// Replaces the embeddings of the articles' passages.
pub(super) async fn embed(
    connection: &mut Connection,
    batch: &[PassageVectors],
    encoder: &str,
) -> Result<(), sqlx::Error> {
    for PassageVectors { article_id, vectors } in batch {
        for (ordinal, vector) in (0_i64..).zip(vectors) {
            sql::query("UPDATE passages SET embedding = $3 WHERE article_id = $1 AND ordinal = $2")
                .bind(article_id)
                .bind(ordinal)
                .bind(column::vector_bytes(vector))
                .execute(&mut *connection)
                .await?;
        }
        sql::query("UPDATE articles SET encoder = $2 WHERE id = $1")
            .bind(article_id)
            .bind(encoder)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn put_article(
    connection: &mut Connection,
    article: &Article,
    encoder: &str,
) -> Result<(), sqlx::Error> {
    let changed = versions::keep_former(connection, article).await?;
    // The time of a version is that of the put which made it, and stays while its words do.
    sql::query(
        "INSERT INTO articles (id, title, body, body_format, url, audience, status, category,
             tags, language, updated_at, encoder, product, expires_at, review_at, attachments,
             version, kept_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, body = excluded.body,
             body_format = excluded.body_format, url = excluded.url, audience = excluded.audience,
             status = excluded.status, category = excluded.category, tags = excluded.tags,
             language = excluded.language, updated_at = excluded.updated_at,
             encoder = excluded.encoder, product = excluded.product,
             expires_at = excluded.expires_at, review_at = excluded.review_at,
             attachments = excluded.attachments,
             version = CASE WHEN articles.version + $19 <= excluded.version THEN excluded.version
                 WHEN articles.version < 4294967295 THEN articles.version + $19 ELSE articles.version END,
             kept_at = CASE WHEN $19 = 1 THEN excluded.kept_at
                 ELSE coalesce(articles.kept_at, excluded.kept_at) END",
    )
    .bind(&article.id)
    .bind(&article.title)
    .bind(&article.body)
    .bind(column::word_text(&article.body_format)?)
    .bind(&article.url)
    .bind(column::word_text(&article.audience)?)
    .bind(column::word_text(&article.status)?)
    .bind(&article.category)
    .bind(column::json_text(&article.tags)?)
    .bind(&article.language)
    .bind(article.updated_at.map(column::time_text))
    .bind(encoder)
    .bind(&article.product)
    .bind(article.expires_at.map(column::time_text))
    .bind(article.review_at.map(column::time_text))
    .bind(column::json_text(&article.attachments)?)
    .bind(article.version.max(1))
    .bind(article.kept_at.map(column::time_text))
    .bind(changed)
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_passages(
    connection: &mut Connection,
    article_id: &str,
    passages: &[Passage],
) -> Result<(), sqlx::Error> {
    sql::query("DELETE FROM passages WHERE article_id = $1")
        .bind(article_id)
        .execute(&mut *connection)
        .await?;
    for (ordinal, passage) in (0_i64..).zip(passages) {
        sql::query(
            "INSERT INTO passages (article_id, ordinal, heading, text, embedding)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(article_id)
        .bind(ordinal)
        .bind(&passage.heading)
        .bind(&passage.text)
        .bind(column::vector_bytes(&passage.embedding))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

impl FromRow for Article {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            body: row.try_get("body")?,
            body_format: column::word(row, "body_format")?,
            url: row.try_get("url")?,
            audience: column::word(row, "audience")?,
            status: column::word(row, "status")?,
            category: row.try_get("category")?,
            tags: column::json(row, "tags")?,
            language: row.try_get("language")?,
            updated_at: column::optional_time(row, "updated_at")?,
            product: row.try_get("product")?,
            expires_at: column::optional_time(row, "expires_at")?,
            review_at: column::optional_time(row, "review_at")?,
            attachments: column::json(row, "attachments")?,
            version: versions::number(row)?,
            kept_at: column::optional_time(row, "kept_at")?,
        })
    }
}

impl FromRow for StoredPassage {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            article_id: row.try_get("article_id")?,
            ordinal: row.try_get("ordinal")?,
            passage: Passage {
                heading: row.try_get("heading")?,
                text: row.try_get("text")?,
                embedding: column::vector(row, "embedding")?,
            },
        })
    }
}
