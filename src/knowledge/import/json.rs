//! A JSON array of articles, read one element at a time.
//!
//! The brackets are followed by hand and each element is parsed on its own: so a file of any size
//! needs the memory of one article, and a bad article has a line number and stops no other.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::article::RawArticle;
use super::error::{ImportError, Place, Problem, RowError};
use super::lines::Input;
use super::{MAX_ROW_BYTES, jsonl, unreadable};

/// The elements of the array.
pub(super) struct JsonArray {
    bytes: Bytes,
    file: Arc<str>,
    ended: bool,
}

impl JsonArray {
    /// Goes to the array: the top of the file, or the value of `articles` in the object there.
    pub(super) fn open(input: Input, file: Arc<str>) -> Result<Self, ImportError> {
        let mut bytes = Bytes { input, line: 1 };
        match bytes.find_array() {
            Ok(true) => Ok(Self { bytes, file, ended: false }),
            Ok(false) => Err(ImportError::JsonShape { file: file.to_string() }),
            Err(source) => Err(ImportError::Read { file: file.to_string(), source }),
        }
    }

    fn element(&mut self) -> io::Result<Option<Result<RawArticle, RowError>>> {
        let start = loop {
            match self.bytes.after_blanks()? {
                Some(b',') => self.bytes.consume(1),
                other => break other,
            }
        };
        let place = Place { file: self.file.clone(), line: Some(self.bytes.line) };
        let refuse = |problem| Ok(Some(Err(RowError { place: place.clone(), field: None, problem })));
        let broken = match start {
            Some(b']') => {
                self.ended = true;
                return Ok(None);
            }
            Some(b'}' | b':') => Some("a bracket or colon stands where an article should"),
            None => Some("the file ends before the array is closed"),
            Some(_) => None,
        };
        if let Some(broken) = broken {
            self.ended = true;
            return refuse(Problem::BrokenArray(broken));
        }
        let mut element = Vec::new();
        match self.bytes.value(&mut element, MAX_ROW_BYTES)? {
            Extent::Whole => Ok(Some(jsonl::object(&element, place))),
            Extent::TooLong => refuse(Problem::RowTooLong),
            Extent::CutOff => {
                self.ended = true;
                refuse(Problem::BrokenArray("the file ends inside of this article"))
            }
        }
    }
}

impl Iterator for JsonArray {
    type Item = Result<RawArticle, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.element().unwrap_or_else(|error| {
            self.ended = true;
            let place = Place { file: self.file.clone(), line: Some(self.bytes.line) };
            Some(Err(unreadable(place, &error)))
        })
    }
}

/// How a value ended.
#[derive(Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// It was passed over, since it is longer than the limit.
    TooLong,
    /// The input ended inside of it.
    CutOff,
}

/// The input, with its lines counted.
struct Bytes {
    input: Input,
    line: u64,
}

impl Bytes {
    /// Whether there is an array of articles; if so its bracket has been read.
    fn find_array(&mut self) -> io::Result<bool> {
        let opening = self.after_blanks()?;
        self.consume(1);
        match opening {
            Some(b'[') => return Ok(true),
            Some(b'{') => {}
            _ => return Ok(false),
        }
        while self.after_blanks()? == Some(b'"') {
            let mut name = Vec::new();
            self.value(&mut name, 64)?;
            if self.after_blanks()? != Some(b':') {
                return Ok(false);
            }
            self.consume(1);
            let first = self.after_blanks()?;
            if name == b"\"articles\"" {
                self.consume(1);
                return Ok(first == Some(b'['));
            }
            if matches!(first, None | Some(b',' | b'}' | b']' | b':')) {
                return Ok(false);
            }
            self.value(&mut Vec::new(), 0)?;
            if self.after_blanks()? == Some(b',') {
                self.consume(1);
            }
        }
        Ok(false)
    }

    /// The next byte that is not white space, still unread; `None` at the end.
    fn after_blanks(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.chunk()?;
            let Some(&first) = chunk.first() else {
                return Ok(None);
            };
            if !first.is_ascii_whitespace() {
                return Ok(Some(first));
            }
            self.line += u64::from(first == b'\n');
            self.consume(1);
        }
    }

    /// Reads the value that starts at the next byte; `keep` gets it and never grows beyond `limit`.
    fn value(&mut self, keep: &mut Vec<u8>, limit: usize) -> io::Result<Extent> {
        let mut scan = Scan::default();
        let mut too_long = false;
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(Extent::CutOff);
            }
            let end = chunk.iter().position(|&byte| scan.is_last(byte));
            let ends_before = end.is_some() && scan.ends_before;
            let used = end.map_or(chunk.len(), |end| end + usize::from(!ends_before));
            let text = &chunk[..used];
            let feeds = text.iter().filter(|&&byte| byte == b'\n').count();
            too_long |= keep.len() + used > limit;
            if !too_long {
                keep.extend_from_slice(text);
            }
            self.line += feeds as u64;
            self.consume(used);
            if end.is_some() {
                return Ok(if too_long { Extent::TooLong } else { Extent::Whole });
            }
        }
    }

    fn chunk(&mut self) -> io::Result<&[u8]> {
        while let Err(error) = self.input.fill_buf() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.input.consume(bytes);
    }
}

/// Follows one value to its end.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Set with the end of a number or a word, which is over only when something else follows.
    ends_before: bool,
}

impl Scan {
    /// Takes a byte in and tells whether the value ends with it (or before it, see `ends_before`).
    fn is_last(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return byte == b'"' && !self.in_string && self.depth == 0;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                return self.depth == 0;
            }
            b',' | b':' | b'}' | b']' if self.depth == 0 => {
                self.ends_before = true;
                return true;
            }
            _ => {}
        }
        false
    }
}
