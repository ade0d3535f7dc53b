//! Cutting a file into records without ever holding more than one of them, bounded in length.
//!
//! A record of JSON Lines is a line; a record of CSV may span lines inside quotes (RFC 4180).

use std::io::{self, BufRead};

use super::MAX_ROW_BYTES;

/// How a file is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One JSON object per line.
    JsonLines,
    /// Comma-separated values with this delimiter.
    Csv(u8),
}

/// One record as it stands in the file, or why it could not be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The whole record, without its line end.
    Whole(Vec<u8>),
    /// It was longer than [`MAX_ROW_BYTES`].
    TooLong,
    /// A quote was opened and the file ended before it was closed.
    OpenQuote,
}

/// Where the cursor stands in a CSV record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Start,
    Plain,
    Quoted,
    /// Just behind a quote inside quotes: the end of the cell, or the first half of `""`.
    Quote,
}

/// Reads record after record.
pub(super) struct RecordReader<R> {
    input: R,
    layout: Layout,
    /// Line on which the next record begins, from 1.
    line: usize,
}

impl<R: BufRead> RecordReader<R> {
    pub(super) fn new(input: R, layout: Layout) -> Self {
        Self { input, layout, line: 1 }
    }

    /// Changes how the records that follow are cut.
    pub(super) fn set_layout(&mut self, layout: Layout) {
        self.layout = layout;
    }

    /// Line on which the next record begins, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next record with the line on which it begins; `None` at the end of the file.
    pub(super) fn next_record(&mut self) -> io::Result<Option<(usize, Record)>> {
        let first_line = self.line;
        let mut bytes = Vec::new();
        let mut too_long = false;
        let mut anything = false;
        let mut cell = Cell::Start;
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            anything = true;
            let (used, ended, lines) = scan(chunk, self.layout, &mut cell);
            too_long |= bytes.len() + used > MAX_ROW_BYTES;
            if too_long {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(chunk.get(..used).unwrap_or(chunk));
            }
            self.input.consume(used);
            self.line += lines;
            if ended {
                break;
            }
        }
        if !anything {
            return Ok(None);
        }
        let record = if cell == Cell::Quoted {
            Record::OpenQuote
        } else if too_long {
            Record::TooLong
        } else {
            Record::Whole(without_line_end(bytes))
        };
        Ok(Some((first_line, record)))
    }
}

/// Walks through a chunk until the record ends: bytes used, whether it ended, line ends passed.
fn scan(chunk: &[u8], layout: Layout, cell: &mut Cell) -> (usize, bool, usize) {
    let mut lines = 0;
    for (at, &byte) in chunk.iter().enumerate() {
        lines += usize::from(byte == b'\n');
        if let Layout::Csv(delimiter) = layout {
            *cell = after(*cell, byte, delimiter);
        }
        if byte == b'\n' && *cell != Cell::Quoted {
            return (at + 1, true, lines);
        }
    }
    (chunk.len(), false, lines)
}

/// RFC 4180, with the leniency of the `csv` crate: a quote opens a cell only at its very start, so
/// that an unquoted `24" screen` does not swallow the lines below it.
fn after(cell: Cell, byte: u8, delimiter: u8) -> Cell {
    match (cell, byte) {
        (Cell::Quoted, b'"') => Cell::Quote,
        (Cell::Quoted, _) | (Cell::Quote | Cell::Start, b'"') => Cell::Quoted,
        (_, byte) if byte == delimiter => Cell::Start,
        _ => Cell::Plain,
    }
}

fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    bytes
}
