//! Why a file is not read at all.

use std::path::PathBuf;

use crate::learn::dataset::DatasetError;

/// A place of a file that could be read in two ways or in none, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Line on which it was seen first, from 1.
    pub line: usize,
    /// Column, or several, as the file calls them; empty where one is missing.
    pub column: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.column.is_empty() {
            return write!(f, "line {}: {}", self.line, self.what);
        }
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] DatasetError),
    /// There is no ticket in it.
    #[error("{}: no row could be read{}", path.display(), first.as_ref().map_or_else(String::new, |first| format!("; the first: {first}")))]
    Empty {
        /// The file.
        path: PathBuf,
        /// Why the first row could not be read.
        first: Option<String>,
    },
    /// It looks like exports of several products.
    #[error("{}: its columns are those of {found}; say which with --product", path.display())]
    Products {
        /// The file.
        path: PathBuf,
        /// The products.
        found: String,
    },
    /// It could be read in two ways, or in none.
    #[error("{}: nothing was taken from it; this must be settled first:\n{}", path.display(), list(refusals))]
    Refused {
        /// The file.
        path: PathBuf,
        /// All that must be said first.
        refusals: Vec<Refusal>,
    },
}

fn list(refusals: &[Refusal]) -> String {
    let lines: Vec<String> = refusals.iter().map(|refusal| format!("  {refusal}")).collect();
    lines.join("\n")
}
