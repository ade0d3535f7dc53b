//! The streaming reader: a file in, one labelled row after the other out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::records::{Layout, Record, RecordReader};
use super::row::{self, BODY_NAMES, SUBJECT_NAMES, Wanted};
use super::{DatasetError, LabelledRow, MAX_SKIPPED_KEPT, SkipReason, Skipped, Warning};

/// How many field names a message lists.
const MAX_FIELDS_NAMED: usize = 20;

/// Reads labelled rows one by one; memory does not grow with the file.
///
/// As an iterator it gives the rows that can be used, and an error only where the file itself
/// breaks off; rows that cannot be used are kept in [`DatasetReader::skipped`]. Blank lines are
/// passed over.
///
/// Field names are matched exactly first, then without regard to case. The subject is the first of
/// `subject`, `title`, `summary` with text in it, the body the first of `body`, `text`,
/// `description`, `comment`. A row without `id` is called `line-<n>`.
pub struct DatasetReader {
    path: PathBuf,
    records: RecordReader<BufReader<File>>,
    /// Delimiter and column names of a CSV file.
    csv: Option<(u8, Vec<String>)>,
    wanted: Wanted,
    skipped: Vec<Skipped>,
    skipped_count: usize,
    tidied: BTreeMap<String, usize>,
    ratings_ignored: usize,
    other_aspects: usize,
    first_fields: Vec<String>,
}

impl DatasetReader {
    /// Opens a `.jsonl` (or `.ndjson`) or `.csv` file whose rows must carry all of `label_fields`.
    /// Of a CSV file the header is read: the delimiter is the one of `,` `;` and tab that it uses
    /// most.
    ///
    /// # Errors
    /// A file that cannot be opened, is of another kind or in UTF-16, or a CSV header without a
    /// label field or without any text column.
    pub fn open(path: &Path, label_fields: &[String]) -> Result<Self, DatasetError> {
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
        let mut reader = Self {
            path: path.to_owned(),
            records: RecordReader::new(input, layout),
            csv: None,
            wanted: Wanted { label_fields: label_fields.to_vec(), aspects: Vec::new() },
            skipped: Vec::new(),
            skipped_count: 0,
            tidied: BTreeMap::new(),
            ratings_ignored: 0,
            other_aspects: 0,
            first_fields: Vec::new(),
        };
        if layout != Layout::JsonLines {
            reader.read_header()?;
        }
        Ok(reader)
    }

    /// Turns the field `aspects` (a list of `{"aspect", "sentiment"}`, in CSV the same as JSON in
    /// one cell) into labels `aspect/<name>` for each of `names`: positive, negative, neutral, or
    /// [`super::ABSENT`] where the row does not mention it. A row must then carry the field, `[]`
    /// where it mentions none; aspects other than `names` are passed over and counted.
    ///
    /// # Errors
    /// A CSV file without the column `aspects`.
    pub fn with_aspects(mut self, names: &[String]) -> Result<Self, DatasetError> {
        self.require_column(&["aspects"])?;
        self.wanted.aspects = names.to_vec();
        Ok(self)
    }

    /// Goes through a file once and gives the names of all aspects in it, in alphabetical order.
    ///
    /// # Errors
    /// As [`DatasetReader::open`], and a file that breaks off.
    pub fn aspect_names(path: &Path) -> Result<Vec<String>, DatasetError> {
        let mut reader = Self::open(path, &[])?;
        let mut names = BTreeSet::new();
        while let Some((_, fields)) = reader.next_fields()? {
            // A row that cannot be read counts nothing here; whoever reads the rows hears of it.
            let read = fields.and_then(|fields| row::read_aspects(&fields));
            names.extend(read.into_iter().flatten().map(|(aspect, _)| aspect));
        }
        Ok(names.into_iter().collect())
    }

    /// The first [`MAX_SKIPPED_KEPT`] rows that were set aside so far.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many rows were set aside so far.
    #[must_use]
    pub fn skipped_count(&self) -> usize {
        self.skipped_count
    }

    /// What was put right or passed over in the rows given so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self
            .tidied
            .iter()
            .map(|(field, &rows)| Warning::LabelsTidied { field: field.clone(), rows })
            .collect();
        if self.ratings_ignored > 0 {
            warnings.push(Warning::RatingsIgnored { rows: self.ratings_ignored });
        }
        if self.other_aspects > 0 {
            warnings.push(Warning::OtherAspects { mentions: self.other_aspects });
        }
        warnings
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
        for field in self.wanted.label_fields.clone() {
            self.require_column(&[&field])?;
        }
        let text_names: Vec<&str> = SUBJECT_NAMES.into_iter().chain(BODY_NAMES).collect();
        self.require_column(&text_names)
    }

    /// A CSV file must have one of these columns.
    fn require_column(&self, names: &[&str]) -> Result<(), DatasetError> {
        let Some((_, columns)) = &self.csv else {
            return Ok(());
        };
        let is_there = |name: &&str| columns.iter().any(|c| c.eq_ignore_ascii_case(name));
        if names.iter().any(is_there) {
            return Ok(());
        }
        Err(DatasetError::MissingColumn {
            path: self.path.clone(),
            wanted: names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or "),
            found: columns.join(", "),
        })
    }

    /// The fields of the next record that is not blank, or why they cannot be had.
    #[expect(clippy::type_complexity, reason = "named by its one caller")]
    fn next_fields(
        &mut self,
    ) -> Result<Option<(usize, Result<Map<String, Value>, SkipReason>)>, DatasetError> {
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

    fn skip(&mut self, line: usize, reason: SkipReason) {
        self.skipped_count += 1;
        if self.skipped.len() < MAX_SKIPPED_KEPT {
            self.skipped.push(Skipped { line, reason });
        }
    }
}

impl Iterator for DatasetReader {
    type Item = Result<LabelledRow, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, fields) = match self.next_fields() {
                Ok(next) => next?,
                Err(error) => return Some(Err(error)),
            };
            match fields.and_then(|fields| row::read_row(line, &fields, &self.wanted)) {
                Ok((row, notes)) => {
                    for field in notes.tidied {
                        *self.tidied.entry(field).or_default() += 1;
                    }
                    self.ratings_ignored += usize::from(notes.rating_ignored);
                    self.other_aspects += notes.other_aspects;
                    return Some(Ok(row));
                }
                Err(reason) => self.skip(line, reason),
            }
        }
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
