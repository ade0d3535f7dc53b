//! What can go wrong with an export.

use std::io;
use std::path::{Path, PathBuf};

/// Why articles cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The extension says nothing that is known here.
    #[error(
        "{path} is none of the kinds that can be exported: .jsonl, .ndjson, .csv, or a folder (no extension)"
    )]
    UnknownKind {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Files of another export would mingle with these.
    #[error("the folder {path} is not empty; give a new one")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The disk is full, or the place may not be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An article that JSON cannot hold.
    #[error("an article cannot be written as JSON: {0}; please report this")]
    Json(serde_json::Error),
}

impl ExportError {
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    pub(super) fn csv(path: &Path, source: csv::Error) -> Self {
        Self::write(path, io::Error::from(source))
    }
}
