//! Rows that a query answers, read the same way whichever database gave them.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

/// A row.
pub(in crate::store) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of the column with this name, or at this place.
    pub(in crate::store) fn try_get<'r, T: FromColumn<'r>>(
        &'r self,
        column: impl Place,
    ) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => T::from_sqlite(row, column),
            Self::Postgres(row) => T::from_postgres(row, column),
        }
    }
}

/// Where a value stands in a row.
pub(in crate::store) trait Place:
    sqlx::ColumnIndex<SqliteRow> + sqlx::ColumnIndex<PgRow> + Copy
{
}
impl<P: sqlx::ColumnIndex<SqliteRow> + sqlx::ColumnIndex<PgRow> + Copy> Place for P {}

/// What can be read from a column.
pub(in crate::store) trait FromColumn<'r>: Sized {
    fn from_sqlite(row: &'r SqliteRow, column: impl Place) -> Result<Self, sqlx::Error>;
    fn from_postgres(row: &'r PgRow, column: impl Place) -> Result<Self, sqlx::Error>;
}

/// What is read from a row.
pub(in crate::store) trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error>;
}

impl<A: for<'r> FromColumn<'r>, B: for<'r> FromColumn<'r>> FromRow for (A, B) {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?))
    }
}

/// Types that both drivers read as they are, and the same in a column that may be NULL.
macro_rules! as_it_is {
    ($($of:ty),+) => {$(as_it_is!(@ $of); as_it_is!(@ Option<$of>);)+};
    (@ $of:ty) => {
        impl<'r> FromColumn<'r> for $of {
            fn from_sqlite(row: &'r SqliteRow, column: impl Place) -> Result<Self, sqlx::Error> {
                row.try_get(column)
            }
            fn from_postgres(row: &'r PgRow, column: impl Place) -> Result<Self, sqlx::Error> {
                row.try_get(column)
            }
        }
    };
}
as_it_is!(String, &'r str, Vec<u8>, &'r [u8], f64);

/// Types that PostgreSQL keeps as another: `$read` makes them of `Option<i64>` or `Option<f64>`.
macro_rules! by_another {
    ($($of:ty, $read:ident, |$x:ident| $made:expr;)+) => {$(
        impl<'r> FromColumn<'r> for Option<$of> {
            fn from_sqlite(row: &'r SqliteRow, column: impl Place) -> Result<Self, sqlx::Error> {
                row.try_get(column)
            }
            fn from_postgres(row: &'r PgRow, column: impl Place) -> Result<Self, sqlx::Error> {
                $read(row, column)?.map(|$x| $made).transpose()
            }
        }
        impl<'r> FromColumn<'r> for $of {
            fn from_sqlite(row: &'r SqliteRow, column: impl Place) -> Result<Self, sqlx::Error> {
                row.try_get(column)
            }
            fn from_postgres(row: &'r PgRow, column: impl Place) -> Result<Self, sqlx::Error> {
                match Option::<$of>::from_postgres(row, column)? {
                    Some(value) => Ok(value),
                    None => Err(sqlx::Error::Decode("a value is missing".into())),
                }
            }
        }
    )+};
}
by_another! {
    i64, integer, |x| Ok(x);
    u32, integer, |x| u32::try_from(x).map_err(|_| out_of_range());
    u8, integer, |x| u8::try_from(x).map_err(|_| out_of_range());
    bool, integer, |x| Ok(x != 0);
    f32, real, |x| Ok(x as f32);
}

fn out_of_range() -> sqlx::Error {
    sqlx::Error::Decode("a number is out of range".into())
}

/// A whole number of any width, or a truth, which SQLite keeps as 0 and 1.
fn integer(row: &PgRow, column: impl Place) -> Result<Option<i64>, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    let info = value.type_info();
    match info.name() {
        "BOOL" => row.try_get::<bool, _>(column).map(i64::from),
        "INT4" => row.try_get::<i32, _>(column).map(i64::from),
        // As a path into a JSON text answers.
        "TEXT" => match row.try_get::<&str, _>(column)? {
            "true" => Ok(1),
            "false" => Ok(0),
            _ => Err(sqlx::Error::Decode("a text is neither true nor false".into())),
        },
        _ => row.try_get::<i64, _>(column),
    }
    .map(Some)
}

fn real(row: &PgRow, column: impl Place) -> Result<Option<f64>, sqlx::Error> {
    row.try_get(column)
}
