//! What reading a document gives, whatever format it was written in.

use std::ops::Range;

use super::Block;

/// A document in reading order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The document's own title: `<title>`, or else the first heading of level 1.
    pub title: Option<String>,
    /// Its text, in reading order; no block is empty.
    pub blocks: Vec<Block>,
    /// What was not understood, or was read otherwise than it was marked up.
    pub warnings: Vec<Warning>,
}

/// Something that a reader of the answer should know about how a text was read. The wording holds
/// no text of the document, so a warning may be logged and shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// An element whose content is skipped, such as `<style>`, was never closed.
    #[error("a <{element}> is never closed: the text after it was kept and may contain markup")]
    Unclosed {
        /// Name of the element.
        element: &'static str,
    },
    /// Everything was marked as hidden.
    #[error("all of the text is marked as hidden (display:none): it was read all the same")]
    AllHidden,
    /// YAML front matter that is not YAML.
    #[error(
        "the front matter is not valid YAML{}: it was read field by field, and broken fields \
         as plain text. Quote values which contain `: ` or begin with a special character",
        at_line(.line)
    )]
    BrokenFrontMatter {
        /// Line of the document, counted from 1, where the YAML reader stopped.
        line: Option<u64>,
    },
    /// Lines of a broken front matter that hold no field.
    #[error("{count} line(s) of the front matter hold no `key: value` and were skipped")]
    SkippedFrontMatter {
        /// How many.
        count: usize,
    },
    /// Quoted mail that was not set aside.
    #[error("the quoted mail was kept, because the message says little without it")]
    QuoteKept,
    /// Nothing was set aside, because nothing would have remained.
    #[error("nothing but a signature or a disclaimer was found, so it was kept")]
    NothingElse,
}

fn at_line(line: &Option<u64>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

/// A block together with the part it plays in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) block: Block,
    pub(super) role: Role,
    /// From where to where its words stand in what was read, in bytes; markup and what is not shown may
    /// stand between them.
    pub(super) source: Range<usize>,
}

/// The part that a run of text plays in a mail, as far as its markup tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// What the writer says.
    #[default]
    Own,
    /// A bare `<blockquote>` or `>`: earlier mail, or just as well an error message that the writer
    /// cites.
    Cited,
    /// Earlier mail, marked as such by a mail program.
    Quoted,
    /// The From/Sent/To/Subject header that Outlook puts before earlier mail. What follows is
    /// earlier mail too, but lies outside of the marked element.
    ReplyHeader,
    /// A signature, marked as such by a mail program.
    Signature,
}
