//! One of several instances does what is done by the clock.
//!
//! The lease is a lock of PostgreSQL's that lasts as long as a connection: whoever holds it leads, and when its process
//! or its connection ends, another one gets it.

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use super::postgres::{Lock, Server};
use super::{Store, StoreError};

/// The lease, and the connection that holds it.
#[derive(Debug)]
pub(super) struct Leader {
    server: Server,
    held: Mutex<Option<PgConnection>>,
}

impl Leader {
    pub(super) fn new(server: Server) -> Self {
        Self { server, held: Mutex::default() }
    }

    /// Where the lease lies.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    async fn leads(&self) -> Result<bool, sqlx::Error> {
        let mut held = self.held.lock().await;
        if let Some(connection) = held.as_mut() {
            if connection.ping().await.is_ok() {
                return Ok(true);
            }
            *held = None;
        }
        let mut connection = self.server.connect().await?;
        let leads: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext(current_schema()))")
            .bind(Lock::Lead.number())
            .fetch_one(&mut connection)
            .await?;
        if leads {
            *held = Some(connection);
        } else {
            let _ = connection.close().await;
        }
        Ok(leads)
    }

    /// Gives the lease back.
    pub(super) async fn resign(&self) {
        if let Some(connection) = self.held.lock().await.take() {
            let _ = connection.close().await;
        }
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
            Some(leader) => leader.leads().await.map_err(|error| self.failed(error)),
            None => Ok(true),
        }
    }
}
