//! Which articles answer a ticket.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::KnowledgeError;
use super::lexical::Lexical;
use super::ranking::{self, Evidence};
use super::scope::{Facets, Scope};
use super::usefulness::Usefulness;
use super::vectors::{Cosines, Scan, best_first};
use super::{Knowledge, Shared, analysis, off_the_runtime, terms};
use crate::model::AnswerCurve;
use crate::store::{Article, Audience, StoredPassage};

/// Articles of each kind of evidence that are compared with those of the other.
const DEPTH: usize = 100;
/// Most articles in an answer.
pub const MAX_SUGGESTIONS: usize = 100;
/// Most words of the query that are shown as found in an article.
const MAX_MATCHED: usize = 8;

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
    /// When it is asked: what feedback is worth by then counts.
    pub now: Timestamp,
    /// Most articles to give, at most [`MAX_SUGGESTIONS`].
    pub top: usize,
}

/// Articles that may answer, and how likely it is that one does.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Suggestions {
    /// Whether `answer_confidence` reaches the site's threshold.
    pub answered: bool,
    /// How likely it is that some article answers, 0 to 1.
    pub answer_confidence: f32,
    /// The best first.
    pub articles: Vec<Suggested>,
}

/// An article that may answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Suggested {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where people read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// 0 to 1: the answer confidence for the best article, less for those after it.
    pub score: f32,
    /// The passage that fits best.
    pub passage: String,
    /// Headings above the passage, outermost first, joined by " › "; empty at the top.
    pub heading: String,
    /// Words of the query that the article has in some form, as the query writes them; the most
    /// telling first, at most eight.
    pub matched_terms: Vec<String>,
    /// When its text last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub updated_at: Option<Timestamp>,
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Who may see it.
    pub audience: Audience,
}

/// A way to rank articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By their words.
    Bm25,
    /// By the embeddings of their passages.
    Dense,
    /// By both, as [`Knowledge::suggest`] does before it counts feedback.
    Hybrid,
}

/// A query that can go to another thread.
struct Asked {
    text: String,
    embedding: Vec<f32>,
    scope: Scope,
    top: usize,
    /// When feedback is weighed, if it is.
    weighed_at: Option<Timestamp>,
}

impl Asked {
    fn new(query: &Query<'_>) -> Self {
        Self {
            text: query.text.to_owned(),
            embedding: query.embedding.to_vec(),
            scope: Scope::new(query.audience, query.category, query.language),
            top: query.top.min(MAX_SUGGESTIONS),
            weighed_at: Some(query.now),
        }
    }
}

/// Both kinds of evidence for one query.
struct Evidences {
    curve: AnswerCurve,
    dense: Scan<Facets>,
    words: Lexical,
    /// What feedback says, and when it is weighed.
    useful: Option<(Arc<Usefulness>, Timestamp)>,
}

/// An article that was found.
struct Ranked {
    id: String,
    score: f32,
    matched_terms: Vec<String>,
}

impl Knowledge {
    /// The articles that answer, the best first.
    ///
    /// # Errors
    /// [`KnowledgeError::Embedding`] for an embedding that is not of the loaded model, and those of
    /// the store and the index.
    pub async fn suggest(&self, query: &Query<'_>) -> Result<Suggestions, KnowledgeError> {
        self.view.check(query.embedding)?;
        let (here, asked) = (self.clone(), Asked::new(query));
        let (asked, evidences, ranked) = off_the_runtime(move || {
            let evidences = here.evidences(&asked)?;
            let ranked = evidences.ranked(&asked);
            Ok::<_, KnowledgeError>((asked, evidences, ranked))
        })
        .await??;
        let ids: Vec<String> = ranked.iter().map(|ranked| ranked.id.clone()).collect();
        let found = self.shared.in_scope(&ids, &asked.scope).await?;
        let threshold = self.shared.answer_threshold;
        off_the_runtime(move || evidences.suggestions(ranked, found, threshold)).await
    }

    /// Ids of the `query.top` best articles by one channel with their scores, the best first, for
    /// comparing the channels. Scores of different channels or queries cannot be compared.
    ///
    /// # Errors
    /// As [`Knowledge::suggest`].
    pub async fn rank(
        &self,
        query: &Query<'_>,
        channel: Channel,
    ) -> Result<Vec<(String, f32)>, KnowledgeError> {
        self.view.check(query.embedding)?;
        // What feedback adds says nothing of a channel, and may come from the very tickets it is tried on.
        let (here, asked) = (self.clone(), Asked { weighed_at: None, ..Asked::new(query) });
        off_the_runtime(move || {
            let named = |top: Vec<(&str, f32)>| top.into_iter().map(|(id, s)| (id.to_owned(), s)).collect();
            match channel {
                Channel::Bm25 => Ok(here.words(&asked)?.top(asked.top)),
                Channel::Dense => Ok(named(here.dense(&asked).top(asked.top))),
                Channel::Hybrid => Ok(here.evidences(&asked)?.fused(asked.top)),
            }
        })
        .await?
    }

    fn evidences(&self, asked: &Asked) -> Result<Evidences, KnowledgeError> {
        let (words, dense) = (self.words(asked)?, self.dense(asked));
        let useful = asked.weighed_at.map(|now| (Arc::clone(&self.shared.usefulness), now));
        Ok(Evidences { curve: self.view.model.bundle().answer_curve(), dense, words, useful })
    }

    fn words(&self, asked: &Asked) -> Result<Lexical, KnowledgeError> {
        let index = &self.shared.index;
        Lexical::search(index, terms::terms(&asked.text), &asked.scope)
            .map_err(|source| index.unusable(source))
    }

    fn dense(&self, asked: &Asked) -> Scan<Facets> {
        let (view, scope) = (&self.view, &asked.scope);
        view.passages.scan(&asked.embedding, view.model.threads(), |facets| scope.admits(facets))
    }
}

impl Shared {
    /// The articles with their passages as the store has them now. An article that has left the
    /// scope since it was found, or that changes while it is read, is left out: its passages may
    /// already be those of an article that the asker must not see.
    async fn in_scope(
        &self,
        ids: &[String],
        scope: &Scope,
    ) -> Result<HashMap<String, (Article, Vec<StoredPassage>)>, KnowledgeError> {
        let before = self.store.articles(ids).await?;
        let mut passages = Vec::with_capacity(before.len());
        for article in &before {
            passages.push(self.store.passages_of(&article.id).await?);
        }
        let after: HashMap<String, Article> =
            self.store.articles(ids).await?.into_iter().map(|a| (a.id.clone(), a)).collect();
        let read = before.into_iter().zip(passages);
        let unchanged = read.filter(|(article, _)| after.get(&article.id) == Some(article));
        let seen = unchanged.filter(|(article, _)| scope.admits_article(article));
        Ok(seen.map(|(article, passages)| (article.id.clone(), (article, passages))).collect())
    }
}

impl Evidences {
    /// The best articles by both kinds of evidence, with their fused scores.
    fn fused(&self, top: usize) -> Vec<(String, f32)> {
        let mut ids: Vec<String> = self.dense.top(DEPTH).into_iter().map(|(id, _)| id.to_owned()).collect();
        ids.extend(self.words.top(DEPTH).into_iter().map(|(id, _)| id));
        ids.sort_unstable();
        ids.dedup();
        let mut evidence = Vec::with_capacity(ids.len());
        for id in &ids {
            let hit = self.words.of(id).unwrap_or_default();
            evidence.push(Evidence { cosines: self.dense.of(id), words: hit.score, code: hit.code });
        }
        let mut fused: Vec<(String, f32)> = ids.into_iter().zip(ranking::fuse(&evidence)).collect();
        if let Some((usefulness, now)) = &self.useful {
            usefulness.add_to(&mut fused, *now);
        }
        best_first(&mut fused, top);
        fused
    }

    fn ranked(&self, asked: &Asked) -> Vec<Ranked> {
        let confidence = self.answer_confidence();
        let fused = self.fused(asked.top);
        let best = fused.first().map_or(0.0, |(_, score)| *score);
        fused
            .into_iter()
            .map(|(id, score)| {
                let matched_terms = match self.words.of(&id) {
                    Some(hit) => terms::written(&asked.text, self.words.matched(hit), MAX_MATCHED),
                    None => Vec::new(),
                };
                Ranked { id, score: ranking::shown_score(confidence, best, score), matched_terms }
            })
            .collect()
    }

    fn answer_confidence(&self) -> f32 {
        self.dense.top(1).first().map_or(0.0, |(_, cosine)| self.curve.confidence(*cosine))
    }

    fn suggestions(
        &self,
        ranked: Vec<Ranked>,
        mut found: HashMap<String, (Article, Vec<StoredPassage>)>,
        threshold: f32,
    ) -> Suggestions {
        let articles: Vec<Suggested> = ranked
            .into_iter()
            .filter_map(|ranked| {
                let (article, passages) = found.remove(&ranked.id)?;
                Some(self.suggested(ranked, article, passages))
            })
            .collect();
        let answer_confidence = if articles.is_empty() { 0.0 } else { self.answer_confidence() };
        Suggestions {
            answered: !articles.is_empty() && answer_confidence >= threshold,
            answer_confidence,
            articles,
        }
    }

    fn suggested(&self, ranked: Ranked, article: Article, passages: Vec<StoredPassage>) -> Suggested {
        let (heading, passage) = self.best_passage(&article.id, passages);
        Suggested {
            id: article.id,
            title: article.title,
            url: article.url,
            score: ranked.score,
            passage,
            heading,
            matched_terms: ranked.matched_terms,
            updated_at: article.updated_at,
            category: article.category,
            audience: article.audience,
        }
    }

    /// Heading and text of the passage that fits best, judged by the same evidence as articles are.
    fn best_passage(&self, id: &str, passages: Vec<StoredPassage>) -> (String, String) {
        // Of the vectors that were scanned, since those in the store may be another model's by now.
        let cosines = self.dense.each(id);
        let evidence: Vec<Evidence> = passages
            .iter()
            .enumerate()
            .map(|(ordinal, StoredPassage { passage, .. })| {
                let words = [analysis::words(&passage.heading), analysis::words(&passage.text)].concat();
                let hit = self.words.passage(&words);
                let cosine = cosines.get(ordinal).filter(|_| cosines.len() == passages.len());
                let cosines = cosine.map(|&cosine| Cosines { best: cosine, two_best: cosine });
                Evidence { cosines, words: hit.score, code: hit.code }
            })
            .collect();
        let fused = ranking::fuse(&evidence);
        passages
            .into_iter()
            .zip(fused)
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map_or_else(Default::default, |(stored, _)| (stored.passage.heading, stored.passage.text))
    }
}
