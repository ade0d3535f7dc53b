//! What can be wrong with a source as a whole, or with one of its rows, in words for the person who
//! prepared it.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::{MAX_ARTICLE_BYTES, MAX_ROW_BYTES};

const MB: usize = 1024 * 1024;

/// Why a source cannot be read at all. Nothing has been imported then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file or folder cannot be opened.
    #[error("{path} cannot be opened: {source}")]
    Open {
        /// The path as it was given.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The first bytes cannot be read.
    #[error("{file} cannot be read: {source}")]
    Read {
        /// File name.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file's extension says nothing that is known here.
    #[error(
        "{path} is none of the kinds that can be imported: .jsonl, .ndjson, .json, .csv, .tsv, .xml, .md, \
         .markdown, .html, .htm, .txt, or a folder of such articles; rename or convert it"
    )]
    UnknownKind {
        /// The path as it was given.
        path: String,
    },
    /// The text is UTF-16.
    #[error("{file} is UTF-16; save it as UTF-8 (in Excel: \"CSV UTF-8\")")]
    Utf16 {
        /// File name.
        file: String,
    },
    /// A `.json` file that holds neither an array nor `articles`.
    #[error(
        "{file} must be an array of articles, or an object whose `articles` is such an array, as a \
         help centre exports it"
    )]
    JsonShape {
        /// File name.
        file: String,
    },
    /// A file that begins like the records of a Zammad knowledge base, but goes on otherwise.
    #[error(
        "{file} begins like a Zammad knowledge base, but cannot be read as one: {problem}; save the \
         answer of /api/v1/knowledge_bases/init as it is"
    )]
    Zammad {
        /// File name.
        file: String,
        /// What the JSON reader said.
        problem: String,
    },
    /// The CSV header cannot be understood.
    #[error("{file}, line {line}: the header row {problem}")]
    Header {
        /// File name.
        file: String,
        /// Line on which the header starts, from 1.
        line: u64,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File name; in a folder the path below it, with `/` between its parts.
    pub file: Arc<str>,
    /// Line on which the row starts, from 1; `None` where the whole file is one article.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// Why one row was refused. The rows after it are read all the same, unless `problem` says not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// File and line.
    pub place: Place,
    /// The field at fault, by its name in [`crate::store::Article`]; `None` where it is the row.
    pub field: Option<&'static str>,
    /// What is wrong and what to do.
    pub problem: Problem,
}

impl std::error::Error for RowError {}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{}, field `{field}`: {}", self.place, self.problem),
            None => write!(f, "{}: {}", self.place, self.problem),
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Reading broke off.
    #[error("reading failed ({0}); repair the file or its permissions and import it again")]
    Unreadable(String),
    /// A row over [`MAX_ROW_BYTES`].
    #[error("the row is over {} MB; shorten the article or split it", MAX_ROW_BYTES / MB)]
    RowTooLong,
    /// An article over [`MAX_ARTICLE_BYTES`].
    #[error("the article is over {} MB; shorten it or split it", MAX_ARTICLE_BYTES / MB)]
    ArticleTooLarge,
    /// Bytes that are not UTF-8.
    #[error(
        "not UTF-8: byte 0x{byte:02X} at position {column} of the line, probably Windows-1252; \
         save the file as UTF-8 (in Excel: \"CSV UTF-8\")"
    )]
    Encoding {
        /// Position of the first such byte in its line, in bytes from 1.
        column: usize,
        /// That byte.
        byte: u8,
    },
    /// Text that is not JSON.
    #[error("not valid JSON: {0}")]
    Json(String),
    /// JSON, but not an object.
    #[error(
        "the row is {0}; it must be a JSON object such as {{\"id\":\"…\",\"title\":\"…\",\"body\":\"…\"}}"
    )]
    NotAnObject(&'static str),
    /// The array's brackets do not match, or the file ends early.
    #[error("the JSON array is broken here ({0}); what follows was not read: export the file again")]
    BrokenArray(&'static str),
    /// XML that breaks off or is none.
    #[error("the XML is broken here ({0}); what follows was not read: export the wiki again")]
    BrokenXml(String),
    /// A CSV row with more or fewer columns than the header.
    #[error(
        "the row has {found} columns and the header {expected}; look for a missing or a stray \
         quotation mark or separator"
    )]
    Columns {
        /// Columns of the row.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
    /// A quotation mark that opens a field and never closes it.
    #[error(
        "a quotation mark opens a field and none closes it; add the missing one, or double those inside the text"
    )]
    UnclosedQuote,
    /// Too many of those to go on.
    #[error(
        "a quotation mark opens a field and none closes it, as in earlier rows; what follows was not \
         read: export the file again"
    )]
    TooManyUnclosedQuotes,
    /// A bare carriage return outside of quotation marks.
    #[error("a carriage return breaks the row in two; put the field in quotation marks")]
    StrayCarriageReturn,
    /// A field that every article needs.
    #[error("is missing; give each article one that no other has")]
    Missing,
    /// Neither title nor body.
    #[error("the article has neither a title nor a body; fill one of them or remove the row")]
    Empty,
    /// A value outside of a closed set.
    #[error("{value:?} is not known; use one of {allowed}")]
    UnknownValue {
        /// The value, cut to 40 characters.
        value: String,
        /// The values that are known.
        allowed: &'static str,
    },
    /// A value of the wrong type.
    #[error("is {0}; it must be text")]
    NotText(&'static str),
    /// An id that could not be addressed.
    #[error("is over {limit} bytes or holds control characters; give the article a shorter, plain one")]
    BadId {
        /// The most bytes an id may have.
        limit: usize,
    },
}
