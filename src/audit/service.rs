//! The audit of a running service: what was read from the store answers many questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::base::Base;
use super::collect::from_store;
use super::coverage::{Coverage, coverage};
use super::error::AuditError;
use super::gap_report::Found;
use super::observations::Observations;
use super::question::{Question, Rules};
use crate::knowledge::KnowledgeError;
use crate::store::Store;

/// What is older than so many times the settings' seconds is read anew before it is shown; what is younger
/// is shown while it is read anew.
const TOO_OLD: i64 = 10;

/// Coverage over the store. Clones share what was read.
#[derive(Debug, Clone)]
pub struct Audits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    rules: Rules,
    held: Mutex<Option<Arc<Held>>>,
    refreshing: AtomicBool,
    gaps: Mutex<Option<Arc<Found>>>,
}

/// Articles and tickets as they were at one time.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) base: Base,
    pub(super) seen: Observations,
}

impl Audits {
    /// Over the tickets and articles of `store`.
    pub fn new(store: Store, rules: Rules) -> Self {
        Self(Arc::new(Shared {
            store,
            rules,
            held: Mutex::default(),
            refreshing: AtomicBool::new(false),
            gaps: Mutex::default(),
        }))
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
    pub(super) async fn held(&self, now: Timestamp) -> Result<Arc<Held>, AuditError> {
        let mut held = self.0.held.lock().await;
        let fresh = i64::from(self.0.rules.settings.refresh_seconds);
        if let Some(known) = held.as_ref() {
            let age = now.as_second().saturating_sub(known.seen.as_of.as_second());
            if age < fresh {
                return Ok(Arc::clone(known));
            }
            if age < TOO_OLD * fresh {
                self.refresh(now);
                return Ok(Arc::clone(known));
            }
        }
        let read = Arc::new(self.0.read(now).await?);
        *held = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Reads anew beside, once at a time.
    fn refresh(&self, now: Timestamp) {
        if self.0.refreshing.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            match shared.read(now).await {
                Ok(read) => *shared.held.lock().await = Some(Arc::new(read)),
                Err(error) => tracing::warn!(%error, "the audit could not read the store anew"),
            }
            shared.refreshing.store(false, Ordering::Release);
        });
    }
}

impl Shared {
    async fn read(&self, now: Timestamp) -> Result<Held, AuditError> {
        let base = Base::load(&self.store).await?;
        let seen = from_store(&self.store, &base, now).await?;
        Ok(Held { base, seen })
    }
}

/// Runs work that computes away from the threads that answer requests.
pub(super) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AuditError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| AuditError::Knowledge(KnowledgeError::Failed(error.to_string())))
}
