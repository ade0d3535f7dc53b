//! What was written into tickets of a helpdesk or would have been, and what the helpdesk said last of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::column;
use super::jobs;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{JobState, NewJob, Store, StoreError};

/// What is to become of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePlan {
    /// It is written into the ticket.
    Write,
    /// It is kept to be looked at, and written nowhere.
    DryRun,
    /// There was nothing to write.
    Nothing,
}

/// What is written into a ticket, once for each version of its words.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateRecord {
    /// Which helpdesk.
    pub product: String,
    /// The ticket's id there.
    pub ticket_id: String,
    /// Of its words.
    pub version: String,
    /// What is to become of it.
    pub plan: UpdatePlan,
    /// What is written; `Null` once it is pruned.
    pub content: serde_json::Value,
    /// When the ticket was answered.
    pub created_at: Timestamp,
}

/// An update with the job that writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptUpdate {
    /// Its number, rising.
    pub id: i64,
    /// The update.
    pub update: UpdateRecord,
    /// The job that writes it, until that is pruned: its number, where it stands, and why its last attempt failed.
    pub job: Option<(i64, JobState, Option<String>)>,
}

/// Where an update stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// It would have been written, but the helpdesk's `dry_run` is on.
    DryRun,
    /// There was nothing to write.
    Nothing,
    /// It is to be written.
    Waiting,
    /// It was written.
    Written,
    /// It could not be written, and was given up.
    Dead,
    /// It is so old that what became of it is not kept any more.
    Forgotten,
}

impl KeptUpdate {
    /// Where it stands.
    pub fn state(&self) -> UpdateState {
        match (self.update.plan, self.job.as_ref().map(|(_, state, _)| *state)) {
            (UpdatePlan::DryRun, _) => UpdateState::DryRun,
            (UpdatePlan::Nothing, _) => UpdateState::Nothing,
            (UpdatePlan::Write, Some(JobState::Waiting)) => UpdateState::Waiting,
            (UpdatePlan::Write, Some(JobState::Dead)) => UpdateState::Dead,
            (UpdatePlan::Write, Some(JobState::Done)) => UpdateState::Written,
            (UpdatePlan::Write, None) => UpdateState::Forgotten,
        }
    }
}

/// Which updates to show.
#[derive(Debug, Clone, Default)]
pub struct UpdateFilter {
    /// Of this helpdesk.
    pub product: Option<String>,
    /// Of this ticket.
    pub ticket_id: Option<String>,
    /// Older than the one with this number.
    pub before: Option<i64>,
    /// Most of them.
    pub limit: u32,
}

/// What a helpdesk said last of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HelpdeskTicket {
    /// The version of the words that were answered last.
    pub version: Option<String>,
    /// When the ticket was changed last, by the helpdesk's clock.
    pub changed_at: Option<Timestamp>,
    /// What stood in its field for the category.
    pub category: Option<String>,
    /// What stood in its field for the priority.
    pub priority: Option<String>,
}

impl Store {
    /// Keeps an update and takes on the jobs that follow from it, all or nothing; `false`, and no job, if this
    /// version of the ticket's words was answered before.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn save_update(
        &self,
        update: UpdateRecord,
        jobs: Vec<NewJob>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = Write::SaveUpdate(Box::new((update, jobs, now)));
        self.writer().write(write).await.map(|written| written.found)
    }

    /// Whether this version of a ticket's words was answered before.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn has_update(
        &self,
        product: &str,
        ticket_id: &str,
        version: &str,
    ) -> Result<bool, StoreError> {
        sql::query("SELECT 1 FROM updates WHERE product = $1 AND ticket_id = $2 AND version = $3")
            .bind(product)
            .bind(ticket_id)
            .bind(version)
            .fetch_optional(self.readers())
            .await
            .map(|row| row.is_some())
            .map_err(|error| self.failed(error))
    }

    /// The updates of a filter, the newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn updates(&self, filter: &UpdateFilter) -> Result<Vec<KeptUpdate>, StoreError> {
        sql::query_as(
            "SELECT updates.*, jobs.id AS job_id, jobs.state AS job_state, jobs.error AS job_error
             FROM updates LEFT JOIN jobs ON jobs.kind = 'write_back'
               AND jobs.key = updates.product || ':' || updates.ticket_id || ':' || updates.version
             WHERE ($1 IS NULL OR product = $1) AND ($2 IS NULL OR ticket_id = $2)
               AND ($3 IS NULL OR updates.id < $3)
             ORDER BY updates.id DESC LIMIT $4",
        )
        .bind(&filter.product)
        .bind(&filter.ticket_id)
        .bind(filter.before)
        .bind(filter.limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// What a helpdesk said last of a ticket.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn helpdesk_ticket(
        &self,
        product: &str,
        ticket_id: &str,
    ) -> Result<Option<HelpdeskTicket>, StoreError> {
        sql::query_as("SELECT * FROM helpdesk_tickets WHERE product = $1 AND ticket_id = $2")
            .bind(product)
            .bind(ticket_id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Keeps what a helpdesk says of a ticket now.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn save_helpdesk_ticket(
        &self,
        product: &str,
        ticket_id: &str,
        ticket: HelpdeskTicket,
    ) -> Result<(), StoreError> {
        let write = Write::SaveHelpdeskTicket(Box::new((product.to_owned(), ticket_id.to_owned(), ticket)));
        self.writer().write(write).await.map(drop)
    }
}

pub(super) async fn save(
    connection: &mut Connection,
    update: &UpdateRecord,
    follows: &[NewJob],
    now: Timestamp,
) -> Result<Written, sqlx::Error> {
    let done = sql::query(
        "INSERT INTO updates (product, ticket_id, version, plan, content, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (product, ticket_id, version) DO NOTHING",
    )
    .bind(&update.product)
    .bind(&update.ticket_id)
    .bind(&update.version)
    .bind(column::word_text(&update.plan)?)
    .bind(column::json_text(&update.content)?)
    .bind(column::time_text(update.created_at))
    .execute(&mut *connection)
    .await?;
    let found = done.rows_affected() > 0;
    let added = if found { jobs::enqueue(connection, follows, now).await? } else { Vec::new() };
    Ok(Written { found, added, ..Written::default() })
}

pub(super) async fn save_ticket(
    connection: &mut Connection,
    product: &str,
    ticket_id: &str,
    ticket: &HelpdeskTicket,
) -> Result<(), sqlx::Error> {
    sql::query(
        "INSERT INTO helpdesk_tickets (product, ticket_id, version, changed_at, category, priority)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (product, ticket_id) DO UPDATE SET
             version = $3, changed_at = $4, category = $5, priority = $6",
    )
    .bind(product)
    .bind(ticket_id)
    .bind(&ticket.version)
    .bind(ticket.changed_at.map(column::time_text))
    .bind(&ticket.category)
    .bind(&ticket.priority)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what older updates held. That they were stays, or their tickets would be answered once more.
pub(super) async fn prune(connection: &mut Connection, before: Timestamp) -> Result<(), sqlx::Error> {
    sql::query("UPDATE updates SET content = '' WHERE content <> '' AND created_at < $1")
        .bind(column::time_text(before))
        .execute(connection)
        .await?;
    Ok(())
}

impl FromRow for KeptUpdate {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let content: &str = row.try_get("content")?;
        let job: Option<i64> = row.try_get("job_id")?;
        let job = match job {
            Some(id) => Some((id, column::word(row, "job_state")?, row.try_get("job_error")?)),
            None => None,
        };
        Ok(Self {
            id: row.try_get("id")?,
            update: UpdateRecord {
                product: row.try_get("product")?,
                ticket_id: row.try_get("ticket_id")?,
                version: row.try_get("version")?,
                plan: column::word(row, "plan")?,
                content: if content.is_empty() {
                    serde_json::Value::Null
                } else {
                    column::json(row, "content")?
                },
                created_at: column::time(row, "created_at")?,
            },
            job,
        })
    }
}

impl FromRow for HelpdeskTicket {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.try_get("version")?,
            changed_at: column::optional_time(row, "changed_at")?,
            category: row.try_get("category")?,
            priority: row.try_get("priority")?,
        })
    }
}
