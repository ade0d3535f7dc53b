//! The ledger of a running service: what was summed up shortly ago answers again, since reading the labels of
//! many tickets takes seconds.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{Ledger, LedgerError, Question, ledger};
use crate::store::Store;

/// Ledgers that are held, those asked for last.
const HELD: usize = 8;
/// What is older than so many times the settings' seconds is summed up anew before it is shown; what is
/// younger is shown while it is summed up anew.
const TOO_OLD: i64 = 10;

/// Ledgers over the store. Clones share what was summed up.
#[derive(Debug, Clone)]
pub struct Ledgers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    /// Seconds for which a ledger answers.
    fresh: i64,
    held: Mutex<Vec<Held>>,
    /// Held while labels are read, so that it is done once at a time.
    reading: Mutex<()>,
}

#[derive(Debug)]
struct Held {
    name: String,
    at: Timestamp,
    ledger: Arc<Ledger>,
}

impl Ledgers {
    /// Over the tickets of `store`; a ledger answers for `fresh` seconds.
    pub fn new(store: Store, fresh: u32) -> Self {
        Self(Arc::new(Shared {
            store,
            fresh: fresh.into(),
            held: Mutex::default(),
            reading: Mutex::default(),
        }))
    }

    /// The ledger of a question; `now` is when it is asked. `name` is the same for questions that mean the same
    /// at different times, such as the last 90 days: then the window may be some minutes old.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn get(
        &self,
        name: &str,
        question: &Question,
        now: Timestamp,
    ) -> Result<Arc<Ledger>, LedgerError> {
        let fresh = self.0.fresh;
        match self.0.known(name, now).await {
            Some((ledger, age)) if age < fresh => Ok(ledger),
            Some((ledger, age)) if age < TOO_OLD * fresh => {
                self.refresh(name.to_owned(), question.clone(), now);
                Ok(ledger)
            }
            _ => self.0.read(name, question, now).await,
        }
    }

    /// Sums up anew beside, unless that is being done.
    fn refresh(&self, name: String, question: Question, now: Timestamp) {
        if self.0.reading.try_lock().is_err() {
            return;
        }
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            if let Err(error) = shared.read(&name, &question, now).await {
                tracing::warn!(%error, "the mismatch ledger could not be summed up anew");
            }
        });
    }
}

impl Shared {
    /// The ledger of this name and its age in seconds.
    async fn known(&self, name: &str, now: Timestamp) -> Option<(Arc<Ledger>, i64)> {
        let held = self.held.lock().await;
        let known = held.iter().find(|known| known.name == name)?;
        let age = now.as_second().saturating_sub(known.at.as_second());
        Some((Arc::clone(&known.ledger), age))
    }

    async fn read(
        &self,
        name: &str,
        question: &Question,
        now: Timestamp,
    ) -> Result<Arc<Ledger>, LedgerError> {
        let _one = self.reading.lock().await;
        // Whoever waited for another one's reading need not read again.
        if let Some((ledger, age)) = self.known(name, now).await
            && age < self.fresh
        {
            return Ok(ledger);
        }
        let read = Arc::new(ledger(&self.store, question, &|_| ()).await?);
        let mut held = self.held.lock().await;
        held.retain(|known| known.name != name);
        held.insert(0, Held { name: name.to_owned(), at: now, ledger: Arc::clone(&read) });
        held.truncate(HELD);
        Ok(read)
    }
}
