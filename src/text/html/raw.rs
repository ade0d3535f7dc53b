//! Elements whose content is not markup, and markup that never ends.

use html5gum::{Span, State};

/// What becomes of the text that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    /// It is the title of the document.
    Title,
    /// It is a script, a style sheet, or the stand-in of an embedded page.
    Skipped,
    /// As `Skipped`, but the element is never closed: up to the next tag at most.
    UpToNextTag,
}

const ELEMENTS: [&str; 6] = ["title", "script", "style", "iframe", "noembed", "noframes"];

/// The name of an element whose content is not markup.
pub(super) fn element(name: &[u8]) -> Option<&'static str> {
    ELEMENTS.into_iter().find(|element| element.as_bytes() == name)
}

/// How the tokenizer reads the content of such an element.
pub(super) fn state(title: bool) -> State {
    if title { State::RcData } else { State::RawText }
}

/// Knows which of these elements are closed, so that one that is not does not swallow the rest.
#[derive(Debug)]
pub(super) struct RawText<'a> {
    html: &'a [u8],
    /// Where the last end tag of each element begins; looked up when first needed.
    last_end: [Option<Option<usize>>; ELEMENTS.len()],
}

impl<'a> RawText<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { html: html.as_bytes(), last_end: [None; ELEMENTS.len()] }
    }

    /// Whether an end tag of `element` follows after `position`.
    pub(super) fn is_closed_after(&mut self, element: &str, position: usize) -> bool {
        let html = self.html;
        ELEMENTS
            .iter()
            .zip(&mut self.last_end)
            .find(|(name, _)| **name == element)
            .and_then(|(name, end)| *end.get_or_insert_with(|| last_end_tag(html, name)))
            .is_some_and(|end| end >= position)
    }
}

fn last_end_tag(html: &[u8], name: &str) -> Option<usize> {
    // An end tag needs its `>`.
    let mut upto = html.iter().rposition(|&byte| byte == b'>')?;
    while let Some(start) = html.get(..upto)?.iter().rposition(|&byte| byte == b'<') {
        let tag = html.get(start..).unwrap_or_default();
        let is_end = tag.get(1) == Some(&b'/')
            && tag.get(2..2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && tag
                .get(2 + name.len())
                .is_some_and(|next| matches!(next, b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r'));
        if is_end {
            return Some(start);
        }
        upto = start;
    }
    None
}

/// Whether a comment, or what the tokenizer takes for one, runs to the end of `html` because
/// nothing ends it.
pub(super) fn is_unfinished(html: &str, span: Span<usize>) -> bool {
    let Some(comment) = html.get(span.start..) else {
        return false;
    };
    if span.end < html.len() {
        return false;
    }
    if comment.starts_with("<!--") {
        !(comment.ends_with("-->") || comment.ends_with("--!>"))
    } else {
        !comment.ends_with('>')
    }
}

/// Whether a tag is an address in angle brackets, as in `Eva <eva@example.org>`, which plain text
/// sent as HTML is full of.
pub(super) fn is_address(name: &[u8]) -> bool {
    name.contains(&b'@') || name.starts_with(b"http:") || name.starts_with(b"https:")
}

/// Whether `</` was no end tag, as in `</3`: HTML takes the text up to the next `>` for a comment.
pub(super) fn is_broken_heart(html: &str, span: Span<usize>) -> bool {
    html.get(span.start..).is_some_and(|comment| comment.starts_with("</"))
}

/// The text that an unfinished tag or comment may have swallowed.
///
/// `<a href="x>here` without a second quote, or a comment without end, takes all that follows in;
/// what stands behind it is read again. A tag that was cut off at the end of the mail has nothing
/// behind it. `5 <b` is no tag at all.
pub(super) fn after_unfinished(markup: &str) -> &str {
    if let Some(comment) = markup.strip_prefix("<!--") {
        let conditional = comment.starts_with("[if");
        return match comment.split_once('>') {
            Some((_, rest)) if conditional => rest,
            _ => comment,
        };
    }
    match markup.split_once('>') {
        Some((_, rest)) => rest,
        None if markup.contains('=') || markup.starts_with("</") => "",
        None => markup,
    }
}
