//! Labelled rows from `.jsonl` and `.csv` files, read line by line.
//!
//! A row that cannot be used is set aside with its line and the reason, and the rest go on; what
//! looks wrong in the labels as a whole becomes a [`Warning`]. Reasons and warnings name lines,
//! fields and labels, never a ticket's text.

mod checks;
mod fields;
mod reader;
mod records;
mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use checks::Warning;
pub use fields::{FieldsReader, RowFields};
pub use reader::DatasetReader;
pub use row::{ABSENT, ASPECT_PREFIX, LabelledRow, SkipReason};
pub(super) use row::{MAX_LABEL_CHARS, fold};

/// The longest row that is read, in bytes: 4 MiB. Longer ones are skipped without being held.
pub const MAX_ROW_BYTES: usize = 4 << 20;

/// The most skipped rows that are kept with their reason; beyond it they are only counted.
pub const MAX_SKIPPED_KEPT: usize = 1_000;

/// The most labels of one field that can be learnt. More come from a field such as an id, and the
/// figures would take memory by their square.
pub const MAX_CLASSES: usize = 1_000;

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Line of the file on which the row begins, from 1.
    pub line: usize,
    /// Why.
    pub reason: SkipReason,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a whole file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened: {source}; check the path and who may read it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file breaks off while it is read.
    #[error("{}: cannot be read at line {line}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Line that was to be read, from 1.
        line: usize,
        /// What the system said.
        source: std::io::Error,
    },
    /// The name ends in neither .jsonl nor .csv.
    #[error("{}: name the file .jsonl (one JSON object per line) or .csv (with a header line)", path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// The file is written in UTF-16.
    #[error("{}: is written in UTF-16; save it as UTF-8 (in Excel: \"CSV UTF-8\")", path.display())]
    Utf16 {
        /// The file.
        path: PathBuf,
    },
    /// The header line of a CSV file cannot be read.
    #[error("{}: line 1, the header: {reason}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: SkipReason,
    },
    /// A CSV file lacks a column that is needed.
    #[error("{}: line 1, the header, has no column {wanted}; it has: {found}; \
             rename a column or ask for another", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column or columns of which one is needed.
        wanted: String,
        /// The columns that are there, separated by commas.
        found: String,
    },
    /// Not one row could be used.
    #[error("{}: no usable row; {}", path.display(), no_rows_because(first.as_ref(), fields))]
    NoRows {
        /// The file.
        path: PathBuf,
        /// The first row that was skipped, if the file had any.
        first: Option<Skipped>,
        /// Names of the fields of the first row that could be read.
        fields: Vec<String>,
    },
    /// All rows carry the same label, so that there is nothing to tell apart.
    #[error("{}: every row has the label \"{label}\" in field \"{field}\"; add rows of at least one other label", path.display())]
    OneClass {
        /// The file.
        path: PathBuf,
        /// The label field.
        field: String,
        /// The only label.
        label: String,
    },
    /// More different labels than a classifier can sensibly have.
    #[error("{}: field \"{field}\" has {classes} different labels, more than {MAX_CLASSES}; is it the right field?", path.display())]
    TooManyClasses {
        /// The file.
        path: PathBuf,
        /// The label field.
        field: String,
        /// How many labels it has.
        classes: usize,
    },
}

fn no_rows_because(first: Option<&Skipped>, fields: &[String]) -> String {
    let Some(skipped) = first else {
        return "the file is empty; add labelled rows".to_owned();
    };
    let mut because = format!("the first was skipped at {skipped}");
    if !fields.is_empty() {
        because.push_str(" (it has the fields ");
        because.push_str(&fields.join(", "));
        because.push(')');
    }
    because
}

/// A labelled file in memory, checked.
#[derive(Debug)]
pub struct Dataset {
    /// The rows that can be used, in the order of the file.
    pub rows: Vec<LabelledRow>,
    /// The first [`MAX_SKIPPED_KEPT`] rows that were set aside.
    pub skipped: Vec<Skipped>,
    /// How many rows were set aside in all.
    pub skipped_count: usize,
    /// What looks wrong in the rows that are used.
    pub warnings: Vec<Warning>,
    path: PathBuf,
}

impl Dataset {
    /// Reads a file whole. `label_fields` are the fields that every row must carry; `aspects` names
    /// the survey aspects that become labels `aspect/<name>`, none where it is empty (see
    /// [`DatasetReader::aspect_names`]).
    ///
    /// # Errors
    /// Whatever [`DatasetReader::open`] refuses, a file that breaks off, and a file without a
    /// usable row.
    pub fn load(path: &Path, label_fields: &[String], aspects: &[String]) -> Result<Self, DatasetError> {
        let mut reader = DatasetReader::open(path, label_fields)?;
        if !aspects.is_empty() {
            reader = reader.with_aspects(aspects)?;
        }
        let mut checks = checks::LabelChecks::default();
        let mut rows = Vec::new();
        for row in reader.by_ref() {
            let row = row?;
            checks.observe(&row);
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(DatasetError::NoRows {
                path: path.to_owned(),
                first: reader.skipped().first().cloned(),
                fields: reader.first_fields().to_vec(),
            });
        }
        let mut warnings = reader.warnings();
        warnings.extend(checks.finish());
        Ok(Self {
            rows,
            skipped: reader.skipped().to_vec(),
            skipped_count: reader.skipped_count(),
            warnings,
            path: path.to_owned(),
        })
    }

    /// The distinct labels of one field, in alphabetical order; empty where no row carries it.
    #[must_use]
    pub fn classes(&self, field: &str) -> Vec<String> {
        let distinct: BTreeSet<&String> = self.rows.iter().filter_map(|row| row.labels.get(field)).collect();
        distinct.into_iter().cloned().collect()
    }

    /// Makes sure that there is something to learn in a field: two labels to [`MAX_CLASSES`].
    ///
    /// # Errors
    /// [`DatasetError::OneClass`] where all rows carry the same label,
    /// [`DatasetError::TooManyClasses`] where the labels are too many.
    pub fn ensure_learnable(&self, field: &str) -> Result<(), DatasetError> {
        match self.classes(field).as_slice() {
            [only] => Err(DatasetError::OneClass {
                path: self.path.clone(),
                field: field.to_owned(),
                label: only.clone(),
            }),
            classes if classes.len() > MAX_CLASSES => Err(DatasetError::TooManyClasses {
                path: self.path.clone(),
                field: field.to_owned(),
                classes: classes.len(),
            }),
            _ => Ok(()),
        }
    }
}
