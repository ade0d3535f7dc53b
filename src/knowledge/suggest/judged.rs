//! Whether any of the candidates answers, and which of them does so best.

use std::collections::HashMap;

use super::super::cosine::dot;
use super::super::ranking::{self, AnswerRule, Signs};
use super::{Candidates, Evidences, Suggestions};
use crate::store::StoredPassage;

/// Best candidates that are looked at for whether they answer, however few are shown.
pub(super) const ARTICLES: usize = 20;
/// Of their passages, so many that lie nearest by plain embeddings are looked at; articles may have hundreds.
const PASSAGES: usize = 64;
/// How far the cosine of a passage in the store may be from that of the scanned one, which has 8 bits.
const SAME: f32 = 0.02;

/// How far each article answers by its best passage, by id: a cosine.
type Fits<'a> = HashMap<&'a str, f32>;

impl Candidates {
    /// What is told of them, and what the confidence stands on; `None` if nothing was found.
    pub(super) fn suggestions(mut self, rule: AnswerRule) -> (Suggestions, Option<Signs>) {
        let signs = self.judge();
        let confidence = signs.map_or(0.0, |signs| rule.confidence(signs));
        let best = self.ranked.first().map_or(0.0, |ranked| ranked.score);
        let mut articles = Vec::with_capacity(self.asked.top);
        for mut ranked in self.ranked.into_iter().take(self.asked.top) {
            if let Some((article, passages)) = self.found.remove(&ranked.id) {
                ranked.score = ranking::shown_score(confidence, best, ranked.score);
                articles.push(self.evidences.suggested(ranked, article, passages));
            }
        }
        let answer_confidence = if articles.is_empty() { 0.0 } else { confidence };
        let answered = !articles.is_empty() && answer_confidence >= rule.threshold;
        (Suggestions { answered, answer_confidence, articles }, signs)
    }

    /// Brings those that answer to the front, where the bundle can tell, and says what tells whether any does.
    ///
    /// By the plain embeddings in the store and what the bundle has learnt of answers: those that are turned for
    /// the search tell apart what is near, and say less about whether anything answers.
    pub(super) fn judge(&mut self) -> Option<Signs> {
        let found = self.ranked.iter().take(ARTICLES).filter_map(|ranked| self.found.get(&ranked.id));
        let stored = found.map(|(_, passages)| passages).filter(|passages| self.were_scanned(passages));
        let near = |stored: &StoredPassage| dot(&stored.passage.embedding, &self.asked.embedding);
        let mut passages: Vec<_> = stored.flatten().map(|stored| (near(stored), stored)).collect();
        passages.sort_by(|a, b| b.0.total_cmp(&a.0));
        passages.truncate(PASSAGES);
        let nearest = passages.first()?.0;
        let fits = self.fits(&passages);
        let fitting = fits.values().copied().max_by(f32::total_cmp);
        let added =
            ranking::of_answers(self.ranked.iter().map(|ranked| fits.get(ranked.id.as_str()).copied()));
        for (ranked, added) in self.ranked.iter_mut().zip(added) {
            ranked.score += added;
        }
        self.ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        Some(Signs { nearest, fitting, lead: self.lead, unknown: self.evidences.words.unknown })
    }

    /// Of these passages' articles; empty where the bundle cannot tell.
    fn fits<'a>(&self, passages: &[(f32, &'a StoredPassage)]) -> Fits<'a> {
        let mut fits = Fits::new();
        let Some(answers) = self.evidences.view.model.answers() else { return fits };
        let ticket = answers.ticket.apply(&self.asked.embedding);
        let plain: Vec<f32> =
            passages.iter().flat_map(|(_, stored)| stored.passage.embedding.iter().copied()).collect();
        let turned = answers.passage.apply_to_all(&plain);
        for ((_, stored), turned) in passages.iter().zip(turned.chunks_exact(ticket.len().max(1))) {
            let fit = dot(turned, &ticket);
            let best = fits.entry(stored.article_id.as_str()).or_insert(fit);
            *best = best.max(fit);
        }
        fits
    }

    /// Whether the store's embeddings are those that were scanned, and not yet another model's.
    fn were_scanned(&self, passages: &[StoredPassage]) -> bool {
        let Some(first) = passages.first() else { return false };
        let Evidences { view, turned, dense, .. } = &self.evidences;
        let stored = dot(&view.passages.turned(&first.passage.embedding), turned);
        let scanned = dense.each(&first.article_id);
        let whole = passages.iter().all(|stored| stored.passage.embedding.len() == turned.len());
        whole && scanned.len() == passages.len() && (scanned[0] - stored).abs() <= SAME
    }
}
