//! Knowledge articles as they are kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::Format;

/// A knowledge article.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Article {
    /// The site's own id, unique among its articles.
    pub id: String,
    /// Title, plain text.
    pub title: String,
    /// The whole text in its original format, without front matter.
    pub body: String,
    /// How `body` is written.
    #[serde(default)]
    pub body_format: Format,
    /// Where people read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who may see it.
    #[serde(default)]
    pub audience: Audience,
    /// Whether it is out.
    #[serde(default)]
    pub status: ArticleStatus,
    /// Category, by the site's taxonomy or any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Free keywords.
    #[serde(default)]
    pub tags: Vec<String>,
    /// ISO 639-1 code of the language it is written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When its text last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub updated_at: Option<Timestamp>,
    /// Product or brand that it is about; absent where it is about all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// From when on it is not suggested any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When somebody should look whether it still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub review_at: Option<Timestamp>,
    /// Images and files that it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// From 1; the store counts it up with each put that changes title, text or audience. A higher one
    /// that is given is taken over, so that a base that is imported anew goes on counting.
    #[serde(default)]
    pub version: u32,
    /// When this version was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub kept_at: Option<Timestamp>,
}

/// An image or a file that an article refers to; where it lies is not Deskhand's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Web address, or path as the article gives it.
    #[schema(example = "images/panel.png")]
    pub address: String,
    /// What it shows, or the words of the link.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(example = "The panel of the printer")]
    pub alt: String,
}

/// What an article said before it was changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArticleVersion {
    /// Its number.
    pub version: u32,
    /// Title.
    pub title: String,
    /// The whole text.
    pub body: String,
    /// How `body` is written.
    pub body_format: Format,
    /// Who could see it.
    pub audience: Audience,
    /// When it was kept; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub kept_at: Option<Timestamp>,
}

/// Who may see an article. The default is the narrower one, so that a forgotten field leaks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Whoever asks: customers and employees, and agents too.
    Customer,
    /// Agents only.
    #[default]
    Agent,
}

/// Whether an article is out. Only published articles are ever suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArticleStatus {
    /// Out and current.
    #[default]
    Published,
    /// Not out yet.
    Draft,
    /// Taken back.
    Archived,
}

/// One passage of an article with its embedding: derived, kept so that a restart embeds nothing anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Headings above it, outermost first, joined by " › "; empty at the top.
    pub heading: String,
    /// The text shown to people.
    pub text: String,
    /// Unit-length embedding of title, heading and text.
    pub embedding: Vec<f32>,
}
