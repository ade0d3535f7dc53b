//! How good the search is, measured on tickets whose answering articles are known, beside plain BM25.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::plain_bm25::PlainBm25;
use super::ranking::{AnswerRule, Signs};
use super::{Channel, Knowledge, KnowledgeError, Query, passages};
use crate::learn::calibrate::{Platt, fit_platt};
use crate::learn::metrics::{
    MetricError, RankedHits, auroc, chance_ece, mean_ndcg, mean_recall, mean_reciprocal_rank, reliability,
};
use crate::store::Audience;

/// Articles that are looked at for each ticket.
const TOP: usize = 10;
/// Articles that are read from the store at a time.
const PAGE: u32 = 256;

/// A ticket whose answering articles are known.
#[derive(Debug, Clone)]
pub struct JudgedQuery {
    /// Subject and body, cleaned.
    pub text: String,
    /// Its embedding by the loaded model.
    pub embedding: Vec<f32>,
    /// Ids of the articles that answer it; empty where none does.
    pub relevant: Vec<String>,
}

/// The figures of one way to search; `None` where there was nothing to measure.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SearchFigures {
    /// Mean reciprocal rank of the first right article among ten.
    pub mrr_at_10: Option<f64>,
    /// Share of the right articles among the first five.
    pub recall_at_5: Option<f64>,
    /// Normalised discounted cumulative gain of the first ten.
    pub ndcg_at_10: Option<f64>,
    /// How well its best score (of both together: the answer confidence) tells tickets with an answer
    /// from those without (AUROC).
    pub gap_auroc: Option<f64>,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SearchReport {
    /// Articles that were searched.
    pub articles: u64,
    /// Tickets with a right article.
    pub answered: usize,
    /// Tickets without one.
    pub gaps: usize,
    /// By way to search.
    pub channels: BTreeMap<&'static str, SearchFigures>,
    /// Expected calibration error of the answer confidence, where there are gaps.
    pub answer_confidence_ece: Option<f64>,
    /// What it would be by chance if the answer confidence were exactly right, on so many tickets.
    pub chance_ece: Option<f64>,
    /// The settings `search.answer_slope` (a) and `answer_offset` (b) that would bring it nearest to what came
    /// true on these tickets.
    pub best_answer_curve: Option<Platt>,
    /// The calibration error that is to be expected with such settings: those found on one half of these
    /// tickets, measured on the other, and the other way round.
    pub ece_with_own_curve: Option<f64>,
    /// Ticket by ticket what the answer confidence stands on: what `benches/answer_confidence.py` fits it to.
    pub answers: Vec<JudgedAnswer>,
}

/// Whether a ticket has an answer, and what the search made of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct JudgedAnswer {
    /// Whether an article answers it.
    pub answered: bool,
    /// How likely the search held that, 0 to 1.
    pub answer_confidence: f32,
    /// Why; `None` where it found no article.
    pub signs: Option<Signs>,
}

/// Measuring that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SearchJudgeError {
    /// The search failed.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// A figure cannot be computed.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

impl Knowledge {
    /// Measures the search. Agents' articles take part.
    ///
    /// # Errors
    /// Those of a search.
    pub async fn judge(&self, queries: &[JudgedQuery]) -> Result<SearchReport, SearchJudgeError> {
        let answers = self.answers(queries).await?;
        let outcomes: Vec<(f32, bool)> = answers.iter().map(|a| (a.answer_confidence, a.answered)).collect();
        let channels = self.channels(queries, &outcomes).await?;
        let AnswerRule { slope, offset, .. } = self.shared.answer_rule;
        // Of the settings in use, and what would have to be done to them.
        let over = |Platt { a, b }| Platt { a: a * f64::from(slope), b: a * f64::from(offset) + b };
        let gaps = queries.iter().filter(|query| query.relevant.is_empty()).count();
        Ok(SearchReport {
            articles: self.shared.store.article_count().await.map_err(KnowledgeError::from)?,
            answered: queries.len() - gaps,
            gaps,
            channels,
            answer_confidence_ece: if gaps > 0 { reliability(&outcomes)?.ece } else { None },
            chance_ece: chance_ece(&outcomes.iter().map(|(p, _)| *p).collect::<Vec<_>>())?
                .filter(|_| gaps > 0),
            best_answer_curve: curve(&outcomes).map(over),
            ece_with_own_curve: crossed(&outcomes).and_then(|outcomes| reliability(&outcomes).ok()?.ece),
            answers,
        })
    }

    async fn answers(&self, queries: &[JudgedQuery]) -> Result<Vec<JudgedAnswer>, KnowledgeError> {
        let mut answers = Vec::with_capacity(queries.len());
        for query in queries {
            let (found, signs) = self.answer(&asked(query)).await?;
            let answered = !query.relevant.is_empty();
            answers.push(JudgedAnswer { answered, answer_confidence: found.answer_confidence, signs });
        }
        Ok(answers)
    }

    async fn channels(
        &self,
        queries: &[JudgedQuery],
        outcomes: &[(f32, bool)],
    ) -> Result<BTreeMap<&'static str, SearchFigures>, SearchJudgeError> {
        let plain = self.plain().await?;
        let mut channels = BTreeMap::new();
        let (hits, scores) = self.ranked(queries, None, &plain).await?;
        channels.insert("1 plain BM25", figures(&hits, &scores)?);
        // A fused score is comparable within one query only; what tells gaps there is the answer confidence.
        let sure: Vec<(f64, bool)> = outcomes.iter().map(|(p, yes)| (f64::from(*p), *yes)).collect();
        for (name, channel) in [
            ("2 BM25 with fields and stems", Channel::Bm25),
            ("3 embeddings", Channel::Dense),
            ("4 both (what suggest does)", Channel::Hybrid),
        ] {
            let (hits, scores) = self.ranked(queries, Some(channel), &plain).await?;
            let told = if channel == Channel::Hybrid { &sure } else { &scores };
            channels.insert(name, figures(&hits, told)?);
        }
        Ok(channels)
    }

    async fn plain(&self) -> Result<PlainBm25, KnowledgeError> {
        let mut index = PlainBm25::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.shared.store.articles_page(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(index) };
            after = Some(last.id.clone());
            for article in &page {
                let (_, body) = passages::body_text(article);
                index.add(&article.id, &format!("{} {body}", article.title));
            }
        }
    }

    /// What a channel finds for each ticket, and its best score there beside whether an article answers it.
    async fn ranked(
        &self,
        queries: &[JudgedQuery],
        channel: Option<Channel>,
        plain: &PlainBm25,
    ) -> Result<(Vec<RankedHits>, Vec<(f64, bool)>), KnowledgeError> {
        let mut hits = Vec::with_capacity(queries.len());
        let mut scores = Vec::with_capacity(queries.len());
        for query in queries {
            let ranked = match channel {
                Some(channel) => self.rank(&asked(query), channel).await?,
                None => plain.search(&query.text, TOP),
            };
            let best = ranked.first().map_or(0.0, |(_, score)| f64::from(*score));
            scores.push((best, !query.relevant.is_empty()));
            let ids: Vec<String> = ranked.into_iter().map(|(id, _)| id).collect();
            hits.push(RankedHits::new(&ids, &query.relevant));
        }
        Ok((hits, scores))
    }
}

/// The figures of one channel, from what it found and what tells tickets with an answer from those without.
fn figures(hits: &[RankedHits], told: &[(f64, bool)]) -> Result<SearchFigures, MetricError> {
    Ok(SearchFigures {
        mrr_at_10: mean_reciprocal_rank(hits, TOP),
        recall_at_5: mean_recall(hits, 5),
        ndcg_at_10: mean_ndcg(hits, TOP),
        gap_auroc: auroc(told)?,
    })
}

/// The curve that brings these confidences nearest to what came true; `None` where it is the same for all.
fn curve(outcomes: &[(f32, bool)]) -> Option<Platt> {
    let (odds, came_true): (Vec<f64>, Vec<bool>) =
        outcomes.iter().map(|(p, yes)| (log_odds(*p), *yes)).unzip();
    fit_platt(&odds, &came_true).ok()
}

fn log_odds(confidence: f32) -> f64 {
    let p = f64::from(confidence).clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

/// The confidences by curves that were fitted on the other half; each half has every other ticket of a kind.
fn crossed(outcomes: &[(f32, bool)]) -> Option<Vec<(f32, bool)>> {
    let mut counts = [0, 0];
    let halves = outcomes.iter().map(|outcome| {
        let count = &mut counts[usize::from(outcome.1)];
        *count += 1;
        (*count % 2, *outcome)
    });
    let halves: Vec<(usize, (f32, bool))> = halves.collect();
    let of = |half| halves.iter().filter(move |(h, _)| *h == half).map(|(_, outcome)| *outcome);
    let mut found = Vec::with_capacity(outcomes.len());
    for half in [0, 1] {
        let curve = curve(&of(1 - half).collect::<Vec<_>>())?;
        found.extend(of(half).map(|(p, yes)| (curve.probability(log_odds(p)) as f32, yes)));
    }
    Some(found)
}

fn asked(query: &JudgedQuery) -> Query<'_> {
    // Before everything: whether an article has expired meanwhile must not change the figures.
    Query::unfiltered(&query.text, &query.embedding, Audience::Agent, Timestamp::MIN, TOP)
}

impl SearchReport {
    /// The report as a table.
    pub fn text(&self) -> String {
        let number = |figure: Option<f64>| figure.map_or_else(|| "–".into(), |f| format!("{f:.3}"));
        let mut lines = vec![
            format!(
                "{} articles, {} tickets with an answer, {} without",
                self.articles, self.answered, self.gaps
            ),
            String::new(),
            format!("{:<32}{:>8}{:>10}{:>9}{:>11}", "", "MRR@10", "Recall@5", "nDCG@10", "gap AUROC"),
        ];
        for (name, figures) in &self.channels {
            lines.push(format!(
                "{:<32}{:>8}{:>10}{:>9}{:>11}",
                &name[2..],
                number(figures.mrr_at_10),
                number(figures.recall_at_5),
                number(figures.ndcg_at_10),
                number(figures.gap_auroc),
            ));
        }
        if let Some(ece) = self.answer_confidence_ece {
            lines.push(String::new());
            lines.push(format!(
                "calibration error of the answer confidence: {ece:.3} (of one that is exactly right, on so few tickets: {})",
                number(self.chance_ece)
            ));
        }
        if let Some(curve) = self.best_answer_curve {
            lines.push(format!(
                "settings that fit these tickets best: answer_slope = {:.2}, answer_offset = {:.2} in [search]",
                curve.a, curve.b
            ));
        }
        if let Some(ece) = self.ece_with_own_curve {
            lines
                .push(format!("calibration error with settings of one half of them, on the other: {ece:.3}"));
        }
        lines.join("\n")
    }
}
