//! Export: articles into files that the import reads again.
//!
//! In come articles one by one, out goes a file or a folder of them. JSON Lines have every field, so that
//! the same base comes of them again; CSV too, a row an article; a folder has a file for each article, as it
//! was written (Markdown, HTML or plain text), with the other fields as front matter. Former versions are
//! not exported. This part knows nothing of the store.

mod error;
mod folder;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use error::ExportError;

use crate::store::Article;
use folder::Folder;

/// Where articles go.
pub enum Export {
    /// One object a line.
    JsonLines(Beside),
    /// A header row, then a row an article.
    Csv(Box<csv::Writer<Beside>>),
    /// A file an article.
    Folder(Folder),
}

/// Columns of CSV, and the order of the fields in front matter.
const FIELDS: [&str; 17] = [
    "id",
    "title",
    "body",
    "body_format",
    "url",
    "audience",
    "status",
    "category",
    "tags",
    "language",
    "updated_at",
    "product",
    "expires_at",
    "review_at",
    "attachments",
    "version",
    "kept_at",
];

impl Export {
    /// Begins an export; the kind follows from the extension of `path`: `.jsonl` or `.ndjson`, `.csv`, and
    /// none for a folder, which must be new or empty. A file takes its place only when it is complete.
    ///
    /// # Errors
    /// For another extension, a folder that is not empty, and what cannot be written.
    pub fn begin(path: &Path) -> Result<Self, ExportError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "jsonl" | "ndjson" => Ok(Self::JsonLines(Beside::begin(path)?)),
            "csv" => {
                let mut rows = csv::Writer::from_writer(Beside::begin(path)?);
                rows.write_record(FIELDS).map_err(|source| ExportError::csv(path, source))?;
                Ok(Self::Csv(Box::new(rows)))
            }
            "" => Ok(Self::Folder(Folder::begin(path)?)),
            _ => Err(ExportError::UnknownKind { path: path.to_owned() }),
        }
    }

    /// Adds an article.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn add(&mut self, article: &Article) -> Result<(), ExportError> {
        match self {
            Self::JsonLines(file) => {
                let line = line(article)?;
                file.write_all(&line).map_err(|source| ExportError::write(&file.path, source))
            }
            Self::Csv(rows) => {
                let cells = cells(article)?;
                let written = rows.write_record(&cells);
                written.map_err(|source| ExportError::csv(&rows.get_ref().path, source))
            }
            Self::Folder(folder) => folder.add(article),
        }
    }

    /// Completes the export; before, a file is not where it was asked for.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(self) -> Result<(), ExportError> {
        match self {
            Self::JsonLines(file) => file.finish(),
            Self::Csv(mut rows) => {
                let path = rows.get_ref().path.clone();
                rows.flush().map_err(|source| ExportError::write(&path, source))?;
                let file = rows.into_inner().map_err(|e| ExportError::write(&path, e.into_error()))?;
                file.finish()
            }
            Self::Folder(_) => Ok(()),
        }
    }
}

/// The article as one line of JSON, with its line feed.
///
/// # Errors
/// Only for what JSON cannot hold, which no article is.
pub fn line(article: &Article) -> Result<Vec<u8>, ExportError> {
    let mut line = serde_json::to_vec(article).map_err(ExportError::Json)?;
    line.push(b'\n');
    Ok(line)
}

/// The fields of an article by name, in the order of [`FIELDS`]; those that it has not are null.
fn fields(article: &Article) -> Result<Vec<(&'static str, Value)>, ExportError> {
    let mut object = serde_json::to_value(article).map_err(ExportError::Json)?;
    Ok(FIELDS.into_iter().map(|name| (name, object[name].take())).collect())
}

fn cells(article: &Article) -> Result<Vec<String>, ExportError> {
    let cell = |value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(items) if items.is_empty() => String::new(),
        // A list stands in its cell as JSON, since a tag may hold any separator.
        other => other.to_string(),
    };
    Ok(fields(article)?.into_iter().map(|(_, value)| cell(value)).collect())
}

/// A file in the making, beside the place that it will take.
pub struct Beside {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
}

impl Beside {
    fn begin(path: &Path) -> Result<Self, ExportError> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).map_err(|source| ExportError::write(path, source))?;
        Ok(Self { path: path.to_owned(), part, file: BufWriter::new(file) })
    }

    fn finish(mut self) -> Result<(), ExportError> {
        let written = self.file.flush().and_then(|()| fs::rename(&self.part, &self.path));
        written.map_err(|source| ExportError::write(&self.path, source))
    }
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
