//! Connections to either database.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection, SqlitePool};

use super::super::postgres::{Readers, Server};
use super::Dialect;

/// One connection, boxed because it is handed on by value.
#[derive(Debug)]
pub(in crate::store) enum Connection {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl Connection {
    pub(in crate::store) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(in crate::store) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}

/// Where connections for writing come from.
#[derive(Debug)]
pub(in crate::store) enum Source {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<Server>),
}

impl Source {
    pub(in crate::store) async fn connect(&self) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Sqlite(options) => options.connect().await.map(|open| Connection::Sqlite(Box::new(open))),
            Self::Postgres(server) => server.connect().await.map(|open| Connection::Postgres(Box::new(open))),
        }
    }
}

/// Several connections for reading.
#[derive(Debug)]
pub(in crate::store) enum Pool {
    Sqlite(SqlitePool),
    Postgres(Box<Readers>),
}

impl Pool {
    pub(in crate::store) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(readers) => readers.close().await,
        }
    }
}

/// Where a query goes.
pub(in crate::store) enum Target<'c> {
    Sqlite(&'c mut SqliteConnection),
    SqlitePool(&'c SqlitePool),
    Postgres(&'c mut PgConnection),
    PostgresPool(&'c Readers),
}

impl<'c> From<&'c mut Connection> for Target<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Self::Sqlite(connection),
            Connection::Postgres(connection) => Self::Postgres(connection),
        }
    }
}

impl<'c> From<&'c Pool> for Target<'c> {
    fn from(pool: &'c Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(readers) => Self::PostgresPool(readers),
        }
    }
}
