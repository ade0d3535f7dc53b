//! Rows as they stand in a file: names with values, whatever they mean.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::records::{Layout, Record, RecordReader};
use super::{DatasetError, SkipReason};

/// How many field names a message lists.
const MAX_FIELDS_NAMED: usize = 20;

/// The fields of a row, or why they cannot be had.
pub type RowFields = Result<Map<String, Value>, SkipReason>;

/// Reads the rows of a `.jsonl` (or `.ndjson`) or `.csv` file one by one; memory does not grow with the file.
/// In CSV every value is a string.
pub struct FieldsReader {
    path: PathBuf,
    records: RecordReader<BufReader<File>>,
    /// Delimiter and column names of a CSV file.
    csv: Option<(u8, Vec<String>)>,
    first_fields: Vec<String>,
}

impl FieldsReader {
    /// Opens the file. Of a CSV file the header is read: the delimiter is the one of `,` `;` and tab that it
    /// uses most.
    ///
    /// # Errors
    /// A file that cannot be opened, is of another kind or in UTF-16, or a CSV file whose header cannot be
    /// read.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let layout = layout_of(path)?;
        let io_error = |source| DatasetError::Open { path: path.to_owned(), source };
        let mut input = BufReader::new(File::open(path).map_err(io_error)?);
        match input.fill_buf().map_err(io_error)? {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
                return Err(DatasetError::Utf16 { path: path.to_owned() });
            }
            // The byte order mark that Excel and PowerShell write in front of UTF-8.
            [0xEF, 0xBB, 0xBF, ..] => input.consume(3),
            _ => {}
        }
        let records = RecordReader::new(input, layout);
        let mut reader = Self { path: path.to_owned(), records, csv: None, first_fields: Vec::new() };
        if layout != Layout::JsonLines {
            reader.read_header()?;
        }
        Ok(reader)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns of a CSV file.
    #[must_use]
    pub fn columns(&self) -> Option<&[String]> {
        self.csv.as_ref().map(|(_, columns)| columns.as_slice())
    }

    /// Gives columns of a CSV file that are called the same a number from the second on: `Comment`,
    /// `Comment #2`. Otherwise the first of them counts.
    #[must_use]
    pub fn numbering_repeats(mut self) -> Self {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for column in self.csv.iter_mut().flat_map(|(_, columns)| columns) {
            let times = seen.entry(column.clone()).or_default();
            *times += 1;
            if *times > 1 {
                *column = format!("{column} #{times}");
            }
        }
        self
    }

    /// Names of the fields of the first row that could be read, for messages.
    pub(super) fn first_fields(&self) -> &[String] {
        &self.first_fields
    }

    fn read_header(&mut self) -> Result<(), DatasetError> {
        let refuse = |reason| DatasetError::Header { path: self.path.clone(), reason };
        let header = match self.records.next_record() {
            Ok(Some((_, Record::Whole(bytes)))) => bytes,
            Ok(Some((_, Record::TooLong))) => return Err(refuse(SkipReason::TooLong)),
            Ok(Some((_, Record::OpenQuote))) => return Err(refuse(SkipReason::OpenQuote)),
            Ok(None) => {
                return Err(DatasetError::NoRows {
                    path: self.path.clone(),
                    first: None,
                    fields: Vec::new(),
                });
            }
            Err(source) => return Err(self.io_error(source)),
        };
        let delimiter = most_used_delimiter(&header);
        let columns = csv_cells(&header, delimiter).map_err(refuse)?;
        let columns = columns.iter().map(|name| name.trim().to_owned()).collect();
        self.records.set_layout(Layout::Csv(delimiter));
        self.csv = Some((delimiter, columns));
        Ok(())
    }

    /// The fields of the next record that is not blank, or why they cannot be had.
    ///
    /// # Errors
    /// A file that breaks off.
    pub fn next_fields(&mut self) -> Result<Option<(usize, RowFields)>, DatasetError> {
        loop {
            let next = self.records.next_record();
            let Some((line, record)) = next.map_err(|source| self.io_error(source))? else {
                return Ok(None);
            };
            let fields = match record {
                Record::Whole(bytes) if bytes.trim_ascii().is_empty() => continue,
                Record::Whole(bytes) => match &self.csv {
                    Some((delimiter, columns)) => csv_fields(&bytes, *delimiter, columns),
                    None => json_fields(&bytes),
                },
                Record::TooLong => Err(SkipReason::TooLong),
                Record::OpenQuote => Err(SkipReason::OpenQuote),
            };
            if let (true, Ok(fields)) = (self.first_fields.is_empty(), &fields) {
                self.first_fields = fields.keys().take(MAX_FIELDS_NAMED).cloned().collect();
            }
            return Ok(Some((line, fields)));
        }
    }

    fn io_error(&self, source: std::io::Error) -> DatasetError {
        DatasetError::Io { path: self.path.clone(), line: self.records.line(), source }
    }
}

fn layout_of(path: &Path) -> Result<Layout, DatasetError> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    match extension.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Ok(Layout::JsonLines),
        "csv" => Ok(Layout::Csv(b',')),
        _ => Err(DatasetError::UnknownKind { path: path.to_owned() }),
    }
}

fn json_fields(bytes: &[u8]) -> Result<Map<String, Value>, SkipReason> {
    let text = std::str::from_utf8(bytes).map_err(|_| SkipReason::NotUtf8)?;
    // The message of serde_json may quote the text, so only its place is passed on.
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(SkipReason::NotAnObject),
        Err(error) => Err(SkipReason::NotJson { column: error.column() }),
    }
}

fn csv_fields(bytes: &[u8], delimiter: u8, columns: &[String]) -> Result<Map<String, Value>, SkipReason> {
    let cells = csv_cells(bytes, delimiter)?;
    if cells.len() != columns.len() {
        return Err(SkipReason::ColumnCount { wanted: columns.len(), found: cells.len() });
    }
    let mut fields = Map::new();
    for (column, cell) in columns.iter().zip(&cells) {
        // Of columns with the same name, as some exports have them, the first counts.
        if !fields.contains_key(column) {
            fields.insert(column.clone(), Value::String(cell.to_owned()));
        }
    }
    Ok(fields)
}

fn csv_cells(bytes: &[u8], delimiter: u8) -> Result<csv::StringRecord, SkipReason> {
    let mut cells = csv::StringRecord::new();
    csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        // Line ends are stripped already; a lone carriage return inside a cell is text.
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(bytes)
        .read_record(&mut cells)
        .map_err(|_| SkipReason::NotUtf8)?;
    Ok(cells)
}

fn most_used_delimiter(header: &[u8]) -> u8 {
    let uses = |delimiter: u8| header.iter().filter(|&&b| b == delimiter).count();
    // `max_by_key` gives the last of equals, so the comma stands last.
    [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| uses(delimiter)).unwrap_or(b',')
}
