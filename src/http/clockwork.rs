//! What a running service makes of its clock (`steady.rs`): a look each minute, kept in the data folder.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::steady::{Change, Steady};
use crate::store::{Store, StoreError};

/// How often it is kept, beside whenever something changed.
const KEEP: Duration = Duration::from_secs(3_600);

/// The clock of this service.
#[derive(Debug)]
pub(super) struct Clockwork {
    data_dir: PathBuf,
    watched: Mutex<Watched>,
}

#[derive(Debug)]
struct Watched {
    steady: Steady,
    looked: Instant,
    kept: Option<Instant>,
}

impl Clockwork {
    /// Of the service with this data folder, which begins at `now`. Where nothing was kept, the clock is compared with
    /// what was written last.
    ///
    /// # Errors
    /// Those of any read.
    pub(super) async fn open(data_dir: &Path, store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut steady = match Steady::read(data_dir) {
            Some(steady) => steady,
            None => Steady::new(store.written_last().await?.unwrap_or(now)),
        };
        tell(steady.look(now, None), now, &steady);
        let watched = Watched { steady, looked: Instant::now(), kept: None };
        Ok(Self { data_dir: data_dir.to_owned(), watched: Mutex::new(watched) })
    }

    /// Looks at the clock, which says `now`.
    pub(super) fn look(&self, now: Timestamp) {
        let mut watched = self.watched();
        let ran = watched.looked.elapsed();
        watched.looked = Instant::now();
        let change = watched.steady.look(now, Some(ran));
        tell(change, now, &watched.steady);
        if change.is_some() || watched.kept.is_none_or(|kept| kept.elapsed() >= KEEP) {
            watched.kept = Some(Instant::now());
            if let Err(error) = watched.steady.write(&self.data_dir) {
                tracing::warn!(%error, "what the clock said could not be kept; it is tried again in an hour");
            }
        }
    }

    /// Whether it may decide what is gone for good.
    pub(super) fn is_believed(&self) -> bool {
        self.watched().steady.doubt().is_none()
    }

    /// Whether it will do for what can be mended.
    pub(super) fn will_do(&self) -> bool {
        self.watched().steady.will_do()
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(change: Option<Change>, now: Timestamp, steady: &Steady) {
    match change {
        Some(Change::Jumped) => {
            let expected = steady.doubt().map(|doubt| doubt.expected);
            tracing::warn!(
                %now,
                expected = expected.map(tracing::field::display),
                "the clock jumped: until it comes back, or has gone on evenly for a day, nothing is forgotten by it, and for a quarter of an hour no signals are raised"
            );
        }
        Some(Change::Settled) => tracing::info!(%now, "the clock is believed again"),
        None => {}
    }
}
