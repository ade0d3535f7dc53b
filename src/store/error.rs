//! What can go wrong with the store, and the one place that reads the codes of the databases.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// Why the store could not be opened, read or written. A failed write left nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the data folder.
    #[error(
        "{} is in use by another Deskhand: stop that one, or send it this request over its HTTP API",
        path.display()
    )]
    Locked {
        /// The data folder.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be created, opened or written.
    #[error(
        "{} cannot be opened for writing: {source}; give this user the right to write there, or name another folder with --data",
        path.display()
    )]
    NotWritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A later version of Deskhand wrote the folder.
    #[error(
        "{} was written by a newer Deskhand (data version {found}, this program knows up to {known}): run the newer program, or restore a backup made before the upgrade",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Data version of the file.
        found: i64,
        /// Highest data version that this program knows.
        known: i64,
    },
    /// The database file is not one, or is broken.
    #[error(
        "{} is damaged or not a Deskhand database: {detail}; restore it from a backup, or move it away to start empty",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found; never a stored text.
        detail: String,
    },
    /// The disk, its quota or the limit in the settings is used up.
    #[error(
        "no room left for {}: nothing of this request was saved; free space on its disk or raise the store's max_mebibytes, then send the request again",
        path.display()
    )]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The database was held by someone else for longer than five seconds.
    #[error(
        "{} is busy: nothing of this request was saved; send it again, and close other programs that have this file open",
        path.display()
    )]
    Busy {
        /// The database file.
        path: PathBuf,
    },
    /// PostgreSQL, or the address of it, does not let Deskhand in.
    #[error(
        "{} refuses Deskhand: {detail}; check the store's url in the settings, and what its user may do",
        place.display()
    )]
    Refused {
        /// Where it is, without a password.
        place: PathBuf,
        /// What the server said.
        detail: String,
    },
    /// PostgreSQL does not answer.
    #[error(
        "{} does not answer ({detail}): nothing of this request was saved; look whether the server runs, then send the request again",
        place.display()
    )]
    Unreachable {
        /// Where it is, without a password.
        place: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The connection broke in the moment in which PostgreSQL was to keep a write for good.
    #[error(
        "the connection to {} broke ({detail}) while this was being saved: it may be kept or not; send the request again, what is kept already is not kept twice where it has an id",
        place.display()
    )]
    Unsure {
        /// Where it is, without a password.
        place: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// [`super::Store::close`] came first.
    #[error("the store is closed because Deskhand is stopping: send the request again once it runs")]
    Closed,
    /// Anything else.
    #[error(
        "{} could not be read or written: {source}; run `deskhand doctor`, and report this if it finds nothing",
        path.display()
    )]
    Other {
        /// The database file.
        path: PathBuf,
        /// What the database or the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

// SQLite's primary result codes: the low byte of what it reports, https://www.sqlite.org/rescode.html.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

impl StoreError {
    /// The error for what sqlx reported about the database file at `path`.
    pub(super) fn from_sqlx(path: &Path, error: sqlx::Error) -> Self {
        let path = path.to_path_buf();
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy { path },
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::Io(source) => Self::from_io(&path, source),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Damaged { detail: error.to_string(), path }
            }
            error => match result_code(&error) {
                Some(BUSY | LOCKED) => Self::Busy { path },
                Some(FULL) => Self::Full { path },
                Some(NOTADB | CORRUPT) => Self::Damaged { detail: error.to_string(), path },
                Some(READONLY | CANTOPEN) => Self::NotWritable { path, source: io::Error::other(error) },
                Some(IOERR) => match why_unwritable(&path) {
                    Some(source) => Self::from_io(&path, source),
                    None => Self::other(path, error),
                },
                _ => Self::other(path, error),
            },
        }
    }

    /// The error for what the system said about creating or writing `path`.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::NotWritable { path, source },
        }
    }

    /// The error for a database whose tables could not be brought to the `known` data version;
    /// `found` is the version that it has.
    pub(super) fn from_migrate(path: &Path, error: MigrateError, found: i64, known: i64) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::from_sqlx(path, error)
            }
            MigrateError::VersionMissing(_) if found > known => {
                Self::Newer { path: path.to_path_buf(), found, known }
            }
            error => Self::Damaged { path: path.to_path_buf(), detail: error.to_string() },
        }
    }

    fn other(path: PathBuf, error: sqlx::Error) -> Self {
        Self::Other { path, source: Box::new(error) }
    }
}

/// Whether somebody else held SQLite's database for too long.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(result_code(error), Some(BUSY | LOCKED))
}

/// SQLite's primary result code; sqlx gives the extended code as decimal text.
fn result_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// SQLite reports a used-up quota, and a full disk under its shared memory, as a plain input/output
/// error without the system's reason. Writing a small file beside the database asks for it again.
fn why_unwritable(database: &Path) -> Option<io::Error> {
    let trial = database.with_extension("trial");
    let written = File::create(&trial).and_then(|mut file| {
        file.write_all(&[0; 65_536])?;
        file.sync_all()
    });
    // What is left of it is overwritten next time.
    let _ = fs::remove_file(&trial);
    written.err()
}
