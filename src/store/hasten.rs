//! Jobs that a clock which was ahead has put off.

use jiff::Timestamp;

use super::sql::{self, Connection, QueryBuilder};
use super::writer::Write;
use super::{Store, StoreError, column};

impl Store {
    /// Lets jobs of `kind` be due at `now` that wait for longer than one of this kind ever does: a clock that was ahead
    /// said when they are due. Those at work, or not begun yet, wait until `lease_end` at the most, those that failed
    /// until `retry_end`; `except` are at work with whoever asks. How many there were.
    ///
    /// # Errors
    /// Those of any read, [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn hasten_jobs(
        &self,
        kind: &str,
        now: Timestamp,
        lease_end: Timestamp,
        retry_end: Timestamp,
        except: &[i64],
    ) -> Result<u64, StoreError> {
        let lease_end = lease_end.min(retry_end);
        let mut query = QueryBuilder::new("SELECT id FROM jobs WHERE state = 'waiting' AND kind = ");
        query.push_bind(kind).push(" AND run_at > ").push_bind(column::time_text(lease_end));
        query.push(" AND (error IS NULL OR run_at > ").push_bind(column::time_text(retry_end)).push(")");
        let rows = query.build().fetch_all(self.readers()).await.map_err(|error| self.failed(error))?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<i64>, _>>();
        let mut ids = ids.map_err(|error| self.failed(error))?;
        ids.retain(|id| !except.contains(id));
        if ids.is_empty() {
            return Ok(0);
        }
        self.writer().write(Write::HastenJobs { ids, now }).await.map(|written| written.forgotten)
    }
}

pub(super) async fn hasten(
    connection: &mut Connection,
    ids: &[i64],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let mut hastened = 0;
    for id in ids {
        let done =
            sql::query("UPDATE jobs SET run_at = $2 WHERE id = $1 AND state = 'waiting' AND run_at > $2")
                .bind(*id)
                .bind(column::time_text(now))
                .execute(&mut *connection)
                .await?;
        hastened += done.rows_affected();
    }
    Ok(hastened)
}
