//! JSON Lines: one object a line.

use std::sync::Arc;

use serde_json::Value;

use super::article::RawArticle;
use super::error::{Place, Problem, RowError};
use super::fields::{self, Fields};
use super::lines::{Input, Lines, Next};
use super::{MAX_ROW_BYTES, unreadable, utf8};

/// The rows of a JSON Lines file; blank lines are passed over.
pub(super) struct JsonLines {
    lines: Lines,
    file: Arc<str>,
    ended: bool,
}

impl JsonLines {
    pub(super) fn new(input: Input, file: Arc<str>) -> Self {
        Self { lines: Lines::new(input), file, ended: false }
    }
}

impl Iterator for JsonLines {
    type Item = Result<RawArticle, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        while !self.ended {
            line.clear();
            let next = self.lines.append(&mut line, MAX_ROW_BYTES);
            let place = Place { file: self.file.clone(), line: Some(self.lines.number()) };
            match next {
                Ok(Next::Line) if line.trim_ascii().is_empty() => {}
                Ok(Next::Line) => return Some(object(&line, place)),
                Ok(Next::TooLong) => {
                    return Some(Err(RowError { place, field: None, problem: Problem::RowTooLong }));
                }
                Ok(Next::End) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(unreadable(place, &error)));
                }
            }
        }
        None
    }
}

/// The article in the bytes of one JSON object.
pub(super) fn object(bytes: &[u8], place: Place) -> Result<RawArticle, RowError> {
    let first = place.line.unwrap_or(1);
    let refuse = |problem| RowError { place: place.clone(), field: None, problem };
    let text = utf8(bytes, &place, first)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(RawArticle::new(place, Fields::new(object))),
        Ok(other) => Err(refuse(Problem::NotAnObject(fields::kind(&other)))),
        Err(error) => Err(refuse(Problem::Json(reason(&error, first)))),
    }
}

/// serde_json's reason, with the line counted in the file and not in the row.
fn reason(error: &serde_json::Error, first: u64) -> String {
    let whole = error.to_string();
    let told = whole.split(" at line ").next().unwrap_or(&whole);
    let line = first + (error.line() as u64).saturating_sub(1);
    format!("{told} (line {line}, position {})", error.column())
}
