//! What was passed over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a source holds beside articles, counted by kind. Clones share the counts, so that they can be read
/// after whoever reads the articles has used the source up.
#[derive(Debug, Clone, Default)]
pub struct Skipped(Arc<Mutex<BTreeMap<String, u64>>>);

impl Skipped {
    pub(super) fn add(&self, what: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what.to_owned()).or_default() += 1;
    }

    /// How many of each kind so far.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
