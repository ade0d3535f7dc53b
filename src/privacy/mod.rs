//! Privacy: what is forgotten after a time, and all that is kept of one requester.
//!
//! In come periods and the id of a requester; out come counts, and everything that is kept of that person. What is
//! forgotten goes from the store in small transactions, then from what is held in memory. This room knows nothing of
//! HTTP and reads no clock.

mod export;
mod requester;
mod retention;
mod traces;

use crate::config::IntegrationSettings;
use crate::integrations::Product;
use crate::knowledge::{Knowledge, KnowledgeError};
use crate::store::{Prefixes, Store, StoreError};

pub use export::RequesterExport;
pub use requester::Erased;
pub use retention::{Due, Swept};

/// Tickets or rows that go in one transaction: some milliseconds, so that nobody waits long behind it.
const BATCH: u32 = 100;

/// Why something could not be forgotten.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is held in memory could not be brought in step.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
}

/// Forgets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Forgetter {
    store: Store,
    knowledge: Option<Knowledge>,
    prefixes: Prefixes,
}

impl Forgetter {
    /// Over a store, and what a running service holds of it in memory.
    pub fn new(store: Store, knowledge: Option<Knowledge>, settings: &IntegrationSettings) -> Self {
        let prefix =
            |product: Product| (product.name().to_owned(), settings.of(product).ticket_prefix.to_owned());
        Self { store, knowledge, prefixes: Product::ALL.into_iter().map(prefix).collect() }
    }
}
