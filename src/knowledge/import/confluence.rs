//! A page of a Confluence HTML space export.
//!
//! Source: <https://confluence.atlassian.com/doc/export-content-to-word-pdf-html-and-xml-139475.html>: a folder
//! with `index.html`, an HTML file for each page and `attachments/`. Of the page's frame count the title
//! (`#title-text`, "Space : Title"), the path (`#breadcrumbs`) and the day of the last change
//! (`.page-metadata`); its text stands in `#main-content`, and what is attached is linked below it.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::fields::Fields;
use crate::text::{Format, html, references};

/// What a file of the folder is.
pub(super) enum Kind {
    /// A page, as the fields of an article.
    Page(Fields),
    /// The table of contents.
    Index,
    /// Something else.
    Other,
}

/// Looks whether a file is of an export, and reads it.
pub(super) fn read(file: &str) -> Kind {
    // Cheap, since every HTML file is asked.
    if !["id=\"title-text\"", "id=\"main-content\""].iter().all(|mark| file.contains(mark)) {
        return Kind::Other;
    }
    let parts = Parts::of(file);
    if !parts.is_page {
        return Kind::Index;
    }
    let crumbs: Vec<String> = words(parts.breadcrumbs).lines().map(str::to_owned).collect();
    let title = words(parts.title).replace('\n', " ");
    let title = match crumbs.first().and_then(|space| title.strip_prefix(&format!("{space} : "))) {
        Some(title) => title.to_owned(),
        None => title,
    };
    let attached = references(file, Format::Html).into_iter().filter(|found| is_attached(&found.address));
    let attached: Vec<Value> =
        attached.map(|found| json!({"address": found.address, "alt": found.alt})).collect();
    let category = if crumbs.len() > 1 { crumbs[1..].join("::") } else { crumbs.concat() };
    let fields = [
        ("title", json!(title)),
        ("html_body", json!(parts.content)),
        ("category", json!(category)),
        ("updated_at", json!(last_change(&words(parts.metadata)))),
        ("attachments", json!(attached)),
    ];
    Kind::Page(Fields::new(fields.map(|(name, value)| (name.to_owned(), value))))
}

fn is_attached(address: &str) -> bool {
    address.starts_with("attachments/") || address.contains("/attachments/")
}

/// Its words, a line for each block.
fn words(html: &str) -> String {
    let blocks = html::blocks(html).blocks;
    blocks.iter().map(|block| block.text.trim()).collect::<Vec<_>>().join("\n")
}

/// "Created by …, last modified on Mar 01, 2021".
fn last_change(metadata: &str) -> Option<String> {
    let (_, day) = metadata.rsplit_once(" on ")?;
    Date::strptime("%b %d, %Y", day.trim()).ok().map(|day| day.to_string())
}

/// Pieces of the file, each empty where there is none.
#[derive(Default)]
struct Parts<'a> {
    title: &'a str,
    breadcrumbs: &'a str,
    metadata: &'a str,
    content: &'a str,
    /// Whether the content is that of a page; the index has another class.
    is_page: bool,
}

impl<'a> Parts<'a> {
    fn of(file: &'a str) -> Self {
        let mut parts = Self::default();
        // The element that is being read: its name, how many of that name are open, where it begins.
        let mut open: Option<(Vec<u8>, usize, usize, Part)> = None;
        for token in Tokenizer::new_with_emitter(file, DefaultEmitter::new_with_span()) {
            let Ok(token) = token;
            match (token, &mut open) {
                (Token::StartTag(tag), None) => {
                    if let Some(part) = part(&tag) {
                        parts.is_page |= part == Part::Content && has(&tag, b"class", "wiki-content");
                        open = Some((tag.name.to_vec(), 1, tag.span.end, part));
                    }
                }
                (Token::StartTag(tag), Some((name, depth, ..))) if *tag.name == **name => *depth += 1,
                (Token::EndTag(tag), Some((name, depth, start, part))) if *tag.name == **name => {
                    *depth -= 1;
                    if *depth == 0 {
                        *parts.place(*part) = file.get(*start..tag.span.start).unwrap_or_default();
                        open = None;
                    }
                }
                _ => {}
            }
        }
        // What is never closed goes to the end.
        if let Some((_, _, start, part)) = open {
            *parts.place(part) = file.get(start..).unwrap_or_default();
        }
        parts
    }

    fn place(&mut self, part: Part) -> &mut &'a str {
        match part {
            Part::Title => &mut self.title,
            Part::Breadcrumbs => &mut self.breadcrumbs,
            Part::Metadata => &mut self.metadata,
            Part::Content => &mut self.content,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Title,
    Breadcrumbs,
    Metadata,
    Content,
}

fn part(tag: &StartTag<usize>) -> Option<Part> {
    let is = |id: &str| tag.attributes.get(b"id".as_slice()).is_some_and(|found| ***found == *id.as_bytes());
    if is("title-text") {
        Some(Part::Title)
    } else if is("breadcrumbs") {
        Some(Part::Breadcrumbs)
    } else if is("main-content") {
        Some(Part::Content)
    } else {
        has(tag, b"class", "page-metadata").then_some(Part::Metadata)
    }
}

fn has(tag: &StartTag<usize>, attribute: &[u8], word: &str) -> bool {
    tag.attributes
        .get(attribute)
        .is_some_and(|found| String::from_utf8_lossy(found).split_whitespace().any(|found| found == word))
}
