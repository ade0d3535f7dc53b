//! How jobs are written: each within the writer's transaction.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{Job, JobEnd, JobState, NewJob};
use crate::store::column;
use crate::store::sql::{self, Connection, Dialect};
use crate::store::writer::Written;

/// Takes on what is not known yet, also for other writes of the same transaction; for each whether it is new.
pub(in crate::store) async fn enqueue(
    connection: &mut Connection,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut added = Vec::with_capacity(jobs.len());
    for job in jobs {
        let done = sql::query(
            "INSERT INTO jobs (kind, key, subject, payload, state, run_at, created_at)
             VALUES ($1, $2, $3, $4, 'waiting', $5, $6) ON CONFLICT (kind, key) DO NOTHING",
        )
        .bind(job.kind)
        .bind(&job.key)
        .bind(&job.subject)
        .bind(column::json_text(&job.payload)?)
        .bind(column::time_text(job.run_at))
        .bind(column::time_text(now))
        .execute(&mut *connection)
        .await?;
        added.push(done.rows_affected() > 0);
    }
    Ok(added)
}

pub(in crate::store) async fn take(
    connection: &mut Connection,
    except: &[i64],
    kind: &str,
    limit: u32,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Written, sqlx::Error> {
    // What another instance is just taking is left to it.
    let others = match connection.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
    };
    // PostgreSQL knows no empty list; no job has the number 0.
    let except = except.iter().fold("0".to_owned(), |list, id| format!("{list}, {id}"));
    let mut jobs: Vec<Job> = sql::query_as(AssertSqlSafe(format!(
        "UPDATE jobs SET run_at = $4, attempts = attempts + 1, error = NULL WHERE id IN (
             SELECT id FROM jobs AS due
             WHERE kind = $1 AND state = 'waiting' AND run_at <= $2 AND id NOT IN ({except})
               AND (subject IS NULL OR NOT EXISTS (
                   SELECT 1 FROM jobs AS earlier
                   WHERE earlier.kind = $1 AND earlier.subject = due.subject
                     AND earlier.state = 'waiting' AND earlier.id < due.id))
             ORDER BY run_at, id LIMIT $3{others})
         RETURNING *"
    )))
    .bind(kind)
    .bind(column::time_text(now))
    .bind(limit)
    .bind(column::time_text(lease_until))
    .fetch_all(connection)
    .await?;
    jobs.sort_by_key(|job| job.id);
    Ok(Written { jobs, ..Written::default() })
}

pub(in crate::store) async fn renew(
    connection: &mut Connection,
    id: i64,
    attempt: u32,
    lease_until: Timestamp,
) -> Result<bool, sqlx::Error> {
    let renewed =
        sql::query("UPDATE jobs SET run_at = $3 WHERE id = $1 AND attempts = $2 AND state = 'waiting'")
            .bind(id)
            .bind(attempt)
            .bind(column::time_text(lease_until))
            .execute(connection)
            .await?;
    Ok(renewed.rows_affected() > 0)
}

pub(in crate::store) async fn end(
    connection: &mut Connection,
    id: i64,
    attempt: u32,
    end: &JobEnd,
    now: Timestamp,
) -> Result<Written, sqlx::Error> {
    let (state, run_at, error, follows): (_, _, _, &[NewJob]) = match end {
        JobEnd::Done(follows) => (JobState::Done, None, None, follows),
        JobEnd::Retry { at, error } => (JobState::Waiting, Some(*at), Some(error), &[]),
        JobEnd::Dead { error } => (JobState::Dead, None, Some(error), &[]),
    };
    let ended = sql::query(
        "UPDATE jobs SET state = $3, run_at = coalesce($4, run_at), error = $5, finished_at = $6,
             payload = CASE WHEN $3 = 'done' THEN '' ELSE payload END
         WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
    )
    .bind(id)
    .bind(attempt)
    .bind(column::word_text(&state)?)
    .bind(run_at.map(column::time_text))
    .bind(error)
    .bind((state != JobState::Waiting).then(|| column::time_text(now)))
    .execute(&mut *connection)
    .await?;
    let found = ended.rows_affected() > 0;
    let added = if found { enqueue(connection, follows, now).await? } else { Vec::new() };
    Ok(Written { found, added, ..Written::default() })
}

pub(in crate::store) async fn release(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    // Where others share the database, what is at work may be theirs: there a lease ends by itself.
    if connection.dialect() == Dialect::Postgres {
        return Ok(());
    }
    // At work is what was begun and has not failed since; what waits for its next attempt keeps its time.
    sql::query(
        "UPDATE jobs SET run_at = $1 WHERE state = 'waiting' AND attempts > 0 AND error IS NULL AND run_at > $1",
    )
    .bind(column::time_text(now))
    .execute(connection)
    .await?;
    Ok(())
}

pub(in crate::store) async fn revive(
    connection: &mut Connection,
    id: i64,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let revived = sql::query(
        "UPDATE jobs SET state = 'waiting', run_at = $2, attempts = 0, finished_at = NULL
         WHERE id = $1 AND state = 'dead'",
    )
    .bind(id)
    .bind(column::time_text(now))
    .execute(connection)
    .await?;
    Ok(revived.rows_affected() > 0)
}

pub(in crate::store) async fn prune(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<(), sqlx::Error> {
    sql::query("DELETE FROM jobs WHERE state <> 'waiting' AND finished_at < $1")
        .bind(column::time_text(before))
        .execute(connection)
        .await?;
    Ok(())
}
