//! The XML export of a MediaWiki (`Special:Export`, `dumpBackup.php`), read page by page.
//!
//! Source: <https://www.mediawiki.org/xml/export-0.11.xsd> and
//! <https://www.mediawiki.org/wiki/Help:Export>. Of a page with its history the last revision counts.
//! Redirects, talk pages and pages about the wiki itself are no articles; they are passed over and counted.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Value, json};

use super::article::RawArticle;
use super::error::{Place, Problem, RowError};
use super::fields::Fields;
use super::lines::Input;
use super::{MAX_ROW_BYTES, Skipped};
use crate::text::wikitext;

/// Pages of these namespaces are articles: the main one, the project's own, and help; and those that a
/// wiki has made for itself, which begin with 100. Odd numbers are talk.
fn is_content(namespace: u32) -> bool {
    matches!(namespace, 0 | 4 | 12) || namespace >= 100 && namespace.is_multiple_of(2)
}

/// The pages of an export.
pub(super) struct MediaWiki {
    reader: Reader<BufReader<Bounded>>,
    file: Arc<str>,
    skipped: Skipped,
    ended: bool,
}

/// What is said of a page.
#[derive(Default)]
struct Page {
    title: String,
    namespace: String,
    id: String,
    redirect: bool,
    model: String,
    timestamp: String,
    text: String,
}

impl MediaWiki {
    pub(super) fn new(input: Input, file: Arc<str>, skipped: Skipped) -> Self {
        let bounded = Bounded { input, left: MAX_ROW_BYTES };
        let mut reader = Reader::from_reader(BufReader::new(bounded));
        reader.config_mut().check_end_names = false;
        Self { reader, file, skipped, ended: false }
    }

    /// The next page; `None` at the end.
    fn page(&mut self) -> Result<Option<Page>, quick_xml::Error> {
        let mut buffer = Vec::new();
        let mut page: Option<Page> = None;
        // Names of the open elements below the page.
        let mut path: Vec<String> = Vec::new();
        loop {
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer)?;
            match (&event, &mut page) {
                (Event::Eof, _) => return Ok(None),
                (Event::Start(tag), None) if tag.local_name().as_ref() == "page" => {
                    page = Some(Page::default());
                }
                (Event::Start(tag), Some(page)) => {
                    path.push(tag.local_name().as_ref().to_owned());
                    if path == ["revision"] {
                        // A later revision replaces the one before.
                        page.text.clear();
                        page.timestamp.clear();
                        page.model.clear();
                    }
                }
                (Event::Empty(tag), Some(page)) => page.redirect |= tag.local_name().as_ref() == "redirect",
                (Event::End(_), Some(_)) if path.pop().is_none() => {
                    self.reader.get_mut().get_mut().left = MAX_ROW_BYTES;
                    return Ok(page);
                }
                (Event::Text(text), Some(page)) => page.take(&path, &text.xml10_content()),
                (Event::CData(text), Some(page)) => page.take(&path, &text.xml10_content()),
                (Event::GeneralRef(reference), Some(page)) => {
                    page.take(&path, &resolved(reference)?);
                }
                _ => {}
            }
        }
    }

    fn place(&self, title: &str) -> Place {
        Place { file: format!("{}, page {title:?}", self.file).into(), line: None }
    }

    /// Whether a page is an article; those that are not are counted.
    fn is_article(&self, page: &Page) -> bool {
        let why = if page.redirect || page.text.trim_start().to_lowercase().starts_with("#redirect") {
            "redirect"
        } else if !page.namespace.parse().is_ok_and(is_content) {
            "page of another namespace"
        } else if !matches!(page.model.as_str(), "" | "wikitext") {
            "page that is no wikitext"
        } else {
            return true;
        };
        self.skipped.add(why);
        false
    }
}

impl Page {
    fn take(&mut self, path: &[String], text: &str) {
        // No field lies deeper, and a broken file may go as deep as it is long.
        if path.len() > 2 {
            return;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let field = match path.as_slice() {
            ["title"] => &mut self.title,
            ["ns"] => &mut self.namespace,
            ["id"] => &mut self.id,
            ["revision", "text"] => &mut self.text,
            ["revision", "timestamp"] => &mut self.timestamp,
            ["revision", "model"] => &mut self.model,
            _ => return,
        };
        field.push_str(text);
    }

    fn article(self, place: Place) -> RawArticle {
        let read = wikitext::page(&self.text);
        let category = read.categories.first().cloned();
        let fields = [
            ("id", json!(self.id)),
            ("title", json!(self.title)),
            ("html_body", json!(read.html)),
            ("updated_at", json!(self.timestamp)),
            ("category", json!(category)),
            ("tags", json!(read.categories)),
        ];
        let fields = Fields::new(fields.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
        let mut article = RawArticle::new(place, fields);
        if read.templates > 0 {
            article.warnings.push(format!(
                "{} templates were replaced by what their unnamed parameters say",
                read.templates
            ));
        }
        article
    }
}

/// What `&amp;` and the like stand for; an unknown one stays as it is written.
fn resolved(reference: &BytesRef<'_>) -> Result<String, quick_xml::Error> {
    if let Some(c) = reference.resolve_char_ref()? {
        return Ok(c.to_string());
    }
    let name = reference.xml10_content();
    let known = quick_xml::escape::resolve_predefined_entity(&name);
    Ok(known.map_or_else(|| format!("&{name};"), str::to_owned))
}

impl Iterator for MediaWiki {
    type Item = Result<RawArticle, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.page() {
                Ok(Some(page)) if self.is_article(&page) => {
                    let place = self.place(&page.title);
                    return Some(Ok(page.article(place)));
                }
                Ok(Some(_)) => {}
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    let at = self.reader.buffer_position();
                    let place = Place { file: self.file.clone(), line: None };
                    let problem = Problem::BrokenXml(format!("{error}, at byte {at}"));
                    return Some(Err(RowError { place, field: None, problem }));
                }
            }
        }
        None
    }
}

/// An input that breaks off where a page grows beyond its bound, so that no file can fill the memory.
struct Bounded {
    input: Input,
    left: usize,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.input.fill_buf()?;
        let count = chunk.len().min(buffer.len());
        if count > self.left {
            return Err(io::Error::other("a page is over 8 MB"));
        }
        buffer[..count].copy_from_slice(&chunk[..count]);
        self.input.consume(count);
        self.left -= count;
        Ok(count)
    }
}
