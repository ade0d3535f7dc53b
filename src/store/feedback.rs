//! What was said about articles, and which of it counts.
//!
//! A word of feedback has an occasion: the ticket, or the caller's own id where there is no ticket. On
//! one occasion each kind counts once for an article, however often it is said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{Store, StoreError};

/// What became of an article on one occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedbackKind {
    /// Somebody read it.
    Viewed,
    /// An agent sent it.
    Attached,
    /// It solved the problem.
    Solved,
    /// It was no help.
    Dismissed,
}

/// Where a word of feedback was said; what is said twice on one occasion counts once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// On this ticket.
    Ticket(String),
    /// Without a ticket: the caller's own id.
    Own(String),
}

impl Occasion {
    /// As the two columns have it.
    fn columns(&self) -> (&str, &str) {
        match self {
            Self::Ticket(id) => (id, ""),
            Self::Own(id) => ("", id),
        }
    }
}

/// One word of feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Where it was said.
    pub occasion: Occasion,
    /// Of which article.
    pub article_id: String,
    /// What.
    pub kind: FeedbackKind,
    /// When. Said again, the first time stays.
    pub at: Timestamp,
}

/// What one occasion says of an article's use, and since when; views say nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Voice {
    /// It solved the problem.
    pub solved: Option<Timestamp>,
    /// It was sent.
    pub attached: Option<Timestamp>,
    /// It was no help.
    pub dismissed: Option<Timestamp>,
}

/// An occasion's voice about an article, with its place in the order of the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedVoice {
    /// The article.
    pub article_id: String,
    /// Where it was said.
    pub occasion: Occasion,
    /// What.
    pub voice: Voice,
}

/// How a write changed what one occasion says of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceChange {
    /// The article.
    pub article_id: String,
    /// What counted before.
    pub before: Voice,
    /// What counts now.
    pub after: Voice,
}

/// What a write of feedback did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedbackWritten {
    /// Whether anything is otherwise than before: a word said again changes nothing, nor does taking
    /// back what was never said.
    pub changed: bool,
    /// What counts otherwise now.
    pub voices: Vec<VoiceChange>,
}

/// How many occasions said what about an article, without what was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct FeedbackCounts {
    /// Somebody read it.
    pub viewed: u64,
    /// An agent sent it.
    pub attached: u64,
    /// It solved the problem.
    pub solved: u64,
    /// It was no help.
    pub dismissed: u64,
}

impl Store {
    /// All voices about an article.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn voices_of(&self, article_id: &str) -> Result<Vec<Voice>, StoreError> {
        sql::query_as(
            "SELECT max(CASE kind WHEN 'solved' THEN said_at END) AS solved,
                 max(CASE kind WHEN 'attached' THEN said_at END) AS attached,
                 max(CASE kind WHEN 'dismissed' THEN said_at END) AS dismissed
             FROM feedback WHERE article_id = $1 AND kind <> 'viewed' AND undone_at IS NULL
             GROUP BY ticket_id, own_id",
        )
        .bind(article_id)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// Keeps a word of feedback, or counts it again after it was taken back.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn say(&self, feedback: &Feedback) -> Result<FeedbackWritten, StoreError> {
        self.writer().write(Write::Say(feedback.clone())).await.map(|written| written.feedback)
    }

    /// Takes back exactly this word: its occasion, article and kind; `at` is when.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then it still counts.
    pub async fn take_back(&self, feedback: &Feedback) -> Result<FeedbackWritten, StoreError> {
        self.writer().write(Write::TakeBack(feedback.clone())).await.map(|written| written.feedback)
    }

    /// What was said about an article, counted.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn feedback_counts(&self, article_id: &str) -> Result<FeedbackCounts, StoreError> {
        sql::query_as(
            "SELECT count(*) FILTER (WHERE kind = 'viewed') AS viewed,
                 count(*) FILTER (WHERE kind = 'attached') AS attached,
                 count(*) FILTER (WHERE kind = 'solved') AS solved,
                 count(*) FILTER (WHERE kind = 'dismissed') AS dismissed
             FROM feedback WHERE article_id = $1 AND undone_at IS NULL",
        )
        .bind(article_id)
        .fetch_one(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// What was said on one occasion and still counts, in order of article.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn said_on(&self, occasion: &Occasion) -> Result<Vec<(String, FeedbackKind)>, StoreError> {
        let (query, id) = match occasion {
            Occasion::Ticket(id) => (
                "SELECT article_id, kind FROM feedback
                 WHERE ticket_id = $1 AND ticket_id <> '' AND undone_at IS NULL ORDER BY article_id, kind",
                id,
            ),
            Occasion::Own(id) => (
                "SELECT article_id, kind FROM feedback
                 WHERE own_id = $1 AND own_id <> '' AND undone_at IS NULL ORDER BY article_id, kind",
                id,
            ),
        };
        let rows = sql::query(query).bind(id).fetch_all(self.readers()).await;
        let rows = rows.map_err(|error| self.failed(error))?;
        let said = rows.iter().map(|row| Ok((row.try_get("article_id")?, column::word(row, "kind")?)));
        said.collect::<Result<_, sqlx::Error>>().map_err(|error| self.failed(error))
    }

    /// Up to `limit` voices in order of article and occasion, from the first after `after`, or from the
    /// start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn voices_page(
        &self,
        after: Option<&PlacedVoice>,
        limit: u32,
    ) -> Result<Vec<PlacedVoice>, StoreError> {
        let (ticket_id, own_id) = after.map_or(("", ""), |after| after.occasion.columns());
        sql::query_as(
            "SELECT article_id, ticket_id, own_id,
                 max(CASE kind WHEN 'solved' THEN said_at END) AS solved,
                 max(CASE kind WHEN 'attached' THEN said_at END) AS attached,
                 max(CASE kind WHEN 'dismissed' THEN said_at END) AS dismissed
             FROM feedback
             WHERE (article_id, ticket_id, own_id) > ($1, $2, $3)
                 AND kind <> 'viewed' AND undone_at IS NULL
             GROUP BY article_id, ticket_id, own_id
             ORDER BY article_id, ticket_id, own_id LIMIT $4",
        )
        .bind(after.map_or("", |after| after.article_id.as_str()))
        .bind(ticket_id)
        .bind(own_id)
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }
}

/// Keeps the word; `by_outcome` tells that a ticket's outcome says it.
pub(super) async fn say(
    connection: &mut Connection,
    feedback: &Feedback,
    by_outcome: bool,
) -> Result<FeedbackWritten, sqlx::Error> {
    let before = voice(connection, feedback).await?;
    let (ticket_id, own_id) = feedback.occasion.columns();
    // Of a word that counts the earlier time stays, so that saying it again keeps nothing fresh, and
    // what a person has said is no longer the outcome's to take back.
    let written = sql::query(
        "INSERT INTO feedback (article_id, ticket_id, own_id, kind, said_at, by_outcome)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (article_id, ticket_id, own_id, kind) DO UPDATE SET
             said_at = CASE WHEN feedback.undone_at IS NULL AND feedback.said_at < excluded.said_at
                 THEN feedback.said_at ELSE excluded.said_at END,
             by_outcome = CASE WHEN feedback.undone_at IS NULL AND feedback.by_outcome < excluded.by_outcome
                 THEN feedback.by_outcome ELSE excluded.by_outcome END,
             undone_at = NULL
         WHERE feedback.undone_at IS NOT NULL OR excluded.said_at < feedback.said_at
             OR excluded.by_outcome < feedback.by_outcome",
    )
    .bind(&feedback.article_id)
    .bind(ticket_id)
    .bind(own_id)
    .bind(column::word_text(&feedback.kind)?)
    .bind(column::time_text(feedback.at))
    .bind(by_outcome)
    .execute(&mut *connection)
    .await?;
    finished(connection, feedback, before, written.rows_affected() > 0).await
}

/// Takes the word back.
pub(super) async fn take_back(
    connection: &mut Connection,
    feedback: &Feedback,
) -> Result<FeedbackWritten, sqlx::Error> {
    let before = voice(connection, feedback).await?;
    let (ticket_id, own_id) = feedback.occasion.columns();
    let written = sql::query(
        "UPDATE feedback SET undone_at = $5
         WHERE (article_id, ticket_id, own_id, kind) = ($1, $2, $3, $4) AND undone_at IS NULL",
    )
    .bind(&feedback.article_id)
    .bind(ticket_id)
    .bind(own_id)
    .bind(column::word_text(&feedback.kind)?)
    .bind(column::time_text(feedback.at))
    .execute(&mut *connection)
    .await?;
    finished(connection, feedback, before, written.rows_affected() > 0).await
}

/// The articles that a ticket's outcome said solved it, as far as that still counts.
pub(super) async fn said_by_outcome(
    connection: &mut Connection,
    ticket_id: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sql::query_scalar(
        "SELECT article_id FROM feedback
         WHERE ticket_id = $1 AND ticket_id <> '' AND kind = 'solved' AND by_outcome = 1 AND undone_at IS NULL",
    )
    .bind(ticket_id)
    .fetch_all(connection)
    .await
}

async fn finished(
    connection: &mut Connection,
    feedback: &Feedback,
    before: Voice,
    changed: bool,
) -> Result<FeedbackWritten, sqlx::Error> {
    let after = voice(connection, feedback).await?;
    let change = VoiceChange { article_id: feedback.article_id.clone(), before, after };
    let voices = if before == after { Vec::new() } else { vec![change] };
    Ok(FeedbackWritten { changed, voices })
}

async fn voice(connection: &mut Connection, feedback: &Feedback) -> Result<Voice, sqlx::Error> {
    let (ticket_id, own_id) = feedback.occasion.columns();
    sql::query_as(
        "SELECT max(CASE kind WHEN 'solved' THEN said_at END) AS solved,
             max(CASE kind WHEN 'attached' THEN said_at END) AS attached,
             max(CASE kind WHEN 'dismissed' THEN said_at END) AS dismissed
         FROM feedback WHERE (article_id, ticket_id, own_id) = ($1, $2, $3) AND undone_at IS NULL",
    )
    .bind(&feedback.article_id)
    .bind(ticket_id)
    .bind(own_id)
    .fetch_one(connection)
    .await
}

impl Written {
    /// A write of feedback.
    pub(super) fn feedback(feedback: FeedbackWritten) -> Self {
        Self { feedback, ..Self::default() }
    }
}

impl FromRow for Voice {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            solved: column::optional_time(row, "solved")?,
            attached: column::optional_time(row, "attached")?,
            dismissed: column::optional_time(row, "dismissed")?,
        })
    }
}

impl FromRow for PlacedVoice {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let ticket_id: String = row.try_get("ticket_id")?;
        let occasion = match ticket_id.is_empty() {
            true => Occasion::Own(row.try_get("own_id")?),
            false => Occasion::Ticket(ticket_id),
        };
        Ok(Self { article_id: row.try_get("article_id")?, occasion, voice: Voice::from_row(row)? })
    }
}

impl FromRow for FeedbackCounts {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let count = |column| column::unsigned(row.try_get(column)?, column);
        Ok(Self {
            viewed: count("viewed")?,
            attached: count("attached")?,
            solved: count("solved")?,
            dismissed: count("dismissed")?,
        })
    }
}
