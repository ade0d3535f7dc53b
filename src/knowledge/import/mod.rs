//! Import: articles out of files, as knowledge bases export them.
//!
//! In comes a path or a stream; out come articles one by one, each with its warnings and the place
//! where it stood. A bad row is an error of its own and never stops the rest, and nothing is held in
//! memory but the row at hand and the ids seen so far. This part knows nothing of the store: whoever
//! reads the rows decides what to keep.

mod article;
mod attributes;
mod confluence;
mod csv;
mod dates;
mod error;
mod fields;
mod folder;
mod json;
mod jsonl;
mod lines;
mod mediawiki;
mod skipped;
mod zammad;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::store::{Article, Attachment};
use crate::text::{Format, Reference, references};

use article::RawArticle;
pub use error::{ImportError, Place, Problem, RowError};
use lines::Input;
pub use skipped::Skipped;

/// Most bytes of one article, title and body together.
pub const MAX_ARTICLE_BYTES: usize = 5 * 1024 * 1024;
/// Most bytes of one row as it stands in its file: an article of [`MAX_ARTICLE_BYTES`], escaped.
pub const MAX_ROW_BYTES: usize = 8 * 1024 * 1024;

/// Most images and files that are listed of one article.
pub const MAX_ATTACHMENTS: usize = 500;

/// How the rows of one file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON Lines: one object a line.
    JsonLines,
    /// A JSON array of objects, or an object that holds one as `articles`, as the Zendesk Help Center
    /// exports it; or the records of a Zammad knowledge base.
    JsonArray,
    /// The XML export of a MediaWiki.
    MediaWiki,
    /// A header row, then one row an article, separated by `,`, `;` or tabs.
    Csv,
}

/// One article that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The article.
    pub article: Article,
    /// What was mended, guessed or left out, in words for the person who prepared the file.
    pub warnings: Vec<String>,
    /// Where it stood.
    pub place: Place,
}

/// Reads articles from a file or a folder; the kind follows from the extension, and is a folder of
/// `.md`, `.markdown`, `.html`, `.htm` and `.txt` files otherwise, which may be a Confluence HTML export.
///
/// # Errors
/// Where nothing can be read at all: no such file, an unknown extension, a header without title and
/// body. What is wrong with a single row comes out of the iterator.
pub fn read(path: &Path) -> Result<Reader, ImportError> {
    let shown = || path.display().to_string();
    let open = |source| ImportError::Open { path: shown(), source };
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_folder = fs::metadata(path).map_err(open)?.is_dir();
    let kind = match extension.as_str() {
        _ if is_folder || folder::format(&extension).is_some() => {
            let skipped = Skipped::default();
            let folder = folder::Folder::new(path, skipped.clone());
            return Ok(Reader::new(Source::Folder(folder), skipped));
        }
        "jsonl" | "ndjson" => Kind::JsonLines,
        "json" => Kind::JsonArray,
        "csv" | "tsv" => Kind::Csv,
        "xml" => Kind::MediaWiki,
        _ => return Err(ImportError::UnknownKind { path: shown() }),
    };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    read_from(kind, &name, File::open(path).map_err(open)?)
}

/// Reads articles from a stream, such as the body of a request; `name` stands for it in messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(kind: Kind, name: &str, input: impl Read + Send + 'static) -> Result<Reader, ImportError> {
    let file: Arc<str> = name.into();
    let mut input = without_mark(BufReader::with_capacity(64 * 1024, input), &file)?;
    let skipped = Skipped::default();
    let source = match kind {
        Kind::JsonLines => Source::JsonLines(jsonl::JsonLines::new(input, file)),
        Kind::JsonArray if zammad::begins(&start_of(&mut input, &file)?) => {
            Source::Zammad(zammad::read(input, &file)?)
        }
        Kind::JsonArray => Source::JsonArray(json::JsonArray::open(input, file)?),
        Kind::Csv => Source::Csv(csv::CsvRows::open(input, file)?),
        Kind::MediaWiki => Source::MediaWiki(mediawiki::MediaWiki::new(input, file, skipped.clone())),
    };
    Ok(Reader::new(source, skipped))
}

/// The first bytes, which stay to be read.
fn start_of(input: &mut Input, file: &str) -> Result<Vec<u8>, ImportError> {
    const ENOUGH: u64 = 200;
    let mut start = Vec::new();
    let read = input.by_ref().take(ENOUGH).read_to_end(&mut start);
    read.map_err(|source| ImportError::Read { file: file.to_owned(), source })?;
    let rest = std::mem::replace(input, Box::new(io::empty()));
    *input = Box::new(Cursor::new(start.clone()).chain(rest));
    Ok(start)
}

/// The images and files that an article refers to: those that are `given`, then those that its text
/// shows or links, no address twice, at most [`MAX_ATTACHMENTS`].
pub fn attachments(given: Vec<Attachment>, body: &str, format: Format) -> Vec<Attachment> {
    let found = references(body, format).into_iter();
    let found = found.map(|Reference { address, alt }| Attachment { address, alt });
    let mut seen = HashSet::new();
    let mut all: Vec<Attachment> = given.into_iter().chain(found).collect();
    all.retain(|one| seen.insert(one.address.clone()));
    all.truncate(MAX_ATTACHMENTS);
    all
}

/// A time as exports write it: RFC 3339, `YYYY-MM-DD` with or without a time (UTC where none is named), or a
/// date with slashes. `None` where the text can be read in no way, or in two.
pub fn date(text: &str) -> Option<Timestamp> {
    dates::parse(text, dates::Slashes::Unknown)
}

/// Takes the byte order mark of UTF-8 away and refuses that of UTF-16.
fn without_mark(mut input: impl BufRead + Send + 'static, file: &str) -> Result<Input, ImportError> {
    let mut start = Vec::new();
    let read = input.by_ref().take(3).read_to_end(&mut start);
    read.map_err(|source| ImportError::Read { file: file.to_owned(), source })?;
    match start.as_slice() {
        [0xEF, 0xBB, 0xBF] => Ok(Box::new(input)),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(ImportError::Utf16 { file: file.to_owned() }),
        _ => Ok(Box::new(Cursor::new(start).chain(input))),
    }
}

/// Bytes as text; `first` is the line of the first byte. An error stands at the line of the byte that
/// is not UTF-8.
fn utf8<'a>(bytes: &'a [u8], place: &Place, first: u64) -> Result<&'a str, RowError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line_start = good.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
        let feeds = good.iter().filter(|&&byte| byte == b'\n').count();
        let place = Place { file: place.file.clone(), line: Some(first + feeds as u64) };
        let byte = bytes.get(good.len()).copied().unwrap_or_default();
        let problem = Problem::Encoding { column: good.len() - line_start + 1, byte };
        RowError { place, field: None, problem }
    })
}

/// The error for a row where reading itself fails.
fn unreadable(place: Place, error: &io::Error) -> RowError {
    RowError { place, field: None, problem: Problem::Unreadable(error.to_string()) }
}

/// Articles one by one, as their source holds them.
///
/// Where an id comes twice the later row replaces the earlier one, and says so in its warnings.
pub struct Reader {
    source: Source,
    skipped: Skipped,
    seen: HashMap<String, Place>,
    kept_at: Option<Timestamp>,
}

enum Source {
    JsonLines(jsonl::JsonLines),
    JsonArray(json::JsonArray),
    Csv(csv::CsvRows),
    Folder(folder::Folder),
    MediaWiki(mediawiki::MediaWiki),
    Zammad(std::vec::IntoIter<RawArticle>),
}

impl Reader {
    fn new(source: Source, skipped: Skipped) -> Self {
        Self { source, skipped, seen: HashMap::new(), kept_at: None }
    }

    /// Says of the articles when they are kept, where their rows do not.
    pub fn kept_at(self, now: Timestamp) -> Self {
        Self { kept_at: Some(now), ..self }
    }

    /// What is passed over: of a folder the files that are no articles, by extension (`.png`), hidden ones
    /// not counted; of a wiki the pages that are none.
    pub fn skipped(&self) -> Skipped {
        self.skipped.clone()
    }

    fn next_raw(&mut self) -> Option<Result<RawArticle, RowError>> {
        match &mut self.source {
            Source::JsonLines(source) => source.next(),
            Source::JsonArray(source) => source.next(),
            Source::Csv(source) => source.next(),
            Source::Folder(source) => source.next(),
            Source::MediaWiki(source) => source.next(),
            Source::Zammad(source) => source.next().map(Ok),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let raw = match self.next_raw()? {
            Ok(raw) => raw,
            Err(error) => return Some(Err(error)),
        };
        let place = raw.place.clone();
        Some(article::build(raw).map(|(mut article, mut warnings)| {
            article.kept_at = article.kept_at.or(self.kept_at);
            if let Some(earlier) = self.seen.insert(article.id.clone(), place.clone()) {
                warnings.push(format!(
                    "field `id`: was given before ({earlier}); this article replaces that one"
                ));
            }
            Row { article, warnings, place }
        }))
    }
}

#[cfg(test)]
mod tests;
