//! How trainings on the site's own tickets went.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{Store, StoreError, column};

/// A training on the site's own tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// Its number, rising; 0 before it is kept.
    pub id: i64,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// How it ended.
    pub state: TrainingState,
    /// What was selected, the verdict, or why it failed; no words of a ticket.
    pub result: serde_json::Value,
}

/// Where a training stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrainingState {
    /// It is at work.
    Running,
    /// Its bundle answers.
    Promoted,
    /// Its bundle is not better.
    Refused,
    /// It could not be carried out.
    Failed,
    /// There was too little to learn from.
    Nothing,
}

/// Most trainings that are remembered.
const REMEMBERED: u32 = 100;

impl Store {
    /// Keeps a training that begins; its number. Of old ones the last hundred are remembered.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like.
    pub async fn begin_training(&self, began_at: Timestamp) -> Result<i64, StoreError> {
        self.writer().write(Write::BeginTraining { began_at }).await.map(|written| written.training)
    }

    /// Keeps how a training ended; `false` if there is no such training at work.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then it stays at work.
    pub async fn end_training(&self, training: &Training) -> Result<bool, StoreError> {
        let write = Write::EndTraining(Box::new(training.clone()));
        self.writer().write(write).await.map(|written| written.found)
    }

    /// Up to `limit` trainings, the newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn trainings(&self, limit: u32) -> Result<Vec<Training>, StoreError> {
        sql::query_as("SELECT * FROM trainings ORDER BY id DESC LIMIT $1")
            .bind(limit)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }
}

pub(super) async fn begin(connection: &mut Connection, began_at: Timestamp) -> Result<Written, sqlx::Error> {
    let id: i64 = sql::query_scalar(
        "INSERT INTO trainings (began_at, state, result) VALUES ($1, 'running', 'null') RETURNING id",
    )
    .bind(column::time_text(began_at))
    .fetch_one(&mut *connection)
    .await?;
    sql::query("DELETE FROM trainings WHERE id <= $1 - $2")
        .bind(id)
        .bind(REMEMBERED)
        .execute(connection)
        .await?;
    Ok(Written { training: id, ..Written::default() })
}

pub(super) async fn end(connection: &mut Connection, training: &Training) -> Result<Written, sqlx::Error> {
    let ended = sql::query(
        "UPDATE trainings SET finished_at = $2, state = $3, result = $4 WHERE id = $1 AND state = 'running'",
    )
    .bind(training.id)
    .bind(training.finished_at.map(column::time_text))
    .bind(column::word_text(&training.state)?)
    .bind(column::json_text(&training.result)?)
    .execute(connection)
    .await?;
    Ok(Written { found: ended.rows_affected() > 0, ..Written::default() })
}

impl FromRow for Training {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            began_at: column::time(row, "began_at")?,
            finished_at: column::optional_time(row, "finished_at")?,
            state: column::word(row, "state")?,
            result: column::json(row, "result")?,
        })
    }
}
