//! One text of SQL for two databases: SQLite in the data folder, and PostgreSQL.
//!
//! A query is written once, in the words that both know, with `$1`, `$2` … for its values. What both call
//! differently is made the same where the tables are made (`postgres/functions.sql`), not where they are asked.
//! Each driver is used as it is, so that nothing is copied on the way to SQLite's rows, and PostgreSQL's own
//! (locks, notifications) is at hand where it is needed.

mod builder;
mod connection;
mod query;
mod row;
mod value;

pub(super) use builder::QueryBuilder;
pub(super) use connection::{Connection, Pool, Source};
pub(super) use query::{query, query_as, query_scalar};
pub(super) use row::{FromRow, Row};
pub(super) use value::{Json, without_nul};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}
