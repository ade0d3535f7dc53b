//! Why there is nothing to show.

use jiff::Timestamp;

use crate::knowledge::KnowledgeError;
use crate::store::StoreError;

/// An audit that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The window ends before it begins.
    #[error("the window ends at {to}, which is not after its beginning {from}; exchange them")]
    Backwards {
        /// Given as the beginning.
        from: Timestamp,
        /// Given as the end.
        to: Timestamp,
    },
    /// No ticket is in the window.
    #[error("{0}")]
    NoTickets(String),
    /// No ticket of the window fits the filter.
    #[error("{field}: {message}")]
    UnknownValue {
        /// Which filter: `category`, `channel`, `organization` or `agent_group`.
        field: &'static str,
        /// What is wrong with it and what there is instead.
        message: String,
    },
    /// There is no gap group with this id.
    #[error("there is no gap group with this id; `GET /v1/audit/gaps` lists those that there are")]
    NoSuchGap,
    /// A state that lacks what it needs.
    #[error("{field}: {message}")]
    Incomplete {
        /// What is missing.
        field: &'static str,
        /// What to give.
        message: String,
    },
    /// The articles could not be searched.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
