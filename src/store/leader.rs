//! One of several instances does what is done by the clock.
//!
//! The lease is a lock of PostgreSQL's that lasts as long as a connection: whoever holds it leads, and when its process
//! or its connection ends, another one gets it. The server ends the connection when it hears nothing on it for 15
//! seconds; an instance that is cut off knows after six, so that two never lead at a time.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::database::PATIENCE;
use super::postgres::{Heart, Lock, Pulse, Server, is_lost};
use super::{Store, StoreError};

/// How often PostgreSQL is asked whether it is there.
const BEAT: Duration = Duration::from_secs(1);
/// The same while it is not.
const AWAY: Duration = Duration::from_millis(250);

/// The lease, and whether PostgreSQL answers, which is found out on the lease's connection.
#[derive(Debug)]
pub(super) struct Leader {
    lease: Arc<Lease>,
    beating: JoinHandle<()>,
}

#[derive(Debug)]
struct Lease {
    server: Server,
    held: Mutex<Held>,
    heart: Heart,
}

#[derive(Debug, Default)]
struct Held {
    connection: Option<PgConnection>,
    leads: bool,
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

impl Leader {
    /// Begins to ask whether the server is there, on the current runtime.
    pub(super) fn start(server: Server) -> Self {
        let lease = Arc::new(Lease { server, held: Mutex::default(), heart: Heart::default() });
        let beating = tokio::spawn(Arc::clone(&lease).beat());
        Self { lease, beating }
    }

    /// Where the lease lies.
    pub(super) fn server(&self) -> &Server {
        &self.lease.server
    }

    /// Whether the server answers.
    pub(super) fn pulse(&self) -> Pulse {
        self.lease.heart.pulse()
    }

    /// Gives the lease back, and asks no more.
    pub(super) async fn resign(&self) {
        self.beating.abort();
        if let Some(connection) = std::mem::take(&mut *self.lease.held.lock().await).connection {
            let _ = timeout(BEAT, connection.close()).await;
        }
    }
}

impl Lease {
    async fn beat(self: Arc<Self>) {
        loop {
            let answers = self.answers().await;
            self.heart.tell(answers);
            tokio::time::sleep(if answers { BEAT } else { AWAY }).await;
        }
    }

    async fn answers(&self) -> bool {
        let mut held = self.held.lock().await;
        if let Some(connection) = &mut held.connection {
            match timeout(PATIENCE, connection.ping()).await {
                Ok(Ok(())) => return true,
                // It may have been ended alone.
                Ok(Err(_)) => *held = Held::default(),
                Err(_) => {
                    *held = Held::default();
                    return false;
                }
            }
        }
        match self.server.connect_for_lease().await {
            Ok(connection) => {
                held.connection = Some(connection);
                true
            }
            // A server that says no is there.
            Err(error) => !is_lost(&error),
        }
    }

    async fn leads(&self) -> Result<bool, sqlx::Error> {
        self.heart.pulse().now()?;
        let mut held = self.held.lock().await;
        if let Some(connection) = &mut held.connection
            && !matches!(timeout(PATIENCE, connection.ping()).await, Ok(Ok(())))
        {
            *held = Held::default();
        }
        if held.leads {
            return Ok(true);
        }
        let mut connection = match held.connection.take() {
            Some(connection) => connection,
            None => self.server.connect_for_lease().await?,
        };
        let asking = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext(current_schema()))")
            .bind(Lock::Lead.number())
            .fetch_one(&mut connection);
        let leads = timeout(PATIENCE, asking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        *held = Held { connection: Some(connection), leads };
        Ok(leads)
    }
}

impl Store {
    /// Whether this instance is the one that does what is done by the clock. Ask before each time: it may have become
    /// another one's turn.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] and the like; then it is not.
    pub async fn leads(&self) -> Result<bool, StoreError> {
        match self.leader() {
            Some(leader) => leader.lease.leads().await.map_err(|error| self.failed(error)),
            None => Ok(true),
        }
    }

    /// For how long PostgreSQL has not answered, as of a second ago or so; `None` if it does, or if there is none.
    pub fn unanswered_for(&self) -> Option<Duration> {
        self.leader()?.pulse().away()
    }
}
