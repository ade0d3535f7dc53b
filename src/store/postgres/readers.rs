//! Connections for reading, exchanged for others whenever PostgreSQL was lost.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{PgPool, Postgres};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::database::PATIENCE;
use super::Server;
use super::pulse::Pulse;

/// Longest that a read may take, whatever it looks through.
const LONGEST: Duration = Duration::from_secs(600);
/// Rows that are read ahead of whoever takes them.
const AHEAD: usize = 256;

/// A query with its values.
type Query = sqlx::query::Query<'static, Postgres, PgArguments>;

/// The readers of one instance.
#[derive(Debug)]
pub(in crate::store) struct Readers {
    server: Server,
    pulse: Pulse,
    /// `None` once they are closed.
    pool: Mutex<Option<Generation>>,
}

/// Connections that were made between two losses. A pool asks a connection that is given back whether it still
/// answers, for as long as that takes: those of before a loss would hold their places until the system gives them up.
#[derive(Debug)]
struct Generation {
    losses: u64,
    pool: PgPool,
}

impl Readers {
    pub(in crate::store) fn new(server: Server, pulse: Pulse) -> Self {
        let first = Generation { losses: pulse.losses(), pool: server.readers() };
        Self { server, pulse, pool: Mutex::new(Some(first)) }
    }

    /// Where to read, once PostgreSQL answers.
    async fn pool(&self) -> Result<PgPool, sqlx::Error> {
        self.pulse.patient().await?;
        let losses = self.pulse.losses();
        let mut held = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = held.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        if generation.losses != losses {
            *generation = Generation { losses, pool: self.server.readers() };
        }
        Ok(generation.pool.clone())
    }

    /// What `ask` comes to, for as long as PostgreSQL answers.
    pub(in crate::store) async fn answer<T>(
        &self,
        ask: impl AsyncFnOnce(&PgPool) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let pool = self.pool().await?;
        self.pulse.while_it_answers(LONGEST, ask(&pool)).await
    }

    /// The rows one by one.
    pub(in crate::store) fn rows(&self, query: Query) -> BoxStream<'_, Result<PgRow, sqlx::Error>> {
        stream::once(async move {
            let pool = self.pool().await?;
            let (sender, rows) = mpsc::channel(AHEAD);
            let reading = Reading(tokio::spawn(async move {
                let mut read = query.fetch(&pool);
                while let Some(row) = read.next().await {
                    if sender.send(row).await.is_err() {
                        return;
                    }
                }
            }));
            Ok::<_, sqlx::Error>(stream::try_unfold((rows, reading), move |(mut rows, reading)| async move {
                let next = async { rows.recv().await.transpose() };
                let row = self.pulse.while_it_answers(LONGEST, next).await?;
                Ok(row.map(|row| (row, (rows, reading))))
            }))
        })
        .try_flatten()
        .boxed()
    }

    /// Ends all connections; later reads are refused.
    pub(in crate::store) async fn close(&self) {
        let held = self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(generation) = held {
            // Reads in progress end first, unless nobody answers them.
            let _ = tokio::time::timeout(PATIENCE, generation.pool.close()).await;
        }
    }
}

/// A task that reads for somebody, and ends with them.
struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}
