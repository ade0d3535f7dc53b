//! A file of tickets as rows of columns with values, whatever they mean.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::objects::{Cut, Objects};
use crate::learn::dataset::{DatasetError, FieldsReader, SkipReason};

/// Objects in objects are flattened down to here; deeper ones are left out.
const MAX_DEPTH: usize = 4;
/// Bytes read at a time; the list of tickets in an object must begin within the first so many.
const BUFFER: usize = 1 << 16;

/// The fields of a row, or why they cannot be had.
pub(super) type RowFields = Result<Map<String, Value>, String>;

/// Reads row after row.
pub(super) struct Source {
    path: PathBuf,
    rows: Rows,
}

enum Rows {
    Fields(Box<FieldsReader>),
    Objects(Box<Objects<BufReader<File>>>),
}

impl Source {
    /// Opens a `.csv`, `.jsonl` (or `.ndjson`) or `.json` file. Columns of a CSV file that are called the same
    /// get a number: `Comment`, `Comment #2`.
    pub(super) fn open(path: &Path) -> Result<Self, DatasetError> {
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let rows = if is_json {
            Rows::Objects(Box::new(objects(path)?))
        } else {
            Rows::Fields(Box::new(FieldsReader::open(path)?.numbering_repeats()))
        };
        Ok(Self { path: path.to_owned(), rows })
    }

    /// The columns of a CSV file.
    pub(super) fn columns(&self) -> Option<&[String]> {
        match &self.rows {
            Rows::Fields(reader) => reader.columns(),
            Rows::Objects(_) => None,
        }
    }

    /// The next row with the line on which it begins, as it stands there, or why it cannot be had.
    pub(super) fn next_row(&mut self) -> Result<Option<(usize, RowFields)>, DatasetError> {
        let objects = match &mut self.rows {
            Rows::Fields(reader) => {
                let next = reader.next_fields()?;
                return Ok(next.map(|(line, fields)| (line, fields.map_err(|reason| reason.to_string()))));
            }
            Rows::Objects(objects) => objects,
        };
        let next = objects.next_object();
        let line = objects.line();
        let next = next.map_err(|source| DatasetError::Io { path: self.path.clone(), line, source })?;
        Ok(next.map(|(line, cut)| (line, parsed(cut))))
    }
}

fn objects(path: &Path) -> Result<Objects<BufReader<File>>, DatasetError> {
    let failed = |source| DatasetError::Open { path: path.to_owned(), source };
    let mut input = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed)?);
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = input.fill_buf().map_err(failed)? {
        return Err(DatasetError::Utf16 { path: path.to_owned() });
    }
    Objects::new(input).map_err(failed)
}

fn parsed(cut: Cut) -> RowFields {
    match cut {
        Cut::TooLong => Err(SkipReason::TooLong.to_string()),
        Cut::Other => Err("something stands here that is no JSON object".to_owned()),
        Cut::Open => Err("the file ends within the ticket that begins here".to_owned()),
        Cut::Whole(bytes) => {
            let text = std::str::from_utf8(&bytes).map_err(|_| SkipReason::NotUtf8.to_string())?;
            // The message of serde_json may quote the text, so only its place is passed on.
            serde_json::from_str(text).map_err(|error| {
                format!("not valid JSON at column {} of line {} from here", error.column(), error.line())
            })
        }
    }
}

/// One level of columns: `{"via": {"channel": "web"}}` becomes `via.channel`, and a list of `{"id", "value"}`,
/// as custom fields are written, a column for each id. Empty values are left out.
pub(super) fn flat(fields: Map<String, Value>) -> Map<String, Value> {
    let mut columns = Map::new();
    for (name, value) in fields {
        flatten(name, value, 1, &mut columns);
    }
    columns
}

fn flatten(name: String, value: Value, depth: usize, columns: &mut Map<String, Value>) {
    match value {
        Value::Null => {}
        Value::String(text) if text.trim().is_empty() => {}
        Value::Object(fields) if depth < MAX_DEPTH => {
            for (part, value) in fields {
                flatten(format!("{name}.{part}"), value, depth + 1, columns);
            }
        }
        Value::Object(_) => {}
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                let Value::Object(mut item) = item else { continue };
                let id = item.get("id").and_then(text_of);
                if let (Some(id), Some(value), true) = (id, item.remove("value"), depth < MAX_DEPTH) {
                    flatten(format!("{name}.{id}"), value, depth + 1, columns);
                }
            }
        }
        Value::Array(items) if items.is_empty() => {}
        value => {
            columns.insert(name, value);
        }
    }
}

/// A value as text; `None` of lists, objects and what is empty.
pub(super) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
