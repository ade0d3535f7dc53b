//! The one place that reads PostgreSQL's codes.

use std::path::Path;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

use super::super::StoreError;

impl StoreError {
    /// The error for what sqlx reported about PostgreSQL at `place`.
    pub(in crate::store) fn from_postgres(place: &Path, error: sqlx::Error) -> Self {
        let place = place.to_path_buf();
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::PoolTimedOut => {
                Self::Unreachable { place, detail: "no connection within five seconds".into() }
            }
            sqlx::Error::Tls(source) => Self::Refused { place, detail: format!("TLS: {source}") },
            sqlx::Error::Configuration(source) => Self::Refused { place, detail: source.to_string() },
            error if is_lost(&error) => Self::Unreachable { place, detail: said(&error) },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Damaged { detail: error.to_string(), path: place }
            }
            error => match code(&error) {
                Some(code) => Self::from_code(place, code, said(&error)),
                None => Self::Other { path: place, source: Box::new(error) },
            },
        }
    }

    /// SQLSTATEs from https://www.postgresql.org/docs/current/errcodes-appendix.html.
    fn from_code(place: std::path::PathBuf, code: &str, said: String) -> Self {
        match code {
            "53100" | "54000" => Self::Full { path: place },
            // Too many connections, out of memory, a lock that did not come, a deadlock, a statement cut off.
            "53200" | "53300" | "53400" | "55P03" | "40001" | "40P01" | "57014" => Self::Busy { path: place },
            "XX001" | "XX002" => Self::Damaged { path: place, detail: said },
            // No such database, no right, read only.
            "3D000" | "42501" | "25006" => Self::Refused { place, detail: said },
            _ if code.starts_with("28") => Self::Refused { place, detail: said },
            _ => Self::Other { path: place, source: said.into() },
        }
    }

    /// The error for tables in PostgreSQL that could not be brought to the `known` data version; `found` is the
    /// version that they have.
    pub(in crate::store) fn from_migration(
        place: &Path,
        error: MigrateError,
        found: i64,
        known: i64,
    ) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::from_postgres(place, error)
            }
            error => Self::from_migrate(place, error, found, known),
        }
    }
}

/// Whether the connection is gone, so that another one may do better.
pub(in crate::store) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::PoolTimedOut => true,
        // The server is stopping, starting, or has ended this connection.
        error => code(error).is_some_and(|code| {
            code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05")
        }),
    }
}

/// Whether the same transaction may do once it is tried again: it met another one.
pub(in crate::store) fn met_another(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code, "40001" | "40P01"))
}

/// Whether a lock did not come in time.
pub(in crate::store) fn is_busy(error: &sqlx::Error) -> bool {
    code(error) == Some("55P03")
}

fn code(error: &sqlx::Error) -> Option<&str> {
    let database = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    Some(database.code())
}

/// What the server said. It quotes values where it did not take one, and a value may be what a person wrote: then the
/// code has to do, and the name of what it offends.
fn said(error: &sqlx::Error) -> String {
    let Some(database) =
        error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
    else {
        return error.to_string();
    };
    let code = database.code();
    if code.starts_with("22") || code.starts_with("23") {
        let at = database.constraint().or(database.column()).unwrap_or("a value");
        return format!("SQLSTATE {code} at {at}");
    }
    format!("{} (SQLSTATE {code})", database.message())
}
