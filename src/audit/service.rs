//! The audit of a running service: what was read from the store answers many questions.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::base::Base;
use super::collect::from_store;
use super::coverage::{Coverage, coverage};
use super::error::AuditError;
use super::gap_report::Found;
use super::observations::Observations;
use super::question::{Question, Rules};
use super::withdrawn::look_back;
use crate::held::Held;
use crate::knowledge::{Archive, KnowledgeError};
use crate::store::Store;

/// Coverage over the store. Clones share what was read.
#[derive(Debug, Clone)]
pub struct Audits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    /// Articles that are not out, to compare with those that are.
    archive: Option<Archive>,
    rules: Rules,
    read: Held<Read>,
    gaps: Mutex<Option<Arc<Found>>>,
}

/// Articles and tickets as they were at one time.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) base: Base,
    pub(super) seen: Observations,
}

impl Audits {
    /// Over the tickets and articles of `store`. Without an `archive` no ticket is known to be nearest to an
    /// article that is not out.
    pub fn new(store: Store, archive: Option<Archive>, rules: Rules) -> Self {
        // Also what is quickly read is held: groups of gaps are made of it.
        let read = Held::new(rules.settings.refresh_seconds, Duration::ZERO);
        Self(Arc::new(Shared { store, archive, rules, read, gaps: Mutex::default() }))
    }

    /// The coverage report; `now` is when it is asked. What it stands on may be some minutes old; the report
    /// says when it was read.
    ///
    /// # Errors
    /// [`AuditError`] as [`coverage`], and those of the store.
    pub async fn coverage(&self, question: Question, now: Timestamp) -> Result<Coverage, AuditError> {
        let (held, rules) = (self.held(now).await?, self.0.rules.clone());
        off_the_runtime(move || coverage(&held.seen, &held.base, &question, &rules)).await?
    }

    /// Reads the tickets and articles as they are at the time `now`, so that the first report does not wait.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read_ahead(&self, now: Timestamp) -> Result<(), AuditError> {
        self.held(now).await.map(drop)
    }

    /// Lets all that was read and found go: tickets are gone.
    pub async fn clear(&self) {
        self.0.read.clear().await;
        *self.0.gaps.lock().await = None;
    }

    /// Does `work`, which forgets tickets, while nobody looks for groups: one that was found before would be kept with
    /// them after.
    pub async fn forgetting<T>(&self, work: impl Future<Output = T>) -> T {
        let mut gaps = self.0.gaps.lock().await;
        let done = work.await;
        *gaps = None;
        self.0.read.clear().await;
        done
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// The groups that were found last.
    pub(super) fn last_gaps(&self) -> &Mutex<Option<Arc<Found>>> {
        &self.0.gaps
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// Articles and tickets, fresh enough at the time `now`.
    pub(super) async fn held(&self, now: Timestamp) -> Result<Arc<Read>, AuditError> {
        let (store, archive) = (self.0.store.clone(), self.0.archive.clone());
        self.0.read.get("all", now, move || async move { read(&store, archive.as_ref(), now).await }).await
    }
}

async fn read(store: &Store, archive: Option<&Archive>, now: Timestamp) -> Result<Read, AuditError> {
    let base = Base::load(store).await?;
    let mut seen = from_store(store, &base, now).await?;
    if let Some(archive) = archive {
        look_back(store, archive, &base, &mut seen, now).await?;
    }
    Ok(Read { base, seen })
}

/// Runs work that computes away from the threads that answer requests.
pub(super) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AuditError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| AuditError::Knowledge(KnowledgeError::Failed(error.to_string())))
}
