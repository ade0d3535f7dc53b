//! A copy of the database as it is at one moment, while a service uses it.

use std::fs::{self, File};
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::StoreError;
use super::database::PATIENCE;
use crate::faults;

/// Writes the database of `data_dir` anew, without what lies unused in it. Nobody else may use it meanwhile; it takes
/// as much room again as the database has.
///
/// # Errors
/// [`StoreError::Full`], [`StoreError::Busy`], [`StoreError::Damaged`].
pub async fn rewrite(data_dir: &Path) -> Result<(), StoreError> {
    let path = data_dir.join(DATABASE);
    let failed = |error| StoreError::from_sqlx(&path, error);
    let options =
        SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE).disable_statement_logging();
    let mut database = options.create_if_missing(false).connect().await.map_err(failed)?;
    for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::query(statement).execute(&mut database).await.map_err(failed)?;
    }
    database.close().await.map_err(failed)
}

/// Name of the database in a data folder, and in a backup.
pub const DATABASE: &str = "deskhand.db";

/// Writes what `data_dir` holds at this moment to the file `to`, which must not be there, and looks through the copy
/// for damage. A service may run on the folder meanwhile: whatever it acknowledged before is in the copy. The
/// write-ahead log grows until the copy is done.
///
/// # Errors
/// [`StoreError::NotWritable`] without a database or where `to` cannot be written, [`StoreError::Full`],
/// [`StoreError::Damaged`].
pub async fn copy(data_dir: &Path, to: &Path) -> Result<(), StoreError> {
    let path = data_dir.join(DATABASE);
    let open = |path: &Path| {
        SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).disable_statement_logging()
    };
    let failed = |error| StoreError::from_sqlx(&path, error);
    // A folder without a database is an error, not a reason to begin an empty one.
    let mut source = open(&path).create_if_missing(false).connect().await.map_err(failed)?;
    let copied =
        sqlx::query("VACUUM INTO ?1").bind(to.to_string_lossy().into_owned()).execute(&mut source).await;
    let closed = source.close().await;
    copied.map_err(failed)?;
    closed.map_err(failed)?;
    let found = |error| StoreError::from_sqlx(to, error);
    let mut copy = open(to).create_if_missing(false).connect().await.map_err(found)?;
    let told: Result<Vec<String>, _> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut copy).await;
    copy.close().await.map_err(found)?;
    match told.map_err(found)?.as_slice() {
        [only] if only == "ok" => {}
        told => return Err(StoreError::Damaged { path: to.to_path_buf(), detail: told.join("; ") }),
    }
    // SQLite does not wait for the disk here; a backup has to be on it.
    let synced =
        faults::at("backup::before_sync").and_then(|()| File::open(to)).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::from_io(to, error))?;
    // What looking through the copy left beside it belongs to nobody.
    for beside in ["-wal", "-shm"] {
        let mut name = to.as_os_str().to_owned();
        name.push(beside);
        let _ = fs::remove_file(name);
    }
    Ok(())
}
