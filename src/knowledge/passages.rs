//! Passages: the pieces of an article that are searched, embedded and shown.
//!
//! An article is cut along its headings into pieces of about [`TARGET_WORDS`], at the ends of
//! paragraphs before those of list items, and at those before the ends of sentences. Passages do not
//! overlap, and together they hold all the text below the headings.

mod cut;
mod measure;
mod section;
mod sentences;

use super::document::document;
use crate::store::Article;
use crate::text::BlockKind;
use section::Piece;

/// Words a passage should have: pieces of 150 words with the title in front are what the encoder's
/// retrieval was measured with.
pub const TARGET_WORDS: usize = 150;
/// Most words of a passage: with title and heading it still fits into the encoder's window.
pub const MAX_WORDS: usize = 200;
/// A passage below this is joined to its neighbour where both have room.
const SMALL_WORDS: usize = 50;

/// A passage before it is embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageText {
    /// Headings above it, outermost first, joined by " › "; empty at the top. A heading that repeats
    /// the article's title is not among them.
    pub heading: String,
    /// The text shown to people, with line breaks between paragraphs, items and rows. Never empty,
    /// and at most [`MAX_WORDS`] long, where a word is white-space separated text of at most 24
    /// characters, or one letter of a script that is written without spaces.
    pub text: String,
}

/// Cuts an article into passages, in reading order. The same article always gives the same passages.
///
/// A heading without text of its own gives none. An article of nothing but a title or headings gives
/// one passage that holds these, so that it can be found at all; an empty article gives none.
pub fn split(article: &Article) -> Vec<PassageText> {
    let document = document(&article.body, article.body_format);
    let sections = section::sections(&document.blocks, &article.title);
    let pieces: Vec<Piece> = sections.into_iter().flat_map(cut::pieces).collect();
    let passages: Vec<PassageText> = section::joined(pieces).into_iter().map(PassageText::from).collect();
    if !passages.is_empty() {
        return passages;
    }
    let (headings, _) = body_text(article);
    let only = if headings.is_empty() { &article.title } else { &headings };
    let units = cut::units(BlockKind::Paragraph, only);
    let pieces = cut::pieces(section::Section { path: Vec::new(), units });
    pieces.into_iter().map(PassageText::from).collect()
}

/// What the encoder reads for a passage: title, heading and text, each on its line.
pub fn embedding_text(title: &str, passage: &PassageText) -> String {
    let parts = [title, &passage.heading, &passage.text];
    let filled: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    filled.join("\n")
}

/// The article for the full-text index: its headings, one a line, and the text below them. A heading
/// that repeats the title is left out, since the title has a field of its own.
pub fn body_text(article: &Article) -> (String, String) {
    let document = document(&article.body, article.body_format);
    let (mut headings, mut body) = (Vec::new(), Vec::new());
    for block in &document.blocks {
        match block.kind {
            BlockKind::Heading(_) if section::same(&block.text, &article.title) => {}
            BlockKind::Heading(_) => headings.push(block.text.as_str()),
            _ => body.push(block.text.as_str()),
        }
    }
    (headings.join("\n"), body.join("\n"))
}

#[cfg(test)]
mod tests;
