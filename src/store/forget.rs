//! Forgetting: tickets with all that hangs on them, surveys, and what else is of one person. What is written here
//! leaves nothing of a ticket but, in other tickets' answers, its id, until [`super::references`] takes that out too.

use jiff::Timestamp;
use serde_json::json;

use super::feedback::{FeedbackWritten, Voice, VoiceChange};
use super::retention::{self, Retained};
use super::sql::{self, Connection, FromRow as _, Json, Row};
use super::trail::Change;
use super::writer::{Write, Written};
use super::{Store, StoreError, column, references, requesters};

/// Ids of the helpdesks' tickets: the name of a helpdesk, and what its tickets' ids have before them here.
pub type Prefixes = Vec<(String, String)>;

/// Something to be forgotten, in one transaction.
#[derive(Debug)]
pub(super) enum Forget {
    /// Of this kind what is older than `before`, the `limit` oldest.
    Old { kind: Retained, before: Timestamp, limit: u32, prefixes: Prefixes },
    /// Of a requester these tickets and surveys.
    Of { tickets: Vec<String>, surveys: Vec<String>, prefixes: Prefixes },
    /// All jobs with these numbers; or, where there is one, what they hold in exchange for this.
    Jobs(Vec<(i64, Option<Json>)>),
    /// Signals about this requester.
    SignalsOf(String),
    /// What is kept of the requester alone, with a line in the trail that says how much of what went.
    Requester { id: String, rows: Vec<(&'static str, u64)> },
    /// In groups and signals the ids of tickets and surveys that are gone.
    References(references::Broken),
    /// Kept answers and updates with other content, by their ids.
    Contents(references::Contents),
}

/// What was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Rows of what was asked for: tickets, surveys and so on, without what hangs on them.
    pub rows: u64,
    /// The tickets among them.
    pub tickets: Vec<String>,
    /// What no longer counts as feedback.
    pub voices: Vec<VoiceChange>,
}

impl Store {
    pub(super) async fn forget(&self, forget: Forget) -> Result<Forgotten, StoreError> {
        let written = self.writer().write(Write::Forget(Box::new(forget))).await?;
        Ok(Forgotten { rows: written.forgotten, tickets: written.tickets, voices: written.feedback.voices })
    }

    /// Forgets, of this kind, what is older than `before`, the `limit` oldest rows at most. Asked again until
    /// nothing is forgotten any more, all of it goes.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing of this part is forgotten.
    pub async fn forget_old(
        &self,
        kind: Retained,
        before: Timestamp,
        limit: u32,
        prefixes: &Prefixes,
    ) -> Result<Forgotten, StoreError> {
        self.forget(Forget::Old { kind, before, limit, prefixes: prefixes.clone() }).await
    }

    /// Forgets these tickets with all that hangs on them and these surveys, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is forgotten.
    pub async fn forget_of(
        &self,
        tickets: Vec<String>,
        surveys: Vec<String>,
        prefixes: &Prefixes,
    ) -> Result<Forgotten, StoreError> {
        self.forget(Forget::Of { tickets, surveys, prefixes: prefixes.clone() }).await
    }

    /// Forgets the jobs with these numbers; where there is a payload, the job stays with that instead of its own, unless
    /// it is done.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is forgotten.
    pub async fn forget_jobs(&self, jobs: Vec<(i64, Option<serde_json::Value>)>) -> Result<(), StoreError> {
        let written = |payload: &serde_json::Value| column::json_text(payload);
        let jobs = jobs.iter().map(|(id, payload)| Ok((*id, payload.as_ref().map(written).transpose()?)));
        let jobs = jobs.collect::<Result<_, sqlx::Error>>().map_err(|error| self.failed(error))?;
        self.forget(Forget::Jobs(jobs)).await.map(drop)
    }

    /// Moves what was written into the database file, so that the write-ahead log holds nothing that was forgotten.
    /// Waits some seconds for readers. On PostgreSQL nothing happens.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        if self.is_shared() {
            // PostgreSQL clears away by itself what was deleted.
            return Ok(());
        }
        sql::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(self.readers())
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }
}

/// Forgets.
pub(super) async fn write(connection: &mut Connection, forget: &Forget) -> Result<Written, sqlx::Error> {
    match forget {
        Forget::Old { kind: Retained::Tickets, before, limit, prefixes } => {
            let ids = retention::old_tickets(connection, *before, *limit).await?;
            tickets(connection, ids, prefixes).await
        }
        Forget::Old { kind, before, limit, .. } => {
            retention::forget(connection, *kind, *before, *limit).await.map(Written::forgotten)
        }
        Forget::Of { tickets: ids, surveys, prefixes } => {
            for id in surveys {
                delete(connection, "DELETE FROM surveys WHERE id = $1", id).await?;
            }
            tickets(connection, ids.clone(), prefixes).await
        }
        Forget::Jobs(jobs) => {
            for (id, payload) in jobs {
                let query = sql::query(match payload {
                    Some(_) => "UPDATE jobs SET payload = $2 WHERE id = $1 AND payload <> ''",
                    None => "DELETE FROM jobs WHERE id = $1 AND $2 IS NULL",
                });
                query.bind(*id).bind(payload.clone()).execute(&mut *connection).await?;
            }
            Ok(Written::default())
        }
        Forget::SignalsOf(id) => {
            requesters::forget_signals(connection, id).await.map(|()| Written::default())
        }
        Forget::Requester { id, .. } => requesters::end(connection, id).await,
        Forget::References(broken) => references::tidy(connection, broken).await.map(Written::forgotten),
        Forget::Contents(contents) => references::rewrite(connection, contents).await.map(Written::forgotten),
    }
}

/// What the trail tells of it.
pub(super) fn told(forget: &Forget, written: &Written) -> Option<Change> {
    let Forget::Requester { rows, .. } = forget else { return None };
    let rows: serde_json::Map<String, serde_json::Value> =
        rows.iter().map(|(kind, rows)| ((*kind).to_owned(), json!(rows))).collect();
    let subject = written.subject.clone()?;
    Some(Change { action: "requester.erase", subject, detail: json!({ "rows": rows }) })
}

/// Forgets tickets with all that hangs on them. A survey stays that another rule keeps; what it does not say of its
/// ticket it gets from there first, so that trends stay as they are and its requester is known.
async fn tickets(
    connection: &mut Connection,
    ids: Vec<String>,
    prefixes: &Prefixes,
) -> Result<Written, sqlx::Error> {
    let mut voices = Vec::new();
    for id in &ids {
        delete(connection, COMPLETE_SURVEYS, id).await?;
        voices.extend(silenced(connection, id).await?);
        // Whether a rule still holds of those whose ticket it was has to be looked at.
        for whom in [REQUESTER_LOOKED_AT, ORGANIZATION_LOOKED_AT] {
            delete(connection, whom, id).await?;
        }
        for statement in OF_TICKET {
            delete(connection, statement, id).await?;
        }
        for (product, prefix) in prefixes {
            let Some(own) = id.strip_prefix(prefix.as_str()) else { continue };
            for statement in OF_HELPDESK {
                sql::query(statement).bind(own).bind(product).execute(&mut *connection).await?;
            }
        }
    }
    Ok(Written {
        forgotten: ids.len() as u64,
        feedback: FeedbackWritten { changed: !voices.is_empty(), voices },
        tickets: ids,
        ..Written::default()
    })
}

async fn delete(connection: &mut Connection, statement: &'static str, id: &str) -> Result<(), sqlx::Error> {
    sql::query(statement).bind(id).execute(connection).await.map(drop)
}

const COMPLETE_SURVEYS: &str = "UPDATE surveys SET
        requester_id = coalesce(requester_id, (SELECT t.requester_id FROM tickets t WHERE t.id = $1)),
        organization_id = coalesce(organization_id, (SELECT t.organization_id FROM tickets t WHERE t.id = $1)),
        agent_group = coalesce(agent_group, (SELECT t.agent_group FROM tickets t WHERE t.id = $1)),
        channel = coalesce(channel, (SELECT t.channel FROM tickets t WHERE t.id = $1)),
        category = coalesce(category, (SELECT t.final_category FROM tickets t WHERE t.id = $1),
            (SELECT f.category FROM findings f WHERE f.ticket_id = $1))
     WHERE ticket_id = $1";
const REQUESTER_LOOKED_AT: &str = "INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
     SELECT 'requester', requester_id, '' FROM tickets WHERE id = $1 AND requester_id IS NOT NULL
     ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = signal_agenda.changes + 1";
const ORGANIZATION_LOOKED_AT: &str = "INSERT INTO signal_agenda (subject_kind, subject_id, look_at)
     SELECT 'organization', organization_id, '' FROM tickets WHERE id = $1 AND organization_id IS NOT NULL
     ON CONFLICT (subject_kind, subject_id) DO UPDATE SET look_at = '', changes = signal_agenda.changes + 1";
/// The ticket itself last: others refer to it.
const OF_TICKET: [&str; 7] = [
    "DELETE FROM feedback WHERE ticket_id = $1 AND ticket_id <> ''",
    "DELETE FROM findings WHERE ticket_id = $1",
    "DELETE FROM predictions WHERE ticket_id = $1",
    "DELETE FROM ticket_events WHERE ticket_id = $1",
    "DELETE FROM signals WHERE subject_kind = 'ticket' AND subject_id = $1",
    "DELETE FROM signal_agenda WHERE subject_kind = 'ticket' AND subject_id = $1",
    "DELETE FROM tickets WHERE id = $1",
];
const OF_HELPDESK: [&str; 2] = [
    "DELETE FROM updates WHERE ticket_id = $1 AND product = $2",
    "DELETE FROM helpdesk_tickets WHERE ticket_id = $1 AND product = $2",
];

/// What will count no more once the feedback on the ticket is gone.
async fn silenced(connection: &mut Connection, ticket_id: &str) -> Result<Vec<VoiceChange>, sqlx::Error> {
    let rows = sql::query(
        "SELECT article_id,
             max(CASE kind WHEN 'solved' THEN said_at END) AS solved,
             max(CASE kind WHEN 'attached' THEN said_at END) AS attached,
             max(CASE kind WHEN 'dismissed' THEN said_at END) AS dismissed
         FROM feedback WHERE ticket_id = $1 AND ticket_id <> '' AND undone_at IS NULL GROUP BY article_id",
    )
    .bind(ticket_id)
    .fetch_all(connection)
    .await?;
    let change = |row: &Row| {
        Ok(VoiceChange {
            article_id: row.try_get("article_id")?,
            before: Voice::from_row(row)?,
            after: Voice::default(),
        })
    };
    rows.iter().map(change).collect()
}

impl Written {
    /// So many rows went.
    pub(super) fn forgotten(forgotten: u64) -> Self {
        Self { forgotten, ..Self::default() }
    }
}

/// How many, and the oldest.
pub(super) fn counted(row: &Row) -> Result<(u64, Option<Timestamp>), sqlx::Error> {
    Ok((column::unsigned(row.try_get("held")?, "held")?, column::optional_time(row, "oldest")?))
}
