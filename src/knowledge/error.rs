//! What can go wrong with the knowledge base.

use std::io;
use std::path::PathBuf;

use tantivy::TantivyError;

use crate::model::ModelError;
use crate::store::StoreError;

/// Why articles or tickets could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model could not read a text.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The search index could not be read or written. The store has everything that is in it.
    #[error(
        "the search index in {} cannot be used: {source}; have it built anew by POST /v1/articles/reindex, or stop Deskhand, delete that folder and start again",
        path.display()
    )]
    Index {
        /// The folder of the index.
        path: PathBuf,
        /// What the index said.
        source: Box<TantivyError>,
    },
    /// A folder of the search index could not be created, moved or removed.
    #[error("{}: {source}; give this user the right to write there, or free space on its disk", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An embedding does not come from the model that is loaded.
    #[error(
        "the embedding must have {expected} finite numbers, as the loaded model gives them; it has {found}"
    )]
    Embedding {
        /// Numbers that the model gives.
        expected: usize,
        /// Finite numbers that were found.
        found: usize,
    },
    /// A part of the program failed in a way that it should not.
    #[error("the search failed unexpectedly: {0}; please report this")]
    Failed(String),
}
