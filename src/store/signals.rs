//! Signals that a customer may be lost: raised once, kept until they no longer hold, and the agenda of whom to
//! look at when.
//!
//! Triggers of the tables put whoever had something happen to them on the agenda, so that no writer can
//! forget to.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::signal::{Evidence, SignalRecord, SignalRule, SignalState, Subject, SubjectKind};
use super::sql::{self, Connection, FromRow, QueryBuilder, Row};
use super::writer::{Write, Written};
use super::{NewJob, Store, StoreError, column, jobs};

/// Which signals to list.
#[derive(Debug, Clone, Default)]
pub struct SignalFilter {
    /// In one of these states; in any, if there is none.
    pub states: Vec<SignalState>,
    /// Of this rule.
    pub rule: Option<SignalRule>,
    /// About subjects of this kind.
    pub kind: Option<SubjectKind>,
    /// About the subjects with this id.
    pub subject_id: Option<String>,
    /// Older than this one.
    pub before: Option<SignalPlace>,
    /// Most of them.
    pub limit: u32,
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalPlace {
    /// When the last signal before was raised.
    pub raised_at: Timestamp,
    /// Its id.
    pub id: String,
}

/// Somebody to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whom.
    pub subject: Subject,
    /// How often something had happened to them when they were taken from the agenda.
    pub changes: i64,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// At whom, as they stood on the agenda; `None` for what does not stand there.
    pub due: Option<Due>,
    /// When to look again if nothing happens.
    pub again_at: Option<Timestamp>,
    /// What each rule says: about what, and on what grounds it holds, if it does.
    pub verdicts: Vec<(SignalRule, Subject, Option<Evidence>)>,
}

impl Store {
    /// Up to `limit` of those to be looked at by `now`, the longest due first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn signals_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Due>, StoreError> {
        sql::query_as(
            "SELECT subject_kind, subject_id, changes FROM signal_agenda WHERE look_at <= $1
             ORDER BY look_at LIMIT $2",
        )
        .bind(column::time_text(now))
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))
    }

    /// Keeps what looks found, all or nothing: what newly holds is raised and announced by a job of the kind
    /// `event` in the same transaction, what holds on gets the new evidence, what no longer holds is resolved.
    /// Answers the signals that are new.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept, and all are still to be looked at.
    pub async fn save_looks(
        &self,
        looks: Vec<Looked>,
        now: Timestamp,
    ) -> Result<Vec<SignalRecord>, StoreError> {
        self.writer().write(Write::SaveLooks { looks, now }).await.map(|written| written.signals)
    }

    /// Sets a signal aside; the first who does so is kept. `false` if there is no such signal.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing changes.
    pub async fn dismiss_signal(&self, id: &str, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        let write = Write::DismissSignal { id: id.to_owned(), by: by.to_owned(), now };
        self.writer().write(write).await.map(|written| written.found)
    }

    /// The signal with this id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn signal(&self, id: &str) -> Result<Option<SignalRecord>, StoreError> {
        sql::query_as("SELECT * FROM signals WHERE id = $1")
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// The signals of a filter, the newest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn signals(&self, filter: &SignalFilter) -> Result<Vec<SignalRecord>, StoreError> {
        let word = |error| self.failed(error);
        let mut query = QueryBuilder::new("SELECT * FROM signals WHERE true");
        if !filter.states.is_empty() {
            query.push(" AND (false");
            for state in &filter.states {
                query.push(match state {
                    SignalState::Open => " OR (resolved_at IS NULL AND dismissed_at IS NULL)",
                    SignalState::Dismissed => " OR (resolved_at IS NULL AND dismissed_at IS NOT NULL)",
                    SignalState::Resolved => " OR resolved_at IS NOT NULL",
                });
            }
            query.push(")");
        }
        // The index of those that stand is used only where the condition says so by itself.
        if !filter.states.is_empty() && !filter.states.contains(&SignalState::Resolved) {
            query.push(" AND resolved_at IS NULL");
        }
        if let Some(rule) = &filter.rule {
            query.push(" AND rule = ").push_bind(column::word_text(rule).map_err(word)?);
        }
        if let Some(kind) = &filter.kind {
            query.push(" AND subject_kind = ").push_bind(column::word_text(kind).map_err(word)?);
        }
        if let Some(id) = &filter.subject_id {
            query.push(" AND subject_id = ").push_bind(id.clone());
        }
        if let Some(place) = &filter.before {
            query.push(" AND (raised_at, id) < (").push_bind(column::time_text(place.raised_at));
            query.push(", ").push_bind(place.id.clone()).push(")");
        }
        query.push(" ORDER BY raised_at DESC, id DESC LIMIT ").push_bind(filter.limit);
        query.build_query_as().fetch_all(self.readers()).await.map_err(|error| self.failed(error))
    }
}

/// Keeps what looks found.
pub(super) async fn save_looks(
    connection: &mut Connection,
    looks: &[Looked],
    now: Timestamp,
) -> Result<Written, sqlx::Error> {
    let mut signals = Vec::new();
    for look in looks {
        for (rule, subject, evidence) in &look.verdicts {
            signals.extend(judge(connection, *rule, subject, evidence.as_ref(), now).await?);
        }
        if let Some(due) = &look.due {
            look_again(connection, due, look.again_at).await?;
        }
    }
    Ok(Written { signals, ..Written::default() })
}

/// Brings the one signal of a rule and a subject in step; answers it if it is new.
async fn judge(
    connection: &mut Connection,
    rule: SignalRule,
    subject: &Subject,
    evidence: Option<&Evidence>,
    now: Timestamp,
) -> Result<Option<SignalRecord>, sqlx::Error> {
    let (rule_text, kind) = (column::word_text(&rule)?, column::word_text(&subject.kind)?);
    let at = column::time_text(now);
    let sql = if evidence.is_some() {
        "UPDATE signals SET evidence = $5
         WHERE rule = $1 AND subject_kind = $2 AND subject_id = $3 AND resolved_at IS NULL AND $4 = $4"
    } else {
        "UPDATE signals SET resolved_at = $4
         WHERE rule = $1 AND subject_kind = $2 AND subject_id = $3 AND resolved_at IS NULL AND $5 IS NULL"
    };
    let standing = sql::query(sql)
        .bind(&rule_text)
        .bind(&kind)
        .bind(&subject.id)
        .bind(&at)
        .bind(evidence.map(column::json_text).transpose()?)
        .execute(&mut *connection)
        .await?;
    let Some(evidence) = evidence.filter(|_| standing.rows_affected() == 0) else {
        return Ok(None);
    };
    let digest = Sha256::digest(format!("{rule_text}\n{kind}\n{}\n{at}", subject.id));
    let id: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let signal = SignalRecord {
        id,
        rule,
        subject: subject.clone(),
        raised_at: now,
        evidence: evidence.clone(),
        resolved_at: None,
        dismissed_at: None,
        dismissed_by: None,
    };
    raise(connection, &signal).await?;
    Ok(Some(signal))
}

/// Keeps a new signal and takes on its announcement.
async fn raise(connection: &mut Connection, signal: &SignalRecord) -> Result<(), sqlx::Error> {
    sql::query(
        "INSERT INTO signals (id, rule, subject_kind, subject_id, raised_at, evidence)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&signal.id)
    .bind(column::word_text(&signal.rule)?)
    .bind(column::word_text(&signal.subject.kind)?)
    .bind(&signal.subject.id)
    .bind(column::time_text(signal.raised_at))
    .bind(column::json_text(&signal.evidence)?)
    .execute(&mut *connection)
    .await?;
    let data = json!({
        "signal_id": signal.id, "rule": signal.rule, "subject": signal.subject,
        "raised_at": signal.raised_at, "evidence": signal.evidence,
    });
    let job = NewJob {
        kind: "event",
        key: format!("signal:{}", signal.id),
        subject: None,
        payload: json!({"type": signal.rule.event(), "data": data}),
        run_at: signal.raised_at,
    };
    jobs::enqueue(connection, &[job], signal.raised_at).await.map(drop)
}

/// Sets the time of the next look, unless something has happened since this one began.
async fn look_again(
    connection: &mut Connection,
    due: &Due,
    again_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    let sql = match again_at {
        Some(_) => {
            "UPDATE signal_agenda SET look_at = $4
             WHERE subject_kind = $1 AND subject_id = $2 AND changes = $3"
        }
        None => {
            "DELETE FROM signal_agenda
             WHERE subject_kind = $1 AND subject_id = $2 AND changes = $3 AND $4 IS NULL"
        }
    };
    sql::query(sql)
        .bind(column::word_text(&due.subject.kind)?)
        .bind(&due.subject.id)
        .bind(due.changes)
        .bind(again_at.map(column::time_text))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn dismiss(
    connection: &mut Connection,
    id: &str,
    by: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sql::query(
        "UPDATE signals SET dismissed_by = CASE WHEN dismissed_at IS NULL THEN $2 ELSE dismissed_by END,
             dismissed_at = coalesce(dismissed_at, $3)
         WHERE id = $1",
    )
    .bind(id)
    .bind(by)
    .bind(column::time_text(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn subject(row: &Row) -> Result<Subject, sqlx::Error> {
    Ok(Subject { kind: column::word(row, "subject_kind")?, id: row.try_get("subject_id")? })
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self { subject: subject(row)?, changes: row.try_get("changes")? })
    }
}

impl FromRow for SignalRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            rule: column::word(row, "rule")?,
            subject: subject(row)?,
            raised_at: column::time(row, "raised_at")?,
            evidence: column::json(row, "evidence")?,
            resolved_at: column::optional_time(row, "resolved_at")?,
            dismissed_at: column::optional_time(row, "dismissed_at")?,
            dismissed_by: row.try_get("dismissed_by")?,
        })
    }
}
