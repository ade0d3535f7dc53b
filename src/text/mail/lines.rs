//! A message line by line, and what becomes of each line.

use std::ops::Range;

use super::{SetAside, SetAsideKind};
use crate::text::document::{Role, Warning};
use crate::text::fold::{fold_into, is_line_break};
use crate::text::markdown::{self, LineBreaks};
use crate::text::{Format, html};

/// What the format says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// It begins with `>`.
    Cited,
    /// A bare `<blockquote>`.
    Blockquote,
    /// Earlier mail, by the mail program's markup.
    Quoted,
    /// The header of earlier mail, by the mail program's markup.
    ReplyHeader,
    /// A signature, by the mail program's markup.
    Signature,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Aside(SetAsideKind),
}

/// One line, by its place in the folded text.
#[derive(Debug, Clone)]
struct Line {
    /// Where it begins, `>` and all.
    start: usize,
    /// Where it begins behind the `>`.
    inner: usize,
    end: usize,
    hint: Hint,
    fate: Fate,
    /// It is exactly `-- `, as mail programs begin a signature (RFC 3676, section 4.3).
    is_signature_mark: bool,
    /// The part of the body that it was read from, in bytes.
    source: Range<usize>,
}

/// All lines; blank lines follow each other at most once.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    lines: Vec<Line>,
}

/// A run of lines which are all earlier mail, or all not.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) range: Range<usize>,
    pub(super) quoted: bool,
}

/// Splits a body into lines.
pub(super) fn read(body: &str, format: Format) -> (Lines, Vec<Warning>) {
    let mut lines = Lines::default();
    let parsed = match format {
        Format::Text => {
            for (source, line) in split(body) {
                lines.push(line, Hint::None, source);
            }
            return (lines, Vec::new());
        }
        Format::Html => html::parse(body),
        Format::Markdown => markdown::parse(body, LineBreaks::Kept),
    };
    for piece in parsed.pieces {
        let hint = match piece.role {
            Role::Own => Hint::None,
            // Markdown writes it with a `>`.
            Role::Cited if format == Format::Markdown => Hint::Cited,
            Role::Cited => Hint::Blockquote,
            Role::Quoted => Hint::Quoted,
            Role::ReplyHeader => Hint::ReplyHeader,
            Role::Signature => Hint::Signature,
        };
        // Markdown is read by way of HTML, whose places are not its own.
        let source = if format == Format::Markdown { 0..body.len() } else { piece.source };
        for (_, line) in split(&piece.block.text) {
            lines.push(line, hint, source.clone());
        }
        lines.push("", hint, source);
    }
    (lines, parsed.warnings)
}

/// The lines of a text, and where each stands in it. A carriage return before a line break is part of
/// that, any other is a line break itself.
fn split(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let line = rest?;
        let start = text.len() - line.len();
        let Some(at) = line.find(|c| c == '\r' || is_line_break(c)) else {
            rest = None;
            return Some((start..text.len(), line));
        };
        let mut behind = line[at..].chars();
        let first = behind.next();
        if first == Some('\r') && behind.clone().next().is_some_and(is_line_break) {
            behind.next();
        }
        rest = Some(behind.as_str()).filter(|rest| !rest.is_empty() || first != Some('\r'));
        Some((start..start + at, &line[..at]))
    })
}

impl Lines {
    fn push(&mut self, line: &str, hint: Hint, source: Range<usize>) {
        let start = self.text.len();
        let mut folded = String::with_capacity(line.len());
        fold_into(&mut folded, &mut false, line);
        let inner = folded.trim_start_matches(['>', ' ']);
        let marks = folded.len() - inner.len();
        if folded.is_empty() && self.lines.last().is_none_or(|last| last.start == last.end) {
            return;
        }
        let hint = if marks > 0 && hint == Hint::None { Hint::Cited } else { hint };
        self.text.push_str(&folded);
        self.lines.push(Line {
            start,
            inner: start + marks,
            end: self.text.len(),
            hint,
            fate: Fate::Kept,
            is_signature_mark: line == "-- ",
            source,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line without its `>`; empty for a blank line, and outside of the message.
    pub(super) fn get(&self, index: usize) -> &str {
        self.lines.get(index).and_then(|line| self.text.get(line.inner..line.end)).unwrap_or_default()
    }

    /// The line as it was written.
    pub(super) fn written(&self, index: usize) -> &str {
        self.lines.get(index).and_then(|line| self.text.get(line.start..line.end)).unwrap_or_default()
    }

    pub(super) fn is_blank(&self, index: usize) -> bool {
        self.written(index).is_empty()
    }

    pub(super) fn hint(&self, index: usize) -> Hint {
        self.lines.get(index).map_or(Hint::None, |line| line.hint)
    }

    pub(super) fn set_hint(&mut self, index: usize, hint: Hint) {
        if let Some(line) = self.lines.get_mut(index) {
            line.hint = hint;
        }
    }

    pub(super) fn is_signature_mark(&self, index: usize) -> bool {
        self.lines.get(index).is_some_and(|line| line.is_signature_mark)
    }

    /// The first line from `index` on that is not blank.
    pub(super) fn next_text(&self, index: usize) -> Option<usize> {
        // Blank lines never follow each other.
        (index..self.len()).find(|&index| !self.is_blank(index))
    }

    pub(super) fn fate(&self, index: usize) -> Fate {
        self.lines.get(index).map_or(Fate::Kept, |line| line.fate)
    }

    pub(super) fn set_fate(&mut self, range: Range<usize>, fate: Fate) {
        for line in self.lines.get_mut(range).unwrap_or_default() {
            line.fate = fate;
        }
    }

    pub(super) fn anything_set_aside(&self) -> bool {
        self.lines.iter().any(|line| line.fate != Fate::Kept)
    }

    /// Runs of earlier mail and of anything else, in turn. A blank line belongs to the run before.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let quoted = line.fate == Fate::Aside(SetAsideKind::Quoted);
            match parts.last_mut() {
                Some(part) if part.quoted == quoted || line.start == line.end => {
                    part.range.end = index + 1;
                }
                _ => parts.push(Part { range: index..index + 1, quoted }),
            }
        }
        parts
    }

    /// The lines that are kept, without blank ones.
    pub(super) fn kept(&self) -> impl Iterator<Item = &str> {
        self.kept_lines().map(|(text, _)| text)
    }

    /// For each of them, where in the body it was read from, in bytes.
    pub(super) fn sources(&self) -> Vec<Range<usize>> {
        self.kept_lines().map(|(_, source)| source.clone()).collect()
    }

    fn kept_lines(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        self.lines
            .iter()
            .filter(|line| line.fate == Fate::Kept)
            .filter_map(|line| {
                // A `>` that only quotes is no text.
                let start = if line.hint == Hint::None { line.start } else { line.inner };
                Some((self.text.get(start..line.end)?, &line.source))
            })
            .filter(|(text, _)| !text.is_empty())
    }

    /// The lines that are kept, one below the other.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        for line in self.kept() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
        text
    }

    /// The runs of lines that are not kept.
    pub(super) fn set_aside(&self) -> Vec<SetAside> {
        let mut all: Vec<SetAside> = Vec::new();
        let mut before = Fate::Kept;
        for line in &self.lines {
            let text = self.text.get(line.start..line.end).unwrap_or_default();
            if text.is_empty() {
                continue;
            }
            if let Fate::Aside(kind) = line.fate {
                let chars = text.chars().count();
                match all.last_mut() {
                    Some(last) if before == line.fate => last.chars += chars,
                    _ => all.push(SetAside { kind, chars }),
                }
            }
            before = line.fate;
        }
        all
    }
}
