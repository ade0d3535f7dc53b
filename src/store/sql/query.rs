//! A query with its values, and the ways to ask it.

use std::marker::PhantomData;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{SqlSafeStr, SqlStr};

use super::connection::{Pool, Target};
use super::row::{FromColumn, FromRow, Row};
use super::value::Value;

/// A query that answers rows.
#[must_use]
pub(in crate::store) struct Query {
    sql: SqlStr,
    values: Vec<Value>,
}

/// A query whose rows are read as `T`s.
#[must_use]
pub(in crate::store) struct QueryAs<T> {
    query: Query,
    of: PhantomData<fn() -> T>,
}

/// A query whose rows have one column, read as `T`.
#[must_use]
pub(in crate::store) struct QueryScalar<T> {
    query: Query,
    of: PhantomData<fn() -> T>,
}

/// What a write did.
pub(in crate::store) struct Done {
    rows: u64,
}

impl Done {
    /// How many rows it wrote or deleted.
    pub(in crate::store) fn rows_affected(&self) -> u64 {
        self.rows
    }
}

/// A query that answers rows, or none.
pub(in crate::store) fn query(sql: impl SqlSafeStr) -> Query {
    Query { sql: sql.into_sql_str(), values: Vec::new() }
}

/// A query whose rows are read as `T`s.
pub(in crate::store) fn query_as<T: FromRow>(sql: impl SqlSafeStr) -> QueryAs<T> {
    QueryAs { query: query(sql), of: PhantomData }
}

/// A query whose rows have one column, read as `T`.
pub(in crate::store) fn query_scalar<T: for<'r> FromColumn<'r>>(sql: impl SqlSafeStr) -> QueryScalar<T> {
    QueryScalar { query: query(sql), of: PhantomData }
}

/// Asks the target by the method, each database with its own arguments, and makes of either answer the same.
macro_rules! ask {
    ($self:ident, $target:expr, $method:ident, |$answer:ident| $sqlite:expr, $postgres:expr) => {{
        let Self { sql, values } = $self;
        match $target.into() {
            Target::Sqlite(connection) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                query.$method(connection).await.map(|$answer| $sqlite)
            }
            Target::SqlitePool(pool) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                query.$method(pool).await.map(|$answer| $sqlite)
            }
            Target::Postgres(connection) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                query.$method(connection).await.map(|$answer| $postgres)
            }
            Target::PostgresPool(readers) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                readers.answer(async |pool| query.$method(pool).await).await.map(|$answer| $postgres)
            }
        }
    }};
}

impl Query {
    pub(super) fn with(sql: impl SqlSafeStr, values: Vec<Value>) -> Self {
        Self { sql: sql.into_sql_str(), values }
    }

    /// The next value: the first one is `$1`.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(in crate::store) async fn execute<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Done, sqlx::Error> {
        ask!(
            self,
            target,
            execute,
            |done| Done { rows: done.rows_affected() },
            Done { rows: done.rows_affected() }
        )
    }

    pub(in crate::store) async fn fetch_one<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Row, sqlx::Error> {
        ask!(self, target, fetch_one, |row| Row::Sqlite(row), Row::Postgres(row))
    }

    pub(in crate::store) async fn fetch_optional<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Option<Row>, sqlx::Error> {
        ask!(self, target, fetch_optional, |row| row.map(Row::Sqlite), row.map(Row::Postgres))
    }

    pub(in crate::store) async fn fetch_all<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        ask!(
            self,
            target,
            fetch_all,
            |rows| rows.into_iter().map(Row::Sqlite).collect(),
            rows.into_iter().map(Row::Postgres).collect()
        )
    }

    /// The rows one by one, without holding them all.
    pub(in crate::store) fn fetch(self, pool: &Pool) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        let Self { sql, values } = self;
        match pool {
            Pool::Sqlite(pool) => match for_sqlite(values) {
                Ok(arguments) => sqlx::query_with(sql, arguments).fetch(pool).map_ok(Row::Sqlite).boxed(),
                Err(error) => failed(error),
            },
            Pool::Postgres(readers) => match for_postgres(values) {
                Ok(arguments) => readers.rows(sqlx::query_with(sql, arguments)).map_ok(Row::Postgres).boxed(),
                Err(error) => failed(error),
            },
        }
    }
}

fn failed<'r>(error: sqlx::Error) -> BoxStream<'r, Result<Row, sqlx::Error>> {
    futures_util::stream::once(async { Err(error) }).boxed()
}

fn for_sqlite(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    values.into_iter().try_for_each(|value| value.add_to_sqlite(&mut arguments))?;
    Ok(arguments)
}

fn for_postgres(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    values.into_iter().try_for_each(|value| value.add_to_postgres(&mut arguments))?;
    Ok(arguments)
}

impl<T: FromRow> QueryAs<T> {
    pub(super) fn of(query: Query) -> Self {
        Self { query, of: PhantomData }
    }

    /// The next value: the first one is `$1`.
    pub(in crate::store) fn bind(self, value: impl Into<Value>) -> Self {
        Self { query: self.query.bind(value), ..self }
    }

    pub(in crate::store) async fn fetch_one<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<T, sqlx::Error> {
        T::from_row(&self.query.fetch_one(target).await?)
    }

    pub(in crate::store) async fn fetch_optional<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Option<T>, sqlx::Error> {
        self.query.fetch_optional(target).await?.as_ref().map(T::from_row).transpose()
    }

    pub(in crate::store) async fn fetch_all<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Vec<T>, sqlx::Error> {
        self.query.fetch_all(target).await?.iter().map(T::from_row).collect()
    }

    /// The rows one by one, without holding them all.
    pub(in crate::store) fn fetch<'p>(self, pool: &'p Pool) -> BoxStream<'p, Result<T, sqlx::Error>>
    where
        T: 'p,
    {
        self.query.fetch(pool).map(|row| T::from_row(&row?)).boxed()
    }
}

impl<T: for<'r> FromColumn<'r>> QueryScalar<T> {
    /// The next value: the first one is `$1`.
    pub(in crate::store) fn bind(self, value: impl Into<Value>) -> Self {
        Self { query: self.query.bind(value), ..self }
    }

    pub(in crate::store) async fn fetch_one<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<T, sqlx::Error> {
        self.query.fetch_one(target).await?.try_get(0)
    }

    pub(in crate::store) async fn fetch_optional<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Option<T>, sqlx::Error> {
        self.query.fetch_optional(target).await?.map(|row| row.try_get(0)).transpose()
    }

    pub(in crate::store) async fn fetch_all<'c>(
        self,
        target: impl Into<Target<'c>>,
    ) -> Result<Vec<T>, sqlx::Error> {
        self.query.fetch_all(target).await?.iter().map(|row| row.try_get(0)).collect()
    }
}
