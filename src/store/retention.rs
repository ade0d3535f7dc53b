//! What is older than a time: how much there is of it, and forgetting it part by part.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::forget::counted;
use super::sql::{self, Connection};
use super::{Store, StoreError, column};

/// A kind of what is kept for a time only, where a site says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retained {
    /// Tickets with their predictions, outcomes, timelines and feedback, by when they came in, were solved or were
    /// changed in their status, whichever was last.
    Tickets,
    /// Surveys with their follow-ups, by when they were answered.
    Surveys,
    /// What customers typed in vain in a portal; that there was a visit stays.
    Deflections,
    /// Updates of tickets of a helpdesk, what it said of them, and the jobs that are over.
    Updates,
    /// Sign-ins, by when they were last seen.
    SignIns,
    /// What is left of deleted articles, by when they were deleted.
    DeletedArticles,
}

impl Retained {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Tickets,
        Self::Surveys,
        Self::Deflections,
        Self::Updates,
        Self::SignIns,
        Self::DeletedArticles,
    ];

    /// Its name in settings, tables and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Surveys => "surveys",
            Self::Deflections => "deflections",
            Self::Updates => "updates",
            Self::SignIns => "sign_ins",
            Self::DeletedArticles => "deleted_articles",
        }
    }

    /// How many rows are older than `$1`, and the oldest of them.
    fn counting(self) -> &'static str {
        match self {
            Self::Tickets => {
                "SELECT count(*) AS held, min(coalesce(created_at, solved_at, status_at)) AS oldest FROM tickets
                 WHERE (created_at < $1 OR created_at IS NULL)
                   AND coalesce(solved_at, '') < $1 AND coalesce(status_at, '') < $1
                   AND coalesce(created_at, solved_at, status_at) IS NOT NULL"
            }
            Self::Surveys => {
                "SELECT count(*) AS held, min(answered_at) AS oldest FROM surveys WHERE answered_at < $1"
            }
            Self::Deflections => {
                "SELECT count(*) AS held, min(at) AS oldest FROM deflections WHERE at < $1 AND text IS NOT NULL"
            }
            Self::Updates => {
                "SELECT count(*) AS held, min(at) AS oldest FROM (
                     SELECT created_at AS at FROM updates WHERE created_at < $1
                     UNION ALL SELECT finished_at AS at FROM jobs
                         WHERE state IN ('done', 'dead') AND finished_at < $1
                     UNION ALL SELECT changed_at AS at FROM helpdesk_tickets WHERE changed_at < $1) AS old"
            }
            Self::SignIns => "SELECT count(*) AS held, min(seen_at) AS oldest FROM sessions WHERE seen_at < $1",
            Self::DeletedArticles => {
                "SELECT count(*) AS held, min(deleted_at) AS oldest FROM deleted_articles WHERE deleted_at < $1"
            }
        }
    }

    /// What makes the oldest `$2` rows go that are older than `$1`.
    fn forgetting(self) -> &'static [&'static str] {
        match self {
            // Tickets go one by one, with all that hangs on them.
            Self::Tickets => &[],
            Self::Surveys => &["DELETE FROM surveys WHERE id IN (
                 SELECT id FROM surveys WHERE answered_at < $1 ORDER BY answered_at, id LIMIT $2)"],
            Self::Deflections => &["UPDATE deflections SET text = NULL
                 WHERE text IS NOT NULL AND at < $1 AND session_id IN (
                     SELECT session_id FROM deflections WHERE text IS NOT NULL AND at < $1
                     ORDER BY at, session_id LIMIT $2)"],
            Self::Updates => &[
                "DELETE FROM updates WHERE id IN (
                     SELECT id FROM updates WHERE created_at < $1 ORDER BY created_at, id LIMIT $2)",
                "DELETE FROM jobs WHERE id IN (
                     SELECT id FROM jobs WHERE state IN ('done', 'dead') AND finished_at < $1 LIMIT $2)",
                "DELETE FROM helpdesk_tickets WHERE (product, ticket_id) IN (
                     SELECT product, ticket_id FROM helpdesk_tickets WHERE changed_at < $1
                     ORDER BY changed_at LIMIT $2)",
            ],
            Self::SignIns => &["DELETE FROM sessions WHERE hash IN (
                 SELECT hash FROM sessions WHERE seen_at < $1 LIMIT $2)"],
            Self::DeletedArticles => &["DELETE FROM deleted_articles WHERE id IN (
                 SELECT id FROM deleted_articles WHERE deleted_at < $1 ORDER BY deleted_at, id LIMIT $2)"],
        }
    }
}

impl Store {
    /// How many rows of this kind are older than `before`, and when the oldest of them is from.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn count_old(
        &self,
        kind: Retained,
        before: Timestamp,
    ) -> Result<(u64, Option<Timestamp>), StoreError> {
        let row = sql::query(kind.counting())
            .bind(column::time_text(before))
            .fetch_one(self.readers())
            .await
            .map_err(|error| self.failed(error))?;
        counted(&row).map_err(|error| self.failed(error))
    }

    /// How many tickets there are of which nobody has said when they were: no retention reaches them.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn undated_tickets(&self) -> Result<u64, StoreError> {
        self.number(
            "SELECT count(*) FROM tickets WHERE created_at IS NULL AND solved_at IS NULL AND status_at IS NULL",
        )
        .await
    }
}

/// The oldest tickets that are older than `before`.
pub(super) async fn old_tickets(
    connection: &mut Connection,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<String>, sqlx::Error> {
    // In two parts, so that each walks along the index of times.
    let before = column::time_text(before);
    let mut ids: Vec<String> = Vec::new();
    for statement in [
        "SELECT id FROM tickets WHERE created_at < $1
           AND coalesce(solved_at, '') < $1 AND coalesce(status_at, '') < $1
         ORDER BY created_at, id LIMIT $2",
        "SELECT id FROM tickets WHERE created_at IS NULL AND coalesce(solved_at, status_at) IS NOT NULL
           AND coalesce(solved_at, '') < $1 AND coalesce(status_at, '') < $1
         ORDER BY id LIMIT $2",
    ] {
        let room = i64::from(limit) - ids.len() as i64;
        let found = sql::query_scalar(statement).bind(&before).bind(room).fetch_all(&mut *connection);
        ids.extend(found.await?);
    }
    Ok(ids)
}

/// Forgets the oldest rows of another kind; how many.
pub(super) async fn forget(
    connection: &mut Connection,
    kind: Retained,
    before: Timestamp,
    limit: u32,
) -> Result<u64, sqlx::Error> {
    let mut rows = 0;
    for statement in kind.forgetting() {
        let done = sql::query(*statement)
            .bind(column::time_text(before))
            .bind(i64::from(limit))
            .execute(&mut *connection)
            .await?;
        rows += done.rows_affected();
    }
    Ok(rows)
}
