//! Text: what people and mail programs wrote, made readable for the model.
//!
//! In comes raw text in one of three formats; out go blocks, or the cleaned text that the encoder
//! reads. The original is never changed here, and this room knows nothing of tickets, articles,
//! models or storage.

pub mod front_matter;
pub mod html;
pub mod language;
pub mod mail;
pub mod markdown;
pub mod masking;
pub mod wikitext;

mod cell;
mod document;
mod fold;
mod places;
mod references;
pub mod reply;
mod ticket;
mod words;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use cell::cell;
pub use document::{Document, Warning};
pub use places::Places;
pub use references::{Reference, references};
pub use ticket::{survey_question, with_subject};
pub use words::{bare, says_something};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Plain text, as typed.
    #[default]
    Text,
    /// HTML, as mail programs and help centres send it.
    Html,
    /// CommonMark with tables, as knowledge bases are often written.
    Markdown,
}

/// One block of a document: a heading or a run of text that belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What the block is.
    pub kind: BlockKind,
    /// Its text, white space folded (kept in code), without markup.
    pub text: String,
}

/// What a [`Block`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading of level 1 to 6.
    Heading(u8),
    /// A paragraph, a table row, or any other running text.
    Paragraph,
    /// One item of a list.
    ListItem,
    /// Preformatted text.
    Code,
    /// Text quoted from elsewhere (`<blockquote>`, `>`), in mail usually the earlier message.
    Quote,
}
