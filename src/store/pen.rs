//! The writing connection: one transaction for a group of writes, kept whole or not at all.

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::StoreError;
use super::database::PATIENCE;
use super::error;
use super::postgres::{self, Lock, Pulse, is_lost, met_another};
use super::sql::{self, Connection, Dialect, Source};
use super::writer::{Signed, Written, apply};
use super::{news, trail};
use crate::faults;

/// How often a transaction that met another instance's is tried again.
const MEETINGS: u32 = 20;
/// How long to wait before PostgreSQL is asked for another connection.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest that PostgreSQL may take for what is written, whatever it is.
const LONGEST: Duration = Duration::from_secs(600);
/// Longest that its disk may take for a commit.
const COMMIT: Duration = Duration::from_secs(30);

/// The writing connection, and where another comes from.
pub(super) struct Pen {
    connection: Option<Connection>,
    source: Source,
    /// Whether the server is there, where there is one.
    pulse: Option<Pulse>,
    /// By which other instances and this one tell its news apart.
    name: u64,
}

/// Why nothing of a group was kept, or may not have been.
pub(super) enum Failure {
    /// Nothing was kept, since somebody else held the right to write for too long.
    Busy(sqlx::Error),
    /// Nothing was kept, and the same may go well for some of the group alone.
    Refused(sqlx::Error),
    /// Nothing was kept, since the database cannot be reached.
    Unreachable(sqlx::Error),
    /// The connection broke while the group was to be kept: nobody knows whether it was.
    Unsure(sqlx::Error),
}

impl Pen {
    pub(super) fn new(connection: Connection, source: Source, pulse: Option<Pulse>, name: u64) -> Self {
        Self { connection: Some(connection), source, pulse, name }
    }

    /// Whether others write into the same database.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.source, Source::Postgres(_))
    }

    /// Writes all of `writes` or none. On PostgreSQL what certainly was not kept is tried again for a while: a
    /// connection that broke before the end, and a transaction that met another instance's.
    pub(super) async fn commit(&mut self, writes: &[Signed]) -> Result<Vec<Written>, Failure> {
        let (mut failed, mut met) = (None::<Instant>, 0);
        loop {
            let failure = match self.try_commit(writes).await {
                Ok(written) => return Ok(written),
                Err(failure) => failure,
            };
            let pause = match &failure {
                _ if matches!(self.source, Source::Sqlite(_)) => return Err(failure),
                // Whoever comes later than that is refused at once.
                Failure::Unreachable(_) if self.away() >= PATIENCE => return Err(failure),
                Failure::Unreachable(_) if failed.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                    PAUSE
                }
                Failure::Refused(error) if met_another(error) && met < MEETINGS => {
                    met += 1;
                    // Not in step with the one that was met.
                    Duration::from_millis(u64::from(met) * u64::from(std::process::id() % 5 + 1))
                }
                _ => return Err(failure),
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn try_commit(&mut self, writes: &[Signed]) -> Result<Vec<Written>, Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await.map_err(before_the_end)?,
        };
        let writing = write(&mut connection, writes, self.name, self.pulse.as_ref());
        // A panic would end the task that writes, and with it every write to come.
        match AssertUnwindSafe(writing).catch_unwind().await {
            Ok(Ok(written)) => {
                self.connection = Some(connection);
                Ok(written)
            }
            Err(_) => {
                // It is in the middle of something, and ends with it.
                if connection.dialect() == Dialect::Sqlite {
                    drop(connection.close().await);
                }
                Err(Failure::Refused(sqlx::Error::WorkerCrashed))
            }
            Ok(Err(failure)) => {
                // A full disk makes SQLite roll back by itself, and sqlx then no longer knows whether
                // a transaction is open. A fresh connection does.
                match connection.dialect() {
                    Dialect::Sqlite => drop(connection.close().await),
                    Dialect::Postgres => {
                        let refused = matches!(failure, Failure::Refused(_) | Failure::Busy(_));
                        let back =
                            tokio::time::timeout(PATIENCE, sql::query("ROLLBACK").execute(&mut connection));
                        if refused && matches!(back.await, Ok(Ok(_))) {
                            self.connection = Some(connection);
                        }
                    }
                }
                Err(failure)
            }
        }
    }

    /// For how long the server has not answered.
    fn away(&self) -> Duration {
        self.pulse.as_ref().and_then(Pulse::away).unwrap_or_default()
    }

    /// Another connection, once the server is there.
    async fn connect(&self) -> Result<Connection, sqlx::Error> {
        if let Some(pulse) = &self.pulse {
            pulse.patient().await?;
        }
        self.source.connect().await
    }

    /// The error of one write of a group.
    pub(super) fn error(&self, place: &Path, failure: Failure) -> StoreError {
        match (&self.source, failure) {
            (
                Source::Sqlite(_),
                Failure::Busy(error)
                | Failure::Refused(error)
                | Failure::Unreachable(error)
                | Failure::Unsure(error),
            ) => StoreError::from_sqlx(place, error),
            (Source::Postgres(_), Failure::Unsure(error)) => {
                StoreError::Unsure { place: place.to_path_buf(), detail: error.to_string() }
            }
            (
                Source::Postgres(_),
                Failure::Busy(error) | Failure::Refused(error) | Failure::Unreachable(error),
            ) => StoreError::from_postgres(place, error),
        }
    }

    /// Moves the write-ahead log into the database file and closes.
    pub(super) async fn finish(self, place: &Path) -> Result<(), StoreError> {
        let Some(mut connection) = self.connection else {
            return Ok(());
        };
        if connection.dialect() == Dialect::Postgres {
            // Whatever was written is on the server's disk, even if it cannot be told goodbye.
            let _ = tokio::time::timeout(PATIENCE, connection.close()).await;
            return Ok(());
        }
        let failed = |error| StoreError::from_sqlx(place, error);
        sql::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.map_err(failed)?;
        connection.close().await.map_err(failed)
    }
}

/// The failure of something before the transaction's end.
fn before_the_end(error: sqlx::Error) -> Failure {
    if is_lost(&error) { Failure::Unreachable(error) } else { Failure::Refused(error) }
}

async fn write(
    connection: &mut Connection,
    writes: &[Signed],
    name: u64,
    pulse: Option<&Pulse>,
) -> Result<Vec<Written>, Failure> {
    begin(connection, writes, pulse).await.map_err(|error| {
        let is_busy = error::is_busy(&error) || postgres::is_busy(&error);
        if is_busy { Failure::Busy(error) } else { before_the_end(error) }
    })?;
    let writing = async {
        let written = write_in(connection, writes).await?;
        if connection.dialect() == Dialect::Postgres {
            news::tell(connection, name, writes, &written).await?;
        }
        Ok(written)
    };
    let written = while_it_answers(pulse, LONGEST, writing).await.map_err(before_the_end)?;
    let failed = |error: io::Error| Failure::Refused(error.into());
    faults::at("store::before_commit").map_err(failed)?;
    let committing = sql::query("COMMIT").execute(connection);
    while_it_answers(pulse, COMMIT, committing)
        .await
        .map_err(|error| if is_lost(&error) { Failure::Unsure(error) } else { Failure::Refused(error) })?;
    faults::at("store::after_commit").map_err(failed)?;
    Ok(written)
}

/// What `asked` comes to; of a server, for as long as it is there and within `longest`.
async fn while_it_answers<T>(
    pulse: Option<&Pulse>,
    longest: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match pulse {
        Some(pulse) => pulse.while_it_answers(longest, asked).await,
        None => asked.await,
    }
}

async fn begin(
    connection: &mut Connection,
    writes: &[Signed],
    pulse: Option<&Pulse>,
) -> Result<(), sqlx::Error> {
    if connection.dialect() == Dialect::Sqlite {
        // Asks for the right to write at once; a transaction that asks later can be refused halfway.
        return sql::query("BEGIN IMMEDIATE").execute(connection).await.map(drop);
    }
    // Else the connection is dead, and another may do.
    while_it_answers(pulse, PATIENCE, sql::query("BEGIN").execute(&mut *connection)).await?;
    if writes.iter().any(|(write, _)| write.goes_in_turn()) {
        let waiting = sql::query("SELECT pg_advisory_xact_lock($1::INT, hashtext(current_schema()))")
            .bind(i64::from(Lock::Write.number()))
            .execute(connection);
        // The server gives up by itself after that long.
        while_it_answers(pulse, 2 * PATIENCE, waiting).await?;
    }
    Ok(())
}

async fn write_in(connection: &mut Connection, writes: &[Signed]) -> Result<Vec<Written>, sqlx::Error> {
    let mut written = Vec::with_capacity(writes.len());
    for (write, acting) in writes {
        let done = apply(connection, write).await?;
        trail::tell(connection, write, &done, acting.as_ref()).await?;
        written.push(done);
    }
    Ok(written)
}
