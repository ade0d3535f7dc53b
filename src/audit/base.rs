//! The articles as the audit looks at them.

use std::collections::HashMap;

use jiff::Timestamp;

use super::error::AuditError;
use super::mentions::{Mentions, mentions};
use crate::knowledge::passages;
use crate::store::{Article, ArticleStatus, Store};

/// Articles read from the store at a time.
const PAGE: u32 = 256;

/// What the audit knows of an article.
#[derive(Debug, Clone)]
pub struct ArticleFacts {
    /// Its title.
    pub title: String,
    /// Whether it is out.
    pub status: ArticleStatus,
    /// Its category.
    pub category: Option<String>,
    /// When its text last changed.
    pub updated_at: Option<Timestamp>,
    /// From when on it is not suggested.
    pub expires_at: Option<Timestamp>,
    /// When somebody should look whether it still holds.
    pub review_at: Option<Timestamp>,
    /// The versions of products that it names.
    pub(super) versions: Mentions,
}

/// All articles, by id.
#[derive(Debug, Default)]
pub struct Base {
    pub(super) articles: HashMap<String, ArticleFacts>,
}

impl Base {
    /// The articles of the store.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn load(store: &Store) -> Result<Self, AuditError> {
        let (mut base, mut after) = (Self::default(), None::<String>);
        loop {
            let page = store.articles_page(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(base) };
            after = Some(last.id.clone());
            base.extend(page);
        }
    }

    /// Whether any article that is out expires by `at`.
    pub fn any_expired(&self, at: Timestamp) -> bool {
        let out = |facts: &&ArticleFacts| facts.status == ArticleStatus::Published;
        self.articles.values().filter(out).any(|facts| facts.expires_at.is_some_and(|expires| expires <= at))
    }

    /// Whether the article has expired by `at`.
    pub(super) fn has_expired(&self, id: &str, at: Timestamp) -> bool {
        self.articles.get(id).and_then(|facts| facts.expires_at).is_some_and(|expires| expires <= at)
    }

    /// Whether any article is archived or a draft.
    pub fn any_withdrawn(&self) -> bool {
        self.articles.values().any(|facts| facts.status != ArticleStatus::Published)
    }

    /// Whether the article is there, archived or a draft.
    pub(super) fn is_withdrawn(&self, id: &str) -> bool {
        self.articles.get(id).is_some_and(|facts| facts.status != ArticleStatus::Published)
    }

    /// The title, or the id where there is no such article any more.
    pub(super) fn title(&self, id: &str) -> String {
        self.articles.get(id).map_or_else(|| id.to_owned(), |facts| facts.title.clone())
    }

    /// Takes in articles.
    pub fn extend(&mut self, articles: impl IntoIterator<Item = Article>) {
        for article in articles {
            let (headings, body) = passages::body_text(&article);
            let versions = mentions(&[article.title.as_str(), &headings, &body].join("\n"));
            let facts = ArticleFacts {
                title: article.title,
                status: article.status,
                category: article.category,
                updated_at: article.updated_at,
                expires_at: article.expires_at,
                review_at: article.review_at,
                versions,
            };
            self.articles.insert(article.id, facts);
        }
    }
}
