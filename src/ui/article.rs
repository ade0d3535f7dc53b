//! An article as a page shows it.

use std::collections::HashSet;

use super::view::{Day, is_web, path};
use crate::store::{Article, ArticleStatus, Attachment, Audience};
use crate::text::{Block, BlockKind, Format, html, markdown};

/// What a page shows of an article.
#[derive(Debug)]
pub(super) struct ArticlePage {
    pub(super) id: String,
    pub(super) title: String,
    /// `customer` or `agent`.
    pub(super) audience: &'static str,
    pub(super) audience_words: &'static str,
    /// `draft` or `archived`.
    pub(super) not_out: Option<&'static str>,
    pub(super) category: Option<String>,
    pub(super) updated: Option<Day>,
    pub(super) language: Option<String>,
    pub(super) url: Option<String>,
    /// The headings of the highest level.
    pub(super) sections: Vec<Section>,
    pub(super) parts: Vec<Part>,
    pub(super) version: u32,
    pub(super) product: Option<String>,
    pub(super) expires: Option<Day>,
    pub(super) review: Option<Day>,
    pub(super) attachments: Vec<Attached>,
}

/// An image or a file that the article refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attached {
    /// What it shows, else its address.
    pub(super) words: String,
    /// Where it is, if a browser can go there from here.
    pub(super) link: Option<String>,
}

/// A section to jump to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) anchor: String,
    pub(super) title: String,
}

/// A part of an article's text; every text is plain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `level` is 2 to 6, below the title.
    Heading { level: u8, anchor: String, text: String },
    /// Running text.
    Paragraph(String),
    /// Items in order.
    List(Vec<String>),
    /// Rows of cells; all rows have as many.
    Table(Vec<Vec<String>>),
    /// Preformatted text.
    Code(String),
    /// Quoted text.
    Quote(String),
}

impl ArticlePage {
    pub(super) fn new(article: Article) -> Self {
        let mut blocks = blocks(&article.body, article.body_format);
        if blocks.first().is_some_and(|first| repeats_title(first, &article.title)) {
            blocks.remove(0);
        }
        let parts = parts(blocks);
        let (audience, audience_words) = match article.audience {
            Audience::Customer => ("customer", "for everyone"),
            Audience::Agent => ("agent", "agents only"),
        };
        Self {
            audience,
            audience_words,
            not_out: match article.status {
                ArticleStatus::Published => None,
                ArticleStatus::Draft => Some("draft"),
                ArticleStatus::Archived => Some("archived"),
            },
            category: article.category.as_deref().map(path),
            updated: article.updated_at.map(Day::new),
            language: article.language,
            attachments: article
                .attachments
                .into_iter()
                .map(|one| attached(one, article.url.as_deref().filter(|url| is_web(url))))
                .collect(),
            url: article.url.filter(|url| is_web(url)),
            version: article.version,
            product: article.product,
            expires: article.expires_at.map(Day::new),
            review: article.review_at.map(Day::new),
            sections: sections(&parts),
            parts,
            title: article.title,
            id: article.id,
        }
    }
}

/// A path is one below the article's own page.
fn attached(attachment: Attachment, page: Option<&str>) -> Attached {
    let Attachment { address, alt } = attachment;
    let link = if is_web(&address) {
        Some(address.clone())
    } else if address.contains(':') || address.starts_with("//") {
        None
    } else {
        page.and_then(|page| beside(page, &address))
    };
    Attached { words: if alt.is_empty() { address } else { alt }, link }
}

/// The address of a path that the page at `page` gives.
fn beside(page: &str, path: &str) -> Option<String> {
    let page = page.split(['?', '#']).next()?;
    let host = page.find("://")? + "://".len();
    let root = page[host..].find('/').map_or(page.len(), |slash| host + slash);
    let folder =
        if path.starts_with('/') { root } else { page.rfind('/').filter(|at| *at >= root).unwrap_or(root) };
    Some(format!("{}/{}", &page[..folder], path.trim_start_matches('/')))
}

/// The parts of a Markdown text whose first heading is its title, which is left out; headings begin at
/// `level`.
pub(super) fn parts_below(text: &str, level: u8) -> Vec<Part> {
    let mut blocks = blocks(text, Format::Markdown);
    if blocks.first().is_some_and(|first| matches!(first.kind, BlockKind::Heading(_))) {
        blocks.remove(0);
    }
    let mut parts = parts(blocks);
    for part in &mut parts {
        if let Part::Heading { level: at, .. } = part {
            *at = (*at + level - 2).min(6);
        }
    }
    parts
}

fn blocks(body: &str, format: Format) -> Vec<Block> {
    match format {
        Format::Html => html::blocks(body).blocks,
        Format::Markdown => markdown::blocks(body).blocks,
        Format::Text => paragraphs(body),
    }
}

/// Plain text as typed: blank lines part the paragraphs, the other line breaks are kept.
fn paragraphs(body: &str) -> Vec<Block> {
    let body = body.replace("\r\n", "\n");
    let texts = body.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
    texts.map(|text| Block { kind: BlockKind::Paragraph, text: text.to_owned() }).collect()
}

fn repeats_title(block: &Block, title: &str) -> bool {
    matches!(block.kind, BlockKind::Heading(_)) && block.text.trim() == title.trim()
}

fn parts(blocks: Vec<Block>) -> Vec<Part> {
    let highest = blocks.iter().filter_map(level).min().unwrap_or(1);
    let mut anchors = HashSet::new();
    let mut parts: Vec<Part> = Vec::new();
    for block in blocks {
        match (block.kind, parts.last_mut()) {
            (BlockKind::ListItem, Some(Part::List(items))) => items.push(block.text),
            (BlockKind::ListItem, _) => parts.push(Part::List(vec![block.text])),
            (BlockKind::Heading(level), _) => parts.push(Part::Heading {
                level: (level.saturating_sub(highest) + 2).min(6),
                anchor: unique(anchor(&block.text), &mut anchors),
                text: block.text,
            }),
            (BlockKind::Code, _) => parts.push(Part::Code(block.text)),
            (BlockKind::Quote, _) => parts.push(Part::Quote(block.text)),
            (BlockKind::Paragraph, last) => {
                let cells: Vec<String> = block.text.split(" | ").map(str::to_owned).collect();
                match last {
                    _ if cells.len() == 1 => parts.push(Part::Paragraph(block.text)),
                    Some(Part::Table(rows)) if rows.first().map(Vec::len) == Some(cells.len()) => {
                        rows.push(cells)
                    }
                    _ => parts.push(Part::Table(vec![cells])),
                }
            }
        }
    }
    parts.into_iter().map(lone_row_as_text).collect()
}

/// A single row is as likely a sentence with an upright bar in it.
fn lone_row_as_text(part: Part) -> Part {
    match part {
        Part::Table(rows) if rows.len() == 1 => Part::Paragraph(rows.concat().join(" | ")),
        part => part,
    }
}

fn level(block: &Block) -> Option<u8> {
    match block.kind {
        BlockKind::Heading(level) => Some(level),
        _ => None,
    }
}

fn sections(parts: &[Part]) -> Vec<Section> {
    let section = |part: &Part| match part {
        Part::Heading { level: 2, anchor, text } => {
            Some(Section { anchor: anchor.clone(), title: text.clone() })
        }
        _ => None,
    };
    parts.iter().filter_map(section).collect()
}

/// The name by which a page is entered at a heading: its letters and digits, joined by hyphens.
pub(super) fn anchor(heading: &str) -> String {
    let words = heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn unique(anchor: String, taken: &mut HashSet<String>) -> String {
    let anchor = if anchor.is_empty() { "section".to_owned() } else { anchor };
    let mut name = anchor.clone();
    let mut count = 1;
    while !taken.insert(name.clone()) {
        count += 1;
        name = format!("{anchor}-{count}");
    }
    name
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ui::samples;

    fn parts_of(body: &str, format: Format) -> Vec<Part> {
        ArticlePage::new(samples::article(body, format)).parts
    }

    fn heading(level: u8, anchor: &str, text: &str) -> Part {
        Part::Heading { level, anchor: anchor.into(), text: text.into() }
    }

    #[test]
    fn headings_begin_below_the_title_whatever_level_they_were_written_at() {
        let body = "### Connect\n\n#### First\n\n### Connect";
        let page = ArticlePage::new(samples::article(body, Format::Markdown));
        let expected = [
            heading(2, "connect", "Connect"),
            heading(3, "first", "First"),
            heading(2, "connect-2", "Connect"),
        ];
        assert_eq!(page.parts, expected);
        let anchors: Vec<&str> = page.sections.iter().map(|section| section.anchor.as_str()).collect();
        assert_eq!(anchors, ["connect", "connect-2"]);
    }

    #[test]
    fn a_title_that_the_body_repeats_is_shown_once() {
        let article = samples::article("", Format::Markdown);
        let body = format!("# {}\n\nText", article.title);
        assert_eq!(parts_of(&body, Format::Markdown), [Part::Paragraph("Text".into())]);
    }

    #[test]
    fn items_become_one_list_and_rows_one_table() {
        let body = "- a\n- b\n\n| Code | Cause |\n|--|--|\n| 809 | blocked |\n\nEither | or";
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let expected = [
            Part::List(vec!["a".into(), "b".into()]),
            Part::Table(vec![row("Code", "Cause"), row("809", "blocked"), row("Either", "or")]),
        ];
        assert_eq!(parts_of(body, Format::Markdown), expected);
        assert_eq!(parts_of("Either | or", Format::Text), [Part::Paragraph("Either | or".into())]);
    }

    #[test]
    fn an_attachment_is_a_link_where_a_browser_can_go_there() {
        let link = |address: &str, page: Option<&str>| {
            attached(Attachment { address: address.into(), alt: String::new() }, page).link
        };
        let page = Some("https://help.example/kb/vpn?x=/");
        assert_eq!(link("https://a.example/b.png", None).as_deref(), Some("https://a.example/b.png"));
        assert_eq!(link("img/b.png", page).as_deref(), Some("https://help.example/kb/img/b.png"));
        assert_eq!(link("/b.png", page).as_deref(), Some("https://help.example/b.png"));
        assert_eq!(
            link("b.png", Some("https://help.example")).as_deref(),
            Some("https://help.example/b.png")
        );
        assert_eq!(
            (link("b.png", None), link("javascript:x", page), link("//a.example/b", page)),
            (None, None, None)
        );
    }

    #[test]
    fn plain_text_keeps_its_lines() {
        let expected = [Part::Paragraph("Dear all,\nread on.".into()), Part::Paragraph("Bye".into())];
        assert_eq!(parts_of("Dear all,\r\nread on.\r\n\r\n\r\nBye\n", Format::Text), expected);
    }
}
