//! A query that is put together from pieces.

use sqlx::AssertSqlSafe;

use super::query::{Query, QueryAs};
use super::row::FromRow;
use super::value::Value;

/// Pieces of SQL that stand in the program, and values, which never become part of the text.
pub(in crate::store) struct QueryBuilder {
    sql: String,
    values: Vec<Value>,
}

impl QueryBuilder {
    /// A query that begins so.
    pub(in crate::store) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Adds words of SQL.
    pub(in crate::store) fn push(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a value.
    pub(in crate::store) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.sql.push('$');
        self.sql.push_str(&self.values.len().to_string());
        self
    }

    /// The query as it stands.
    pub(in crate::store) fn build(self) -> Query {
        Query::with(AssertSqlSafe(self.sql), self.values)
    }

    /// The query as it stands, whose rows are read as `T`s.
    pub(in crate::store) fn build_query_as<T: FromRow>(self) -> QueryAs<T> {
        QueryAs::of(self.build())
    }
}
