//! What the model reads of a message: the writer's own words, without earlier mail, signature and
//! legal small print.
//!
//! The rule everywhere is that too much text does little harm and too little does a lot: what is
//! not plainly one of these stays, and where nothing of weight would remain, everything stays.

mod address;
mod close;
mod closing;
mod disclaimer;
mod lines;
mod quotes;
mod sense;

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::Format;
use super::document::Warning;
use lines::Fate;

pub(in crate::text) use address::looks_like_name;
pub(in crate::text) use close::{Close, complimentary_close};

/// A message, cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// What remains: one line for each line of the message, without blank lines, white space folded,
    /// without control and zero-width characters.
    pub text: String,
    /// For each line of `text`, the part of the body that it was read from, in bytes: the line itself in
    /// plain text, the paragraph in HTML, all of the body in Markdown.
    pub sources: Vec<Range<usize>>,
    /// What was set aside, in the order of the message.
    pub set_aside: Vec<SetAside>,
    /// What was read otherwise than it looked.
    pub warnings: Vec<Warning>,
}

/// A run of lines that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetAside {
    /// What it was.
    pub kind: SetAsideKind,
    /// Its length in characters, white space folded, line breaks not counted.
    pub chars: usize,
}

/// Why a run of lines was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetAsideKind {
    /// Earlier mail, with the line that introduces it.
    Quoted,
    /// A signature with the complimentary close before it, or a phone's `Sent from my …`.
    Signature,
    /// Legal small print, or a gateway's caution about mail from outside.
    Disclaimer,
}

/// The writer's own words: without earlier mail and legal small print and, with `unsigned`, without the
/// signature, even where nothing remains. One line for each line of the message.
pub fn own(body: &str, format: Format, unsigned: bool) -> String {
    let (mut lines, _) = lines::read(body, format);
    quotes::mark(&mut lines);
    if unsigned {
        for part in lines.parts().iter().filter(|part| !part.quoted) {
            closing::set_aside(&mut lines, part.range.clone());
        }
    }
    lines.text()
}

/// Cleans the body of a ticket or mail.
///
/// Earlier mail is recognised by `>`, by the lines that mail programs put before it in the larger
/// European languages, and in HTML by their markup. Answers below or between the quoted lines stay,
/// and so does what the writer cites after a line that ends in a colon. Where the writer only
/// points at the quote (`FYI`, `see below`), or forwards it with a few words, it is kept and a
/// warning says so. A complimentary
/// close is set aside with at most eight lines that look like a name and an address, at the end of
/// the message or right above a quote; after a line that says something it stays. Time is linear in
/// the length of `body`, and there is no input that makes this fail.
pub fn clean(body: &str, format: Format) -> Cleaned {
    let (mut lines, mut warnings) = lines::read(body, format);
    let forwarded = quotes::mark(&mut lines);
    let parts = lines.parts();
    for part in parts.iter().filter(|part| !part.quoted) {
        closing::set_aside(&mut lines, part.range.clone());
    }
    let quoted = parts.iter().filter(|part| part.quoted);
    if quoted.clone().next().is_some() && sense::only_points(lines.kept(), forwarded) {
        warnings.push(Warning::QuoteKept);
        for part in quoted {
            lines.set_fate(part.range.clone(), Fate::Kept);
            closing::set_aside(&mut lines, part.range.clone());
        }
    }
    if lines.anything_set_aside() && sense::says_nothing(lines.kept()) {
        warnings.push(Warning::NothingElse);
        lines.set_fate(0..lines.len(), Fate::Kept);
    }
    Cleaned { text: lines.text(), sources: lines.sources(), set_aside: lines.set_aside(), warnings }
}
