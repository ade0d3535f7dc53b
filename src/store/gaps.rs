//! Groups of unanswered tickets as they are kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{Embedding, EventType, NewJob, Store, StoreError, jobs};

/// What people decided about a group of unanswered tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GapState {
    /// Nobody has taken it up.
    #[default]
    Open,
    /// Somebody is to write an article.
    Assigned,
    /// There is a draft.
    Drafted,
    /// The article is out.
    Published,
    /// It is to have no article.
    Dismissed,
    /// No ticket of it has come for long; one that comes opens it again.
    Expired,
}

/// A group of unanswered tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct GapRecord {
    /// The same from run to run, not empty.
    pub id: String,
    /// Its telling words.
    pub name: String,
    /// What people decided.
    pub state: GapState,
    /// Who looks after it.
    pub owner: Option<String>,
    /// The article that is to answer it.
    pub article_id: Option<String>,
    /// Ids of its tickets when they were last put together.
    pub members: Vec<String>,
    /// Middle of their embeddings.
    pub centroid: Embedding,
    /// Their mean answer confidence, 0 to 1; from the publication on as it was then.
    pub confidence: f64,
    /// When it was first found.
    pub first_seen_at: Timestamp,
    /// When it was last found.
    pub last_seen_at: Timestamp,
    /// When its article came out.
    pub published_at: Option<Timestamp>,
}

impl Store {
    /// All groups, in order of id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn gaps(&self) -> Result<Vec<GapRecord>, StoreError> {
        sql::query_as("SELECT * FROM gap_groups ORDER BY id")
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// The group with this id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn gap(&self, id: &str) -> Result<Option<GapRecord>, StoreError> {
        sql::query_as("SELECT * FROM gap_groups WHERE id = $1")
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Keeps groups as they were found, all or none; each that is new is an event. Of one that is known, what people decided stays, but one
    /// that had expired is open again; of a published one its tickets and their confidence stay as they were
    /// then.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn save_gaps(&self, batch: &[GapRecord]) -> Result<(), StoreError> {
        self.writer().write(Write::SaveGaps(batch.to_vec())).await.map(drop)
    }

    /// Keeps what people decided about a group: state, owner, article, and when it was published. Whether there
    /// is such a group.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn decide_gap(&self, gap: &GapRecord) -> Result<bool, StoreError> {
        self.writer().write(Write::DecideGap(Box::new(gap.clone()))).await.map(|written| written.found)
    }
}

/// Saves the batch.
pub(super) async fn save(connection: &mut Connection, batch: &[GapRecord]) -> Result<Written, sqlx::Error> {
    let mut added = Vec::new();
    for gap in batch {
        let known: Option<i64> = sql::query_scalar("SELECT 1 FROM gap_groups WHERE id = $1")
            .bind(&gap.id)
            .fetch_optional(&mut *connection)
            .await?;
        sql::query(
            "INSERT INTO gap_groups (id, name, state, owner, article_id, members, encoder, centroid, confidence,
                 first_seen_at, last_seen_at, published_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (id) DO UPDATE SET
                 name = excluded.name,
                 state = CASE WHEN gap_groups.state = 'expired' THEN 'open' ELSE gap_groups.state END,
                 members = CASE WHEN gap_groups.published_at IS NULL THEN excluded.members
                     ELSE gap_groups.members END,
                 encoder = excluded.encoder, centroid = excluded.centroid,
                 confidence = CASE WHEN gap_groups.published_at IS NULL THEN excluded.confidence
                     ELSE gap_groups.confidence END,
                 last_seen_at = CASE WHEN gap_groups.last_seen_at > excluded.last_seen_at
                     THEN gap_groups.last_seen_at ELSE excluded.last_seen_at END",
        )
        .bind(&gap.id)
        .bind(&gap.name)
        .bind(column::word_text(&gap.state)?)
        .bind(&gap.owner)
        .bind(&gap.article_id)
        .bind(column::json_text(&gap.members)?)
        .bind(&gap.centroid.encoder)
        .bind(column::vector_bytes(&gap.centroid.vector))
        .bind(gap.confidence)
        .bind(column::time_text(gap.first_seen_at))
        .bind(column::time_text(gap.last_seen_at))
        .bind(gap.published_at.map(column::time_text))
        .execute(&mut *connection)
        .await?;
        if known.is_none() {
            added.extend(jobs::enqueue(connection, &[opened(gap)], gap.first_seen_at).await?);
        }
    }
    Ok(Written { added, ..Written::default() })
}

/// The event of a group that is found for the first time. Its telling words come from tickets and stay here.
fn opened(gap: &GapRecord) -> NewJob {
    let data = json!({"gap_id": gap.id, "tickets": gap.members.len(), "answer_confidence": gap.confidence});
    EventType::GapOpened.job(&gap.id, &data, gap.first_seen_at)
}

/// Keeps what people decided.
pub(super) async fn decide(connection: &mut Connection, gap: &GapRecord) -> Result<Written, sqlx::Error> {
    let done = sql::query(
        "UPDATE gap_groups SET state = $2, owner = $3, article_id = $4, published_at = $5 WHERE id = $1",
    )
    .bind(&gap.id)
    .bind(column::word_text(&gap.state)?)
    .bind(&gap.owner)
    .bind(&gap.article_id)
    .bind(gap.published_at.map(column::time_text))
    .execute(connection)
    .await?;
    Ok(Written { found: done.rows_affected() > 0, ..Written::default() })
}

impl FromRow for GapRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            state: column::word(row, "state")?,
            owner: row.try_get("owner")?,
            article_id: row.try_get("article_id")?,
            members: column::json(row, "members")?,
            centroid: Embedding {
                encoder: row.try_get("encoder")?,
                vector: column::vector(row, "centroid")?,
            },
            confidence: row.try_get("confidence")?,
            first_seen_at: column::time(row, "first_seen_at")?,
            last_seen_at: column::time(row, "last_seen_at")?,
            published_at: column::optional_time(row, "published_at")?,
        })
    }
}
