//! The store in PostgreSQL, where several instances share one.
//!
//! Each instance has its own writer; what relies on one writer (the numbers of changes, the chain of the trail,
//! whatever is read and then written) waits for one lock that all share (`writer.rs`). Tables, locks and channels
//! belong to the schema that the user's search path begins with, so that one database may hold several stores.

mod errors;
mod pulse;
mod readers;

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection, PgPool};

use super::StoreError;
use super::database::PATIENCE;
use super::sql::Dialect;
use super::steps::steps;
use crate::config::Secret;

pub(super) use errors::{is_busy, is_lost, met_another};
pub(super) use pulse::{Heart, Pulse};
pub(super) use readers::Readers;

/// Reads that run at the same time, of one instance.
const READERS: u32 = 16;
/// How long the server keeps a transaction in which nothing comes: longer than any pause of an instance that is well,
/// and what it has locked keeps the others waiting.
const ALONE: Duration = Duration::from_secs(10);
/// The first half of the numbers of our locks, so that no other program's are met: "desk" as four bytes.
const LOCKS: i32 = i32::from_be_bytes(*b"desk");

/// Where the database is, and how to get there.
#[derive(Debug, Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
    place: PathBuf,
}

impl Server {
    /// From the setting `url`.
    pub(super) fn new(url: &Secret) -> Result<Self, StoreError> {
        let unfit = |detail: String| StoreError::Refused { place: "store.url".into(), detail };
        let url = url.resolved().map_err(|error| unfit(error.to_string()))?;
        // What is wrong with an address may quote it, and the password stands in it.
        let wrong =
            || unfit("it is not an address such as postgres://user:password@host:5432/deskhand".into());
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme)) {
            return Err(wrong());
        }
        let options = PgConnectOptions::from_str(url.expose()).map_err(|_| wrong())?;
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let place = format!("postgres://{}@{host}:{}/{database}", options.get_username(), options.get_port());
        let patience = PATIENCE.as_millis().to_string();
        let alone = ALONE.as_millis().to_string();
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("deskhand"),
        };
        // What is held for an instance that the server hears nothing of any more is given back: a transaction with its
        // locks, then the connection.
        let settings = [
            ("lock_timeout", patience.as_str()),
            ("idle_in_transaction_session_timeout", alone.as_str()),
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "25000"),
        ];
        Ok(Self { options: options.options(settings).disable_statement_logging(), place: place.into() })
    }

    /// The address without its password, for people.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// A connection for writing: a commit is on the disk before it is answered, whatever the server is set to.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.connect_and(
            "SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') IN ('off', 'local')",
        )
        .await
    }

    /// A connection for the lease, which ends, and the lease with it, when nothing is heard on it for a while. Servers
    /// before PostgreSQL 14 do not have that; there a lease ends when TCP notices that nobody is there.
    pub(super) async fn connect_for_lease(&self) -> Result<PgConnection, sqlx::Error> {
        self.connect_and(
            "SELECT set_config(name, '15000', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
        )
        .await
    }

    async fn connect_and(&self, prepare: &'static str) -> Result<PgConnection, sqlx::Error> {
        let connecting = async {
            let mut connection = self.options.connect().await?;
            sqlx::query(prepare).execute(&mut connection).await?;
            Ok(connection)
        };
        tokio::time::timeout(PATIENCE, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Connections for reading, opened on demand.
    fn readers(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy_with(self.options.clone().options([("default_transaction_read_only", "on")]))
    }

    /// One connection that stays, for notifications.
    pub(super) fn listening(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(self.options.clone())
    }

    /// Brings the tables up to date; of several instances that start at once one does, and the others wait.
    pub(super) async fn migrate(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let failed = |error| StoreError::from_postgres(&self.place, error);
        let encoding: String =
            sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *connection).await.map_err(failed)?;
        if encoding != "UTF8" {
            return Err(StoreError::Refused {
                place: self.place.clone(),
                detail: format!("its encoding is {encoding}; make a database with ENCODING 'UTF8'"),
            });
        }
        // Others wait for as long as it takes.
        sqlx::query("SET lock_timeout = 0").execute(&mut *connection).await.map_err(failed)?;
        sqlx::query("SELECT pg_advisory_lock($1, hashtext(current_schema()))")
            .bind(Lock::Migrate.number())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let migrated = self.migrate_alone(connection).await;
        sqlx::query("SELECT pg_advisory_unlock($1, hashtext(current_schema()))")
            .bind(Lock::Migrate.number())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        sqlx::query("RESET lock_timeout").execute(connection).await.map_err(failed)?;
        migrated
    }

    async fn migrate_alone(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let mut steps = steps(Dialect::Postgres);
        // Its own lock is one for the whole database, and ours is for the schema.
        steps.set_locking(false);
        self.refuse_incompatible(connection, &steps).await?;
        // During an upgrade this program may be the older one: what newer ones add does not concern it.
        steps.set_ignore_missing(true);
        if let Err(error) = steps.run(&mut *connection).await {
            let known = steps.iter().map(|step| step.version).max().unwrap_or(0);
            let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
                .fetch_one(&mut *connection)
                .await
                .unwrap_or(0);
            return Err(StoreError::from_migration(&self.place, error, found, known));
        }
        let functions = sqlx::raw_sql(include_str!("functions.sql")).execute(connection).await;
        functions.map(drop).map_err(|error| StoreError::from_postgres(&self.place, error))
    }
}

/// How the name of a step ends with which older programs cannot work.
const INCOMPATIBLE: &str = "(incompatible)";

impl Server {
    /// Refuses tables that a newer program has made so that this one cannot work with them, which the name of a step
    /// says; all others only add to what there is.
    async fn refuse_incompatible(
        &self,
        connection: &mut PgConnection,
        steps: &Migrator,
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::from_postgres(&self.place, error);
        let known = steps.iter().map(|step| step.version).max().unwrap_or(0);
        let begun: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        if !begun {
            return Ok(());
        }
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT max(version) FROM _sqlx_migrations WHERE version > $1 AND right(description, $2) = $3",
        )
        .bind(known)
        .bind(i32::try_from(INCOMPATIBLE.len()).unwrap_or(i32::MAX))
        .bind(INCOMPATIBLE)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
        match found {
            Some(found) => Err(StoreError::Newer { path: self.place.clone(), found, known }),
            None => Ok(()),
        }
    }
}

/// The locks that instances share, each with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Tables are brought up to date.
    Migrate = 0,
    /// Something is written that goes one after another.
    Write = 1,
    /// What is done by the clock is done by one.
    Lead = 2,
}

impl Lock {
    /// Among our locks; the schema is the other half.
    pub(super) fn number(self) -> i32 {
        LOCKS.wrapping_add(self as i32)
    }
}
