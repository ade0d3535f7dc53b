//! How SQLite's codes are read, and what people are told.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use sqlx::error::{DatabaseError, ErrorKind};

use super::*;

/// An error with an extended result code, as sqlx's SQLite driver reports it.
#[derive(Debug)]
struct Coded(i32);

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {})", self.0)
    }
}

impl Error for Coded {}

impl DatabaseError for Coded {
    fn message(&self) -> &str {
        ""
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.0.to_string().into())
    }
    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }
    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }
    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

fn of_code(path: &Path, code: i32) -> StoreError {
    StoreError::from_sqlx(path, sqlx::Error::Database(Box::new(Coded(code))))
}

/// Codes from https://www.sqlite.org/rescode.html, extended ones among them.
#[test]
fn each_code_of_sqlite_becomes_the_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskhand.db");
    for code in [5, 517, 6] {
        assert!(matches!(of_code(&path, code), StoreError::Busy { .. }), "{code}");
    }
    for code in [8, 1032, 14] {
        assert!(matches!(of_code(&path, code), StoreError::NotWritable { .. }), "{code}");
    }
    for code in [11, 267, 26] {
        assert!(matches!(of_code(&path, code), StoreError::Damaged { .. }), "{code}");
    }
    assert!(matches!(of_code(&path, 13), StoreError::Full { .. }));
    assert!(matches!(of_code(&path, 1), StoreError::Other { .. }));
}

#[test]
fn an_input_output_error_is_asked_for_its_reason() {
    const IOERR_WRITE: i32 = 778;
    let folder = tempfile::tempdir().unwrap();
    let writable = folder.path().join("deskhand.db");
    assert!(matches!(of_code(&writable, IOERR_WRITE), StoreError::Other { .. }));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let unwritable = folder.path().join("gone").join("deskhand.db");
    assert!(matches!(of_code(&unwritable, IOERR_WRITE), StoreError::NotWritable { .. }));
}

#[test]
fn a_used_up_disk_or_quota_is_told_alike_wherever_it_is_met() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
        let error = StoreError::from_io(Path::new("data"), kind.into());
        assert!(matches!(error, StoreError::Full { .. }), "{kind}");
    }
}

#[tokio::test]
async fn a_write_to_a_read_only_database_is_told_as_such() {
    use sqlx::ConnectOptions;
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await.unwrap();
    let path = folder.path().join("deskhand.db");
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(&path).read_only(true).connect().await.unwrap();
    let write = sqlx::query("DELETE FROM tickets").execute(&mut connection).await;
    let error = StoreError::from_sqlx(&path, write.unwrap_err());
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");
}

#[test]
fn every_error_says_where_what_and_what_to_do() {
    let path = || "data/deskhand.db".into();
    let server = || "postgres://desk@db:5432/desk".into();
    let source = || io::Error::from(io::ErrorKind::PermissionDenied);
    let errors = [
        StoreError::Locked { path: "data".into() },
        StoreError::NotWritable { path: path(), source: source() },
        StoreError::Newer { path: path(), found: 3, known: 1 },
        StoreError::Damaged { path: path(), detail: "file is not a database".into() },
        StoreError::Full { path: path() },
        StoreError::Busy { path: path() },
        StoreError::Refused { place: server(), detail: "no such user".into() },
        StoreError::Unreachable { place: server(), detail: "connection refused".into() },
        StoreError::Unsure { place: server(), detail: "connection reset".into() },
        StoreError::Closed,
        StoreError::Other { path: path(), source: Box::new(source()) },
    ];
    insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r"
    data is in use by another Deskhand: stop that one, or send it this request over its HTTP API
    data/deskhand.db cannot be opened for writing: permission denied; give this user the right to write there, or name another folder with --data
    data/deskhand.db was written by a newer Deskhand (data version 3, this program knows up to 1): run the newer program, or restore a backup made before the upgrade
    data/deskhand.db is damaged or not a Deskhand database: file is not a database; restore it from a backup, or move it away to start empty
    no room left for data/deskhand.db: nothing of this request was saved; free space on its disk or raise the store's max_mebibytes, then send the request again
    data/deskhand.db is busy: nothing of this request was saved; send it again, and close other programs that have this file open
    postgres://desk@db:5432/desk refuses Deskhand: no such user; check the store's url in the settings, and what its user may do
    postgres://desk@db:5432/desk does not answer (connection refused): nothing of this request was saved; look whether the server runs, then send the request again
    the connection to postgres://desk@db:5432/desk broke (connection reset) while this was being saved: it may be kept or not; send the request again, what is kept already is not kept twice where it has an id
    the store is closed because Deskhand is stopping: send the request again once it runs
    data/deskhand.db could not be read or written: permission denied; run `deskhand doctor`, and report this if it finds nothing
    ");
}
