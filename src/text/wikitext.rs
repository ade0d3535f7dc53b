//! Wikitext, as MediaWiki has it, to HTML.
//!
//! Coarsely: headings, lists, links, images, bold, tables and preformatted text; of templates what their
//! unnamed parameters say, since notes and warnings are often written so. Source:
//! <https://www.mediawiki.org/wiki/Help:Formatting>, `Help:Links`, `Help:Images`, `Help:Tables`.

mod inline;
mod table;
mod templates;
#[cfg(test)]
mod tests;

use inline::inline;

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WikiPage {
    /// The page as HTML.
    pub html: String,
    /// The categories that it is in.
    pub categories: Vec<String>,
    /// Templates that were replaced by what their parameters say.
    pub templates: usize,
}

/// Reads wikitext; any text is read to its end, in time linear in its length.
pub fn page(wikitext: &str) -> WikiPage {
    let (text, templates) = templates::without(wikitext);
    let mut page = WikiPage { templates, ..WikiPage::default() };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = opens_raw(line) {
            raw(&mut page.html, rest, &mut lines);
        } else if line.trim_start().starts_with("{|") {
            let rows = lines.by_ref().take_while(|line| !line.trim_start().starts_with("|}"));
            table::table(&mut page.html, rows, &mut page.categories);
        } else {
            block(&mut page, line);
        }
    }
    page
}

/// Elements whose content is no wikitext.
const RAW: [&str; 3] = ["pre", "syntaxhighlight", "source"];

/// What follows the tag in a line that begins with one of [`RAW`].
fn opens_raw(line: &str) -> Option<(&'static str, &str)> {
    let tag = line.trim_start().strip_prefix('<')?;
    let name =
        RAW.into_iter().find(|name| tag.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)))?;
    let (attributes, rest) = tag.get(name.len()..)?.split_once('>')?;
    (attributes.is_empty() || attributes.starts_with(' ')).then_some((name, rest))
}

/// Takes preformatted text up to its end tag, or to the end where there is none.
fn raw<'a>(html: &mut String, (name, first): (&str, &'a str), rest: &mut impl Iterator<Item = &'a str>) {
    let end = format!("</{name}");
    html.push_str("<pre>");
    for line in [first].into_iter().chain(rest) {
        let cut = line.find(&end);
        html.push_str(&escaped(&line[..cut.unwrap_or(line.len())]));
        if cut.is_some() {
            break;
        }
        html.push('\n');
    }
    html.push_str("</pre>\n");
}

fn block(page: &mut WikiPage, line: &str) {
    let text = line.trim_end();
    let (html, categories) = (&mut page.html, &mut page.categories);
    if let Some((level, title)) = heading(text) {
        html.push_str(&format!("<h{level}>{}</h{level}>\n", inline(title, categories)));
        return;
    }
    let marks = text.len() - text.trim_start_matches(['*', '#', ':', ';']).len();
    let (mark, words) = text.split_at(marks);
    let words = words.trim();
    match mark.chars().last() {
        _ if text.starts_with(' ') && !words.is_empty() => {
            html.push_str(&format!("<pre>{}</pre>\n", inline(words, categories)));
        }
        _ if words.is_empty() || is_magic(words) => html.push('\n'),
        Some('*' | '#') => html.push_str(&format!("<ul><li>{}</li></ul>\n", inline(words, categories))),
        _ if words.bytes().all(|byte| byte == b'-') => html.push('\n'),
        // A line break is white space; a paragraph ends with an empty line.
        None => html.push_str(&format!("{}\n", inline(words, categories))),
        Some(_) => html.push_str(&format!("<p>{}</p>\n", inline(words, categories))),
    }
    if mark.is_empty() && words.is_empty() {
        html.push_str("<p>\n");
    }
}

/// `== Title ==` with as many signs on both sides.
fn heading(line: &str) -> Option<(usize, &str)> {
    let left = line.len() - line.trim_start_matches('=').len();
    let right = line.len() - line.trim_end_matches('=').len();
    let level = left.min(right).min(6);
    let title = line.get(level..line.len().checked_sub(level)?)?.trim();
    (level > 0 && !title.trim_matches('=').is_empty()).then_some((level, title))
}

/// Words such as `__TOC__` that only say how to show the page.
fn is_magic(words: &str) -> bool {
    let inner = words.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    inner.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_uppercase()))
}

/// The first bytes of a text: what begins here ends within them or is no markup, so that a page of nothing
/// but beginnings costs no more than another.
fn near(text: &str) -> &str {
    const NEAR: usize = 4_000;
    text.get(..text.floor_char_boundary(NEAR)).unwrap_or(text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
