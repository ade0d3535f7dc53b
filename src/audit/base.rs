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

/// All articles, by id, and what is left of those that were deleted.
#[derive(Debug, Default)]
pub struct Base {
    pub(super) articles: HashMap<String, ArticleFacts>,
    /// Title and time of the deleted ones.
    deleted: HashMap<String, (String, Timestamp)>,
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
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            base.extend(page);
        }
        let gone = store.deleted_articles().await?.into_iter();
        let gone = gone.filter(|article| !base.articles.contains_key(&article.id));
        base.deleted = gone.map(|article| (article.id, (article.title, article.deleted_at))).collect();
        Ok(base)
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

    /// Ids of the articles that are archived, deleted or drafts, those that changed last first.
    pub fn withdrawn(&self) -> Vec<String> {
        let not_out = self.articles.iter().filter(|(_, facts)| facts.status != ArticleStatus::Published);
        let mut changed: Vec<_> = not_out.map(|(id, facts)| (facts.updated_at, id)).collect();
        changed.extend(self.deleted.iter().map(|(id, (_, deleted))| (Some(*deleted), id)));
        changed.sort_by(|a, b| b.cmp(a));
        changed.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Whether the article is archived, deleted or a draft.
    pub(super) fn is_withdrawn(&self, id: &str) -> bool {
        match self.articles.get(id) {
            Some(facts) => facts.status != ArticleStatus::Published,
            None => self.deleted.contains_key(id),
        }
    }

    /// When the article was deleted.
    pub(super) fn deleted_at(&self, id: &str) -> Option<Timestamp> {
        self.deleted.get(id).map(|(_, deleted)| *deleted)
    }

    /// The title, or the id where nothing is known of the article any more.
    pub(super) fn title(&self, id: &str) -> String {
        let there = self.articles.get(id).map(|facts| &facts.title);
        there.or(self.deleted.get(id).map(|(title, _)| title)).map_or_else(|| id.to_owned(), Clone::clone)
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
