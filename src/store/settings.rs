//! Settings of the store.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// How much the store may keep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// Most MiB that the database file may take; a write past it is refused as if the disk were
    /// full. Beside it a write-ahead log takes as much as the largest single write, and is cut
    /// back to 16 MiB. Without a value only the disk is the limit.
    pub max_mebibytes: Option<NonZeroU64>,
}
