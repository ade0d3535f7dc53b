//! The data folder: its lock, its database, and how both are opened and closed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use super::StoreError;
use super::backup::DATABASE;
use super::leader::Leader;
use super::postgres::{Readers, Server};
use super::sql::{self, Connection, Dialect, Pool, Source};
use super::steps::steps;
use super::writer::Writer;
use crate::config::{PrivacySettings, StoreSettings};
use crate::text::masking::Masking;

/// How long a read or a write waits for the database before it answers [`StoreError::Busy`].
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Reads that run at the same time; a further one waits for its turn. Connections open on demand.
const READERS: u32 = 8;
/// SQLite's default page, in bytes: the unit in which it counts the size of a database.
const PAGE_BYTES: u64 = 4096;
/// What the write-ahead log is cut back to after a large write, in bytes.
const LOG_BYTES: &str = "16777216";

/// The data folder, held open, with its database, or the one in PostgreSQL that the settings name. Clones share it.
///
/// Reads run beside each other and beside a write; writes go one after another through one
/// connection. What a write answered is seen by every read that starts later. A caller who stops
/// waiting for a write does not take it back: it may still be kept.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What is masked in the words of tickets before they are kept, if anything.
    masking: Option<Arc<Masking>>,
}

#[derive(Debug)]
struct Inner {
    /// The database file, or where PostgreSQL is.
    place: PathBuf,
    readers: Pool,
    writer: Writer,
    leader: Option<Leader>,
    /// Locked for as long as the file is open.
    lock: File,
}

impl Store {
    /// Opens the data folder `data_dir`, creating it if there is none, and brings its tables up
    /// to date. The folder then belongs to this store until it is closed or dropped.
    ///
    /// Has to be called on a Tokio runtime, which then runs the writes.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::NotWritable`], [`StoreError::Newer`],
    /// [`StoreError::Damaged`], [`StoreError::Full`], [`StoreError::Busy`], [`StoreError::Refused`],
    /// [`StoreError::Unreachable`].
    pub async fn open(data_dir: &Path, settings: &StoreSettings) -> Result<Self, StoreError> {
        let lock = lock_folder(data_dir)?;
        let (place, readers, connection, source, leader) = match &settings.url {
            Some(url) => open_server(Server::new(url)?).await?,
            None => open_file(data_dir.join(DATABASE), settings).await?,
        };
        belongs_to(data_dir, settings.url.as_ref().map(|_| place.as_path()))?;
        let writer = Writer::start(connection, source, leader.as_ref().map(Leader::pulse), place.clone());
        let inner = Inner { writer, leader, place, readers, lock };
        Ok(Self { inner: Arc::new(inner), masking: None })
    }

    /// The same store, which masks personal data in the words of tickets before it keeps them, if the site
    /// wants that. What is kept already stays as it is.
    #[must_use]
    pub fn masking(self, privacy: &PrivacySettings) -> Self {
        Self { masking: privacy.before_storing().map(Arc::new), ..self }
    }

    /// Ends reads and writes, moves the write-ahead log into the database file, and gives the
    /// folder back. Later calls answer [`StoreError::Closed`]; what was answered before is safe
    /// whether or not this is called.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like if the log could not be moved; the next start moves it.
    pub async fn close(&self) -> Result<(), StoreError> {
        if let Some(leader) = self.leader() {
            leader.resign().await;
        }
        // Readers first: a read in progress would keep the log from being moved.
        self.inner.readers.close().await;
        let closed = self.inner.writer.close().await;
        let unlocked = self.inner.lock.unlock();
        closed?;
        unlocked.map_err(|error| StoreError::from_io(&self.inner.place, error))
    }

    /// Looks through the database file for damage: seconds for a large one. Of PostgreSQL only whether it answers.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with what was found.
    pub async fn check(&self) -> Result<(), StoreError> {
        if let Pool::Postgres(_) = self.readers() {
            // Looking after its files is the server's own work.
            return self.number("SELECT count(*) FROM articles").await.map(drop);
        }
        let findings: Vec<String> = sql::query_scalar("PRAGMA quick_check")
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))?;
        match findings.as_slice() {
            [only] if only == "ok" => Ok(()),
            findings => {
                Err(StoreError::Damaged { path: self.inner.place.clone(), detail: findings.join("; ") })
            }
        }
    }

    pub(super) fn readers(&self) -> &Pool {
        &self.inner.readers
    }

    pub(super) fn leader(&self) -> Option<&Leader> {
        self.inner.leader.as_ref()
    }

    pub(super) fn masks(&self) -> Option<&Masking> {
        self.masking.as_deref()
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    pub(super) fn failed(&self, error: sqlx::Error) -> StoreError {
        match self.readers() {
            Pool::Sqlite(_) => StoreError::from_sqlx(&self.inner.place, error),
            Pool::Postgres(_) => StoreError::from_postgres(&self.inner.place, error),
        }
    }
}

/// Where a database is, its readers, the writing connection with the way to another, and who leads where several may.
type Opened = (PathBuf, Pool, Connection, Source, Option<Leader>);

async fn open_file(path: PathBuf, settings: &StoreSettings) -> Result<Opened, StoreError> {
    let options =
        SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE).disable_statement_logging();
    let writing = for_writing(options.clone(), settings);
    let mut connection = writing.connect().await.map_err(|error| StoreError::from_sqlx(&path, error))?;
    migrate(&mut connection, &path).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options.pragma("query_only", "ON"));
    // A database that vanished is an error, not a reason to begin an empty one.
    let source = Source::Sqlite(Box::new(writing.create_if_missing(false)));
    Ok((path, Pool::Sqlite(readers), Connection::Sqlite(Box::new(connection)), source, None))
}

async fn open_server(server: Server) -> Result<Opened, StoreError> {
    let failed = |error| StoreError::from_postgres(server.place(), error);
    let mut connection = server.connect().await.map_err(failed)?;
    server.migrate(&mut connection).await?;
    let (place, leader) = (server.place().to_owned(), Leader::start(server.clone()));
    let readers = Pool::Postgres(Box::new(Readers::new(server.clone(), leader.pulse())));
    let connection = Connection::Postgres(Box::new(connection));
    Ok((place, readers, connection, Source::Postgres(Box::new(server)), Some(leader)))
}

/// Creates the folder and takes its lock, which the system gives back when the process ends.
fn lock_folder(data_dir: &Path) -> Result<File, StoreError> {
    fs::create_dir_all(data_dir).map_err(|error| StoreError::from_io(data_dir, error))?;
    let path = data_dir.join("lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| StoreError::from_io(&path, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: data_dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(StoreError::from_io(&path, error)),
    }
}

/// Removes from the folder what was made of another store than the one at `place`, or of the one in the folder itself
/// without a place: the index and the embeddings' file, which are made anew.
fn belongs_to(data_dir: &Path, place: Option<&Path>) -> Result<(), StoreError> {
    let note = data_dir.join("store");
    let place = place.map(|place| place.display().to_string()).unwrap_or_default();
    let noted = match fs::read_to_string(&note) {
        Ok(noted) => noted,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(StoreError::from_io(&note, error)),
    };
    if noted == place {
        return Ok(());
    }
    for made in ["index", "vectors"] {
        let path = data_dir.join(made);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::from_io(&path, error));
            }
            _ => {}
        }
    }
    fs::write(&note, place).map_err(|error| StoreError::from_io(&note, error))
}

/// A commit is on the disk before it is answered (`synchronous=FULL`), so that it survives a
/// power cut and not only the end of the process.
fn for_writing(options: SqliteConnectOptions, settings: &StoreSettings) -> SqliteConnectOptions {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What was deleted is overwritten, or it would stay readable in the file.
        .pragma("secure_delete", "ON")
        .pragma("journal_size_limit", LOG_BYTES);
    match settings.max_mebibytes {
        Some(mebibytes) => {
            let pages = mebibytes.get().saturating_mul(1024 * 1024 / PAGE_BYTES);
            // Pages are numbered with 32 bits.
            options.pragma("max_page_count", pages.min(u64::from(u32::MAX - 1)).to_string())
        }
        None => options,
    }
}

async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let steps = steps(Dialect::Sqlite);
    let Err(error) = steps.run(&mut *connection).await else {
        return Ok(());
    };
    let known = steps.iter().map(|step| step.version).max().unwrap_or(0);
    // Where the table itself is missing or broken, the first error says more than this one would.
    let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .unwrap_or(0);
    Err(StoreError::from_migrate(path, error, found, known))
}
