//! Which articles answer a ticket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::KnowledgeError;
use super::lexical::Lexical;
use super::marks::{Highlight, highlights};
use super::query::{MAX_SUGGESTIONS, Query};
use super::ranking::{self, Evidence, Signs};
use super::scope::{Facets, Scope};
use super::usefulness::Usefulness;
use super::vectors::{Cosines, Scan, best_first};
use super::{Knowledge, Shared, View, off_the_runtime, speech, terms};
use crate::store::{Article, Audience, StoredPassage};

mod judged;

/// Articles of each kind of evidence that are compared with those of the other.
const DEPTH: usize = 100;
/// Most words of the query that are shown as found in an article.
const MAX_MATCHED: usize = 8;

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
    /// Where forms of them stand in `passage`, in characters, in order and apart; empty where they stand
    /// elsewhere in the article.
    pub highlights: Vec<Highlight>,
    /// What speaks for it.
    pub found_by: FoundBy,
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

/// By which evidence an article came among the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// By words that it shares with the query.
    Words,
    /// By the meaning of a passage, whatever its words.
    Meaning,
    /// By either.
    Both,
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
    /// When feedback is weighed.
    weighed_at: Timestamp,
}

impl Asked {
    fn new(query: &Query<'_>) -> Self {
        Self {
            text: query.text.to_owned(),
            embedding: query.embedding.to_vec(),
            scope: Scope::of(query),
            top: query.top.min(MAX_SUGGESTIONS),
            weighed_at: query.now,
        }
    }
}

/// Articles with their passages, by id.
type Found = HashMap<String, (Article, Vec<StoredPassage>)>;

/// Both kinds of evidence for one query.
struct Evidences {
    view: Arc<View>,
    /// The ticket's embedding as passages are compared with it.
    turned: Vec<f32>,
    dense: Scan<Facets>,
    words: Lexical,
    /// What feedback says.
    useful: Arc<Usefulness>,
}

/// The best candidates for one query, and what is to be known before they are told.
struct Candidates {
    asked: Asked,
    evidences: Evidences,
    /// The best first.
    ranked: Vec<Ranked>,
    /// How far the first stands before the second in the fused score, feedback left out.
    lead: f32,
    found: Found,
}

/// An article that was found.
struct Ranked {
    id: String,
    /// Comparable within one query only.
    score: f32,
    found_by: FoundBy,
    matched_terms: Vec<String>,
}

impl Knowledge {
    /// The articles that answer, the best first.
    ///
    /// # Errors
    /// [`KnowledgeError::Embedding`] for an embedding that is not of the loaded model, and those of
    /// the store and the index.
    #[tracing::instrument(name = "knowledge.suggest", target = "span", skip_all)]
    pub async fn suggest(&self, query: &Query<'_>) -> Result<Suggestions, KnowledgeError> {
        Ok(self.answer(query).await?.0)
    }

    /// What [`Knowledge::suggest`] gives, and what its confidence stands on; `None` if nothing was found.
    pub(super) async fn answer(
        &self,
        query: &Query<'_>,
    ) -> Result<(Suggestions, Option<Signs>), KnowledgeError> {
        let candidates = self.candidates(query, true).await?;
        let rule = self.shared.answer_rule;
        off_the_runtime(move || candidates.suggestions(rule)).await
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
        let (here, asked) = (self.clone(), Asked::new(query));
        match channel {
            Channel::Bm25 => off_the_runtime(move || Ok(here.words(&asked)?.top(asked.top))).await?,
            Channel::Dense => {
                let ranked = move || {
                    let turned = here.view.passages.turned(&asked.embedding);
                    let scan = here.dense(&turned, &asked);
                    scan.top(asked.top).into_iter().map(|(id, score)| (id.to_owned(), score)).collect()
                };
                off_the_runtime(ranked).await
            }
            // Without feedback, which says nothing of a channel and may come from the very tickets it is tried on.
            Channel::Hybrid => {
                let mut ranked = self.candidates(query, false).await?;
                off_the_runtime(move || {
                    ranked.judge();
                    let top = ranked.ranked.into_iter().take(ranked.asked.top);
                    top.map(|ranked| (ranked.id, ranked.score)).collect()
                })
                .await
            }
        }
    }

    /// The best candidates, as they stand before anything is known of what answers; with or without feedback.
    async fn candidates(&self, query: &Query<'_>, feedback: bool) -> Result<Candidates, KnowledgeError> {
        self.view.check(query.embedding)?;
        let (here, asked) = (self.clone(), Asked::new(query));
        let (asked, evidences, ranked, lead) = off_the_runtime(move || {
            let evidences = here.evidences(&asked)?;
            let (ranked, lead) = evidences.ranked(&asked, feedback);
            Ok::<_, KnowledgeError>((asked, evidences, ranked, lead))
        })
        .await??;
        let ids: Vec<String> = ranked.iter().map(|ranked| ranked.id.clone()).collect();
        let found = self.shared.in_scope(&ids, &asked.scope).await?;
        Ok(Candidates { asked, evidences, ranked, lead, found })
    }

    fn evidences(&self, asked: &Asked) -> Result<Evidences, KnowledgeError> {
        let words = self.words(asked)?;
        let turned = self.view.passages.turned(&asked.embedding);
        let dense = self.dense(&turned, asked);
        let useful = Arc::clone(&self.shared.usefulness);
        Ok(Evidences { view: Arc::clone(&self.view), turned, dense, words, useful })
    }

    fn words(&self, asked: &Asked) -> Result<Lexical, KnowledgeError> {
        let index = self.shared.index();
        Lexical::search(&index, &asked.text, &asked.scope).map_err(|source| index.unusable(source))
    }

    fn dense(&self, turned: &[f32], asked: &Asked) -> Scan<Facets> {
        let (view, scope) = (&self.view, &asked.scope);
        view.passages.scan(turned, view.model.threads(), |facets| scope.admits(facets))
    }
}

impl Shared {
    /// The articles with their passages as the store has them now. An article that has left the
    /// scope since it was found, or that changes while it is read, is left out: its passages may
    /// already be those of an article that the asker must not see.
    async fn in_scope(&self, ids: &[String], scope: &Scope) -> Result<Found, KnowledgeError> {
        let before = self.store.articles(ids).await?;
        let mut passages = self.store.passages(ids).await?;
        let after: HashMap<String, Article> =
            self.store.articles(ids).await?.into_iter().map(|a| (a.id.clone(), a)).collect();
        let unchanged = before.into_iter().filter(|article| after.get(&article.id) == Some(article));
        let seen = unchanged.filter(|article| scope.admits_article(article));
        let with_passages = |article: Article| {
            let passages = passages.remove(&article.id).unwrap_or_default();
            (article.id.clone(), (article, passages))
        };
        Ok(seen.map(with_passages).collect())
    }
}

impl Evidences {
    /// The best articles by each kind of evidence.
    fn candidates(&self) -> BTreeMap<String, FoundBy> {
        let near = self.dense.top(DEPTH).into_iter().map(|(id, _)| (id.to_owned(), FoundBy::Meaning));
        let mut candidates: BTreeMap<String, FoundBy> = near.collect();
        for (id, _) in self.words.top(DEPTH) {
            candidates.entry(id).and_modify(|by| *by = FoundBy::Both).or_insert(FoundBy::Words);
        }
        candidates
    }

    /// The candidates with their scores by both kinds of evidence.
    fn fused(&self, candidates: &BTreeMap<String, FoundBy>) -> Vec<(String, f32)> {
        let mut evidence = Vec::with_capacity(candidates.len());
        for id in candidates.keys() {
            let hit = self.words.of(id).unwrap_or_default();
            evidence.push(Evidence { cosines: self.dense.of(id), words: hit.score, code: hit.code });
        }
        candidates.keys().cloned().zip(ranking::fuse(&evidence)).collect()
    }

    /// The best candidates, and how far the first stands before the second without feedback.
    fn ranked(&self, asked: &Asked, feedback: bool) -> (Vec<Ranked>, f32) {
        let candidates = self.candidates();
        let mut fused = self.fused(&candidates);
        let lead = ranking::lead(&fused);
        if feedback {
            self.useful.add_to(&mut fused, asked.weighed_at);
        }
        best_first(&mut fused, asked.top.max(judged::ARTICLES));
        let ranked = fused
            .into_iter()
            .map(|(id, score)| {
                let matched_terms = self.words.of(&id).map_or_else(Vec::new, |hit| {
                    terms::written(&asked.text, self.words.matched(hit), MAX_MATCHED)
                });
                let found_by = candidates.get(&id).copied().unwrap_or(FoundBy::Both);
                Ranked { id, score, found_by, matched_terms }
            })
            .collect();
        (ranked, lead)
    }

    fn suggested(&self, ranked: Ranked, article: Article, passages: Vec<StoredPassage>) -> Suggested {
        let texts: Vec<&str> = passages.iter().map(|stored| stored.passage.text.as_str()).collect();
        let speech = speech::of_article(article.language.as_deref(), &texts.join("\n"));
        let (heading, passage) = self.best_passage(&article.id, passages, speech);
        Suggested {
            id: article.id,
            title: article.title,
            url: article.url,
            score: ranked.score,
            highlights: highlights(&passage, &ranked.matched_terms, speech),
            passage,
            heading,
            matched_terms: ranked.matched_terms,
            found_by: ranked.found_by,
            updated_at: article.updated_at,
            category: article.category,
            audience: article.audience,
        }
    }

    /// Heading and text of the passage that fits best, judged by the same evidence as articles are.
    fn best_passage(&self, id: &str, passages: Vec<StoredPassage>, speech: &str) -> (String, String) {
        // Of the vectors that were scanned, since those in the store may be another model's by now.
        let cosines = self.dense.each(id);
        let evidence: Vec<Evidence> = passages
            .iter()
            .enumerate()
            .map(|(ordinal, StoredPassage { passage, .. })| {
                let words = speech::words(&[passage.heading.as_str(), &passage.text].join("\n"), speech);
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
