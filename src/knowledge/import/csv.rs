//! CSV with a header row, as spreadsheets and databases export it.
//!
//! Rows are framed here and each is parsed by the `csv` crate on its own: so a quotation mark that is
//! never closed costs one row and bounded memory, and not the rest of the file.

use std::io;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};
use serde_json::Value;

use super::article::RawArticle;
use super::error::{ImportError, Place, Problem, RowError};
use super::fields::{self, Fields};
use super::lines::{Input, Lines, Next};
use super::{MAX_ROW_BYTES, unreadable, utf8};

/// How often reading starts again behind a quotation mark that is never closed. Each time costs a
/// pass over up to [`MAX_ROW_BYTES`], so a file made of nothing else must not have it for each row.
const MAX_RESTARTS: u32 = 16;
/// What may stand between fields.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The rows of a CSV file; blank rows are passed over.
pub(super) struct CsvRows {
    frames: Frames,
    file: Arc<str>,
    header: Vec<String>,
    ended: bool,
}

impl CsvRows {
    /// Finds the separator and reads the header.
    pub(super) fn open(input: Input, file: Arc<str>) -> Result<Self, ImportError> {
        let mut frames = Frames { lines: Lines::new(input), separator: b',', restarts: 0 };
        let header = frames
            .find_separator()
            .and_then(|()| frames.next())
            .map_err(|source| ImportError::Read { file: file.to_string(), source })?;
        let line = frames.lines.number().max(1);
        let refuse = |problem: String| ImportError::Header { file: file.to_string(), line, problem };
        let header = match header {
            None => return Err(refuse("is missing: the file is empty".to_owned())),
            Some((line, frame)) => {
                let place = Place { file: file.clone(), line: Some(line) };
                let record = frames.record(&place, frame);
                record.map_err(|error| refuse(format!("cannot be read: {}", error.problem)))?
            }
        };
        let header: Vec<String> = header.iter().map(fields::folded).collect();
        check_header(&header).map_err(refuse)?;
        Ok(Self { frames, file, header, ended: false })
    }

    /// The article in one framed row; `None` where all its fields are empty.
    fn row(&self, place: Place, frame: Frame) -> Result<Option<RawArticle>, RowError> {
        let record = self.frames.record(&place, frame)?;
        let fields = record.iter().enumerate();
        let filled =
            fields.filter(|(_, field)| !field.trim().is_empty()).last().map_or(0, |(last, _)| last + 1);
        if filled == 0 {
            return Ok(None);
        }
        let expected = self.header.len();
        if record.len() < expected || filled > expected {
            let problem = Problem::Columns { found: record.len(), expected };
            return Err(RowError { place, field: None, problem });
        }
        let values = record.iter().map(|field| Value::String(field.to_owned()));
        let fields = Fields::new(self.header.iter().cloned().zip(values));
        Ok(Some(RawArticle::new(place, fields)))
    }
}

impl Iterator for CsvRows {
    type Item = Result<RawArticle, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let (line, frame) = match self.frames.next() {
                Ok(Some(framed)) => framed,
                Ok(None) => break,
                Err(error) => {
                    self.ended = true;
                    let place = Place { file: self.file.clone(), line: Some(self.frames.lines.number()) };
                    return Some(Err(unreadable(place, &error)));
                }
            };
            self.ended = matches!(frame, Frame::Bad(Problem::TooManyUnclosedQuotes));
            let place = Place { file: self.file.clone(), line: Some(line) };
            if let Some(row) = self.row(place, frame).transpose() {
                return Some(row);
            }
        }
        self.ended = true;
        None
    }
}

/// Whether rows under this header can become articles; an error says what is wrong with it.
fn check_header(header: &[String]) -> Result<(), String> {
    let has = |names: &[&str]| header.iter().any(|column| names.contains(&column.as_str()));
    let columns = || header.iter().take(30).map(String::as_str).collect::<Vec<_>>().join(", ");
    if !has(fields::ID) {
        return Err(format!("has no column `id` (it has: {}); add one", columns()));
    }
    if !has(fields::TITLE) && !has(fields::BODY) {
        return Err(format!("has neither a column `title` nor `body` (it has: {}); name them so", columns()));
    }
    let twice = header.iter().enumerate().find(|(at, column)| {
        fields::is_known(column) && header.iter().take(*at).any(|earlier| earlier == *column)
    });
    match twice {
        Some((_, column)) => Err(format!("names the column `{column}` twice; rename one of them")),
        None => Ok(()),
    }
}

/// A row as it stands in the file.
enum Frame {
    /// Its bytes, with the line feeds inside of quotation marks.
    Row(Vec<u8>),
    Bad(Problem),
}

/// Cuts the stream into rows.
struct Frames {
    lines: Lines,
    separator: u8,
    restarts: u32,
}

impl Frames {
    /// Takes the separator that gives the first line the most fields.
    fn find_separator(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        while line.trim_ascii().is_empty() {
            line.clear();
            match self.lines.append(&mut line, MAX_ROW_BYTES)? {
                Next::End => return Ok(()),
                Next::Line => line.push(b'\n'),
                Next::TooLong => return Err(io::Error::other(Problem::RowTooLong)),
            }
        }
        let fields = |separator: u8| {
            let first = parser(separator, line.len()).from_reader(line.as_slice()).byte_records().next();
            first.and_then(Result::ok).map_or(0, |record| record.len())
        };
        // The first of those with the most fields.
        self.separator =
            SEPARATORS.into_iter().rev().max_by_key(|&separator| fields(separator)).unwrap_or(b',');
        self.lines.put_back(line, 1);
        Ok(())
    }

    /// The next row and the line on which it starts.
    fn next(&mut self) -> io::Result<Option<(u64, Frame)>> {
        let first = self.lines.number() + 1;
        let mut row = Vec::new();
        let mut at = At::FieldStart;
        loop {
            let mut line = Vec::new();
            match self.lines.append(&mut line, MAX_ROW_BYTES)? {
                Next::End if row.is_empty() => return Ok(None),
                Next::End => return Ok(Some((first, self.unclosed(row, first)))),
                Next::TooLong => return Ok(Some((first, Frame::Bad(Problem::RowTooLong)))),
                Next::Line => line.push(b'\n'),
            }
            at = line.iter().fold(at, |at, &byte| at.after(byte, self.separator));
            row.append(&mut line);
            if at != At::Quoted {
                return Ok(Some((first, Frame::Row(row))));
            }
            if row.len() > MAX_ROW_BYTES {
                return Ok(Some((first, self.unclosed(row, first))));
            }
        }
    }

    /// Goes on behind the first line of a row that does not end.
    fn unclosed(&mut self, row: Vec<u8>, first: u64) -> Frame {
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            return Frame::Bad(Problem::TooManyUnclosedQuotes);
        }
        let second = row.iter().position(|&byte| byte == b'\n').map_or(row.len(), |feed| feed + 1);
        self.lines.put_back(row[second..].to_vec(), self.lines.number().saturating_sub(first));
        Frame::Bad(Problem::UnclosedQuote)
    }

    fn record(&self, place: &Place, frame: Frame) -> Result<StringRecord, RowError> {
        let refuse = |problem| RowError { place: place.clone(), field: None, problem };
        let bytes = match frame {
            Frame::Row(bytes) if bytes.len() > MAX_ROW_BYTES => {
                return Err(refuse(Problem::RowTooLong));
            }
            Frame::Row(bytes) => bytes,
            Frame::Bad(problem) => return Err(refuse(problem)),
        };
        let text = utf8(&bytes, place, place.line.unwrap_or(1))?;
        let mut reader = parser(self.separator, text.len()).from_reader(text.as_bytes());
        let mut records = reader.records();
        let record = match records.next() {
            None => return Ok(StringRecord::new()),
            Some(record) => record.map_err(|error| refuse(Problem::Unreadable(error.to_string())))?,
        };
        match records.next() {
            None => Ok(record),
            Some(_) => Err(refuse(Problem::StrayCarriageReturn)),
        }
    }
}

/// A parser for one row of so many bytes.
fn parser(separator: u8, length: usize) -> ReaderBuilder {
    let mut parser = ReaderBuilder::new();
    parser
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(length.clamp(64, 64 * 1024));
    parser
}

/// Where in a row a byte leaves us, as the `csv` crate counts quotation marks: only one at the start
/// of a field opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quotation mark inside of quotation marks: the closing one, or the first of two.
    Quote,
}

impl At {
    fn after(self, byte: u8, separator: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (Self::FieldStart | Self::Quote, b'"') => Self::Quoted,
            (_, byte) if byte == separator => Self::FieldStart,
            _ => Self::Plain,
        }
    }
}
