//! What came of customers' own searches: tickets that were never written, and words that found nothing.
//!
//! A visit with an article that solved its problem is one deflected ticket, however many articles it names.
//! A visit without one is unanswered; what it typed is kept only as far as the site asks for it, and no
//! longer once an article has solved it after all.

use jiff::Timestamp;

use super::column;
use super::feedback::{self, Feedback, FeedbackKind, FeedbackWritten, Occasion};
use super::sql::{self, Connection, Row};
use super::writer::{Write, Written};
use super::{Store, StoreError};

/// What came of one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deflection {
    /// The visit's own id, not empty.
    pub session_id: String,
    /// What came of it.
    pub outcome: DeflectionOutcome,
    /// When. Said again, the first time stays.
    pub at: Timestamp,
}

/// What came of a customer's search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeflectionOutcome {
    /// This article solved the problem.
    Solved {
        /// The article.
        article_id: String,
    },
    /// No article did.
    Unanswered {
        /// What was typed, where it is to be kept.
        text: Option<String>,
    },
}

/// Visits of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeflectionSummary {
    /// Visits that an article solved.
    pub deflected: u64,
    /// Visits that no article solved, of those that searched.
    pub unanswered: u64,
    /// How many visits each article solved, those with most first.
    pub articles: Vec<(String, u64)>,
    /// By day in UTC (2026-11-21), rising: deflected and unanswered visits. Days without either are missing.
    pub days: Vec<(String, u64, u64)>,
}

/// What somebody typed in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnansweredText {
    /// The visit's id.
    pub session_id: String,
    /// When.
    pub at: Timestamp,
    /// Their words.
    pub text: String,
}

impl Store {
    /// Keeps what came of a visit; of all texts only the newest `keep` stay. An article that solved it counts
    /// as feedback with the visit as its occasion. Whether anything is otherwise than before, and what counts
    /// otherwise.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn save_deflection(
        &self,
        deflection: &Deflection,
        keep: u32,
    ) -> Result<FeedbackWritten, StoreError> {
        let write = Write::SaveDeflection(Box::new((self.masked_visit(deflection.clone()), keep)));
        self.writer().write(write).await.map(|written| written.feedback)
    }

    /// What came of the visits from `from` to before `to`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn deflections(&self, from: Timestamp, to: Timestamp) -> Result<DeflectionSummary, StoreError> {
        self.summed(from, to).await.map_err(|error| self.failed(error))
    }

    async fn summed(&self, from: Timestamp, to: Timestamp) -> Result<DeflectionSummary, sqlx::Error> {
        // A visit belongs to the day on which it was first solved, or else first in vain.
        let days = sql::query(
            "WITH visits AS (
                 SELECT session_id, max(CASE WHEN article_id <> '' THEN 1 ELSE 0 END) AS solved,
                     coalesce(min(at) FILTER (WHERE article_id <> ''), min(at)) AS at
                 FROM deflections GROUP BY session_id)
             SELECT substr(at, 1, 10) AS day, sum(solved) AS solved, sum(1 - solved) AS unanswered
             FROM visits WHERE at >= $1 AND at < $2 GROUP BY day ORDER BY day",
        )
        .bind(column::time_text(from))
        .bind(column::time_text(to))
        .fetch_all(self.readers())
        .await?;
        let articles = sql::query(
            "SELECT article_id, count(*) AS solved FROM deflections
             WHERE article_id <> '' AND at >= $1 AND at < $2
             GROUP BY article_id ORDER BY solved DESC, article_id",
        )
        .bind(column::time_text(from))
        .bind(column::time_text(to))
        .fetch_all(self.readers())
        .await?;
        let number = |row: &Row, name| column::unsigned(row.try_get(name)?, name);
        let days: Result<Vec<(String, u64, u64)>, sqlx::Error> = days
            .iter()
            .map(|row| Ok((row.try_get("day")?, number(row, "solved")?, number(row, "unanswered")?)))
            .collect();
        let articles: Result<Vec<(String, u64)>, sqlx::Error> =
            articles.iter().map(|row| Ok((row.try_get("article_id")?, number(row, "solved")?))).collect();
        let (days, articles) = (days?, articles?);
        Ok(DeflectionSummary {
            deflected: days.iter().map(|(_, solved, _)| solved).sum(),
            unanswered: days.iter().map(|(_, _, unanswered)| unanswered).sum(),
            articles,
            days,
        })
    }

    /// Up to `limit` texts that found no answer from `from` to before `to`, the newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn unanswered_texts(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<UnansweredText>, StoreError> {
        let rows = sql::query(
            "SELECT session_id, at, text FROM deflections WHERE text IS NOT NULL AND at >= $1 AND at < $2
             ORDER BY at DESC, session_id DESC LIMIT $3",
        )
        .bind(column::time_text(from))
        .bind(column::time_text(to))
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        let texts = rows.iter().map(|row| {
            Ok(UnansweredText {
                session_id: row.try_get("session_id")?,
                at: column::time(row, "at")?,
                text: row.try_get("text")?,
            })
        });
        texts.collect::<Result<_, sqlx::Error>>().map_err(|error| self.failed(error))
    }
}

/// Saves what came of a visit, and the feedback that follows from it.
pub(super) async fn save(
    connection: &mut Connection,
    deflection: &Deflection,
    keep: u32,
) -> Result<Written, sqlx::Error> {
    let Deflection { session_id, outcome, at } = deflection;
    match outcome {
        DeflectionOutcome::Solved { article_id } => {
            let new = insert(connection, session_id, article_id, None, *at).await?;
            sql::query("UPDATE deflections SET text = NULL WHERE session_id = $1 AND text IS NOT NULL")
                .bind(session_id)
                .execute(&mut *connection)
                .await?;
            let word = Feedback {
                occasion: Occasion::Own(session_id.clone()),
                article_id: article_id.clone(),
                kind: FeedbackKind::Solved,
                at: *at,
            };
            let said = feedback::say(connection, &word, false).await?;
            Ok(Written::feedback(FeedbackWritten { changed: new || said.changed, ..said }))
        }
        DeflectionOutcome::Unanswered { text } => {
            let text = text.as_deref().filter(|_| keep > 0);
            let text = if is_solved(connection, session_id).await? { None } else { text };
            let changed = insert(connection, session_id, "", text, *at).await?;
            forget(connection, keep).await?;
            Ok(Written::feedback(FeedbackWritten { changed, ..FeedbackWritten::default() }))
        }
    }
}

/// Of a visit that says the same again the time stays, and the text is the later one.
async fn insert(
    connection: &mut Connection,
    session_id: &str,
    article_id: &str,
    text: Option<&str>,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let written = sql::query(
        "INSERT INTO deflections (session_id, article_id, text, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (session_id, article_id) DO UPDATE SET text = excluded.text
         WHERE excluded.text IS NOT NULL AND excluded.text IS DISTINCT FROM deflections.text",
    )
    .bind(session_id)
    .bind(article_id)
    .bind(text)
    .bind(column::time_text(at))
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

async fn is_solved(connection: &mut Connection, session_id: &str) -> Result<bool, sqlx::Error> {
    sql::query_scalar("SELECT EXISTS (SELECT 1 FROM deflections WHERE session_id = $1 AND article_id <> '')")
        .bind(session_id)
        .fetch_one(connection)
        .await
}

/// Forgets the texts beyond the newest `keep`; that there was a visit stays.
async fn forget(connection: &mut Connection, keep: u32) -> Result<(), sqlx::Error> {
    sql::query(
        "UPDATE deflections SET text = NULL WHERE article_id = '' AND session_id IN (
             SELECT session_id FROM deflections WHERE text IS NOT NULL
             ORDER BY at DESC, session_id DESC LIMIT 9223372036854775807 OFFSET $1)",
    )
    .bind(keep)
    .execute(connection)
    .await?;
    Ok(())
}
