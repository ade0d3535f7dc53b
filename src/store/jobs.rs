//! Jobs: what is to be done outside a request, kept until it is done.
//!
//! A job is taken for the length of a lease. Who ends it says which attempt it was, so that a worker whose lease
//! has run out cannot end what another has taken on since.

mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::column;
use super::sql::{self, FromRow, Row};
use super::writer::Write;
use super::{Store, StoreError};
pub(super) use write::{end, enqueue, prune, release, renew, revive, take};

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Who is to do it, such as `hook`.
    pub kind: &'static str,
    /// What it is; of one kind each key is taken on once, also after it is done, until it is pruned.
    pub key: String,
    /// Of one kind, jobs about the same subject are done one after another in the order of their coming; an
    /// earlier one that waits for its next attempt holds up the later ones, a dead one does not.
    pub subject: Option<String>,
    /// What the worker needs to know.
    pub payload: serde_json::Value,
    /// Not before this time.
    pub run_at: Timestamp,
}

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number, rising.
    pub id: i64,
    /// Who is to do it.
    pub kind: String,
    /// What it is.
    pub key: String,
    /// What it is about.
    pub subject: Option<String>,
    /// What the worker needs to know; `Null` once it is done.
    pub payload: serde_json::Value,
    /// Where it stands.
    pub state: JobState,
    /// When it is due; of one at work, when its lease ends.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempts: u32,
    /// Why the last attempt failed; `None` while it is at work.
    pub error: Option<String>,
    /// When it was taken on.
    pub created_at: Timestamp,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// To be done, or at work.
    Waiting,
    /// Done.
    Done,
    /// Given up: it can be seen, and begun anew.
    Dead,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnd {
    /// Done; what follows from it is taken on in the same transaction.
    Done(Vec<NewJob>),
    /// To be tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it failed, without words of a customer.
        error: String,
    },
    /// Given up.
    Dead {
        /// Why, without words of a customer.
        error: String,
    },
}

/// Which jobs to show.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// In this state.
    pub state: Option<JobState>,
    /// About this subject.
    pub subject: Option<String>,
    /// Older than the one with this number.
    pub before: Option<i64>,
    /// Most of them.
    pub limit: u32,
}

impl Store {
    /// Takes jobs on, all or none: for each, in order, whether it is new. One whose kind and key are known
    /// already changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then none is taken on.
    pub async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.writer().write(Write::Enqueue { jobs, now }).await.map(|written| written.added)
    }

    /// Changes whenever jobs were taken on or begun anew, of whatever kind.
    pub fn jobs_came(&self) -> watch::Receiver<()> {
        self.writer().jobs_came()
    }

    /// Wakes whoever waits for jobs, since another instance has taken some on.
    pub fn jobs_came_elsewhere(&self) {
        self.writer().ring();
    }

    /// Up to `limit` jobs of `kind` that are due at `now`, the longest due first, each begun and leased until
    /// `lease_until`.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then none is begun.
    pub async fn take_jobs(
        &self,
        kind: &str,
        limit: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        self.take_jobs_but(Vec::new(), kind, limit, now, lease_until).await
    }

    /// The same without those that have one of these numbers.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then none is begun.
    pub async fn take_jobs_but(
        &self,
        except: Vec<i64>,
        kind: &str,
        limit: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let write = Write::TakeJobs { except, kind: kind.to_owned(), limit, now, lease_until };
        self.writer().write(write).await.map(|written| written.jobs)
    }

    /// Lengthens the lease of a job at work; `false` if it is not this attempt's any more.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then the lease is as it was.
    pub async fn renew_job(&self, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError> {
        let write = Write::RenewJob { id: job.id, attempt: job.attempts, lease_until };
        self.writer().write(write).await.map(|written| written.found)
    }

    /// Ends an attempt. `false` if it is not this attempt's to end any more: its lease ran out and somebody else
    /// took it, or it is over; then nothing changes, and nothing follows.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then it stays at work until its lease ends.
    pub async fn end_job(&self, job: &Job, end: JobEnd, now: Timestamp) -> Result<bool, StoreError> {
        let write = Write::EndJob(Box::new((job.id, job.attempts, end, now)));
        self.writer().write(write).await.map(|written| written.found)
    }

    /// Ends all leases: what was at work when a process died is due at `now`. Only for a process that has begun
    /// nothing. On PostgreSQL nothing happens: what is at work may be another instance's, and what a dead one had
    /// taken is due when its lease ends.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like.
    pub async fn release_jobs(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer().write(Write::ReleaseJobs { now }).await.map(drop)
    }

    /// Begins a dead job anew, due at `now`; `false` if there is no such dead job.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like.
    pub async fn revive_job(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.writer().write(Write::ReviveJob { id, now }).await.map(|written| written.found)
    }

    /// Forgets jobs that were done or given up before `before`, whose keys may come again, and what updates of
    /// before then held.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like.
    pub async fn prune_jobs(&self, before: Timestamp) -> Result<(), StoreError> {
        self.writer().write(Write::PruneJobs { before }).await.map(drop)
    }

    /// When the next job of `kind` is due, a lease's end included.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn next_job_at(&self, kind: &str) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<Row> = sql::query(
            "SELECT run_at FROM jobs WHERE kind = $1 AND state = 'waiting' ORDER BY run_at, id LIMIT 1",
        )
        .bind(kind)
        .fetch_optional(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        due.map(|row| column::time(&row, "run_at")).transpose().map_err(|error| self.failed(error))
    }

    /// The jobs of a filter, the newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        let state = filter.state.as_ref().map(column::word_text).transpose();
        sql::query_as(
            "SELECT * FROM jobs
             WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR state = $2)
               AND ($3 IS NULL OR subject = $3) AND ($4 IS NULL OR id < $4)
             ORDER BY id DESC LIMIT $5",
        )
        .bind(&filter.kind)
        .bind(state.map_err(|error| self.failed(error))?)
        .bind(&filter.subject)
        .bind(filter.before)
        .bind(filter.limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// The job with this number.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn job(&self, id: i64) -> Result<Option<Job>, StoreError> {
        sql::query_as("SELECT * FROM jobs WHERE id = $1")
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// How many jobs there are by kind and state, of those done the ones that are not pruned yet.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn job_counts(&self) -> Result<BTreeMap<(String, JobState), u64>, StoreError> {
        let rows = sql::query("SELECT kind, state, count(*) AS jobs FROM jobs GROUP BY kind, state")
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))?;
        let count = |row: &Row| -> Result<_, sqlx::Error> {
            let jobs: i64 = row.try_get("jobs")?;
            Ok(((row.try_get("kind")?, column::word(row, "state")?), jobs.unsigned_abs()))
        };
        rows.iter().map(count).collect::<Result<_, _>>().map_err(|error| self.failed(error))
    }
}

impl FromRow for Job {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let payload: &str = row.try_get("payload")?;
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            key: row.try_get("key")?,
            subject: row.try_get("subject")?,
            payload: if payload.is_empty() { serde_json::Value::Null } else { column::json(row, "payload")? },
            state: column::word(row, "state")?,
            run_at: column::time(row, "run_at")?,
            attempts: row.try_get("attempts")?,
            error: row.try_get("error")?,
            created_at: column::time(row, "created_at")?,
            finished_at: column::optional_time(row, "finished_at")?,
        })
    }
}
