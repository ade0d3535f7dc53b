//! What is asked of the articles.

use jiff::Timestamp;

use crate::store::Audience;

/// Most articles in an answer.
pub const MAX_SUGGESTIONS: usize = 100;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// Subject and body, cleaned.
    pub text: &'a str,
    /// The embedding that the loaded model gives the text.
    pub embedding: &'a [f32],
    /// Who will see the answer. For [`Audience::Customer`] the articles for agents do not exist.
    pub audience: Audience,
    /// Only articles of exactly this category.
    pub category: Option<&'a str>,
    /// Only articles in this language (ISO 639-1, regions ignored), or in none that is known.
    pub language: Option<&'a str>,
    /// Only articles about this product or brand, or about none in particular.
    pub product: Option<&'a str>,
    /// Only articles with all of these labels (their tags).
    pub labels: &'a [String],
    /// When it is asked: articles that have expired by then do not exist. What feedback is worth by
    /// then counts.
    pub now: Timestamp,
    /// Most articles to give, at most [`MAX_SUGGESTIONS`].
    pub top: usize,
}

impl<'a> Query<'a> {
    /// A query that takes articles of whatever category, language, product and labels.
    pub fn unfiltered(
        text: &'a str,
        embedding: &'a [f32],
        audience: Audience,
        now: Timestamp,
        top: usize,
    ) -> Self {
        Self {
            text,
            embedding,
            audience,
            category: None,
            language: None,
            product: None,
            labels: &[],
            now,
            top,
        }
    }
}
