//! Learning to search: tickets and the articles that answered them in, a projection of the embedding out.
//!
//! The encoder stays as it is. One square matrix is fitted that turns embeddings so that a ticket lies near
//! the passages that answer it and far from others, and so that tickets which nothing answers lie near none.
//! A fifth of the tickets is held out, those about the same article together; where the projection does not
//! find their articles better than the plain embedding does, it is refused.

mod fit;

use sha2::{Digest, Sha256};

use super::calibrate::{Platt, fit_platt};
use super::metrics::{MetricError, RankedHits, auroc, mean_ndcg};
use crate::model::{AnswerCurve, Projection};

/// One ticket in so many is held out.
const HELD_OUT: u8 = 5;
/// Fewest tickets with an answer that a projection may be fitted on, and a fifth as many held out.
pub const FEWEST: usize = 50;

/// A knowledge base and its tickets, as vectors.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// Plain embeddings of the passages, one after another.
    pub passages: Vec<f32>,
    /// Article of each passage, rising, from 0 on.
    pub article_of: Vec<usize>,
    /// The tickets.
    pub tickets: Vec<Asked>,
}

/// A ticket whose answer is known.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its plain embedding.
    pub embedding: Vec<f32>,
    /// The articles that answer it; empty where none does.
    pub answers: Vec<usize>,
    /// Tickets with the same key are held out together: the article's id, or the ticket's where there is none.
    pub key: String,
}

/// How well embeddings alone find the articles of tickets that nothing was fitted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// nDCG@10.
    pub ndcg: f64,
    /// How well the best cosine tells tickets with an answer from those without (AUROC); `None` without both.
    pub gap_auroc: Option<f64>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// The projection, fitted on all tickets.
    pub projection: Projection,
    /// How a cosine reads as a probability; `None` where no ticket without an answer was given.
    pub answer: Option<AnswerCurve>,
    /// Tickets that it was fitted on.
    pub tickets: usize,
    /// On the held-out tickets with the plain embedding.
    pub before: Figures,
    /// On the held-out tickets with a projection that was fitted on the others.
    pub after: Figures,
}

/// Nothing that could be used came of it.
#[derive(Debug, thiserror::Error)]
pub enum SearchLearnError {
    /// Too few rows.
    #[error(
        "{found} tickets with the article that answers them are too few to learn from; {FEWEST} are the least"
    )]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// The projection is no better.
    #[error(
        "on the {held_out} tickets held out the search got no better (nDCG@10 {before:.3} before, {after:.3} after); nothing was written, go on with the bundle as it is, or bring more tickets"
    )]
    NoBetter {
        /// Tickets held out.
        held_out: usize,
        /// Without.
        before: f64,
        /// With.
        after: f64,
    },
    /// The numbers cannot be used.
    #[error("the projection cannot be fitted: {0}")]
    Fit(#[from] candle_core::Error),
    /// A figure cannot be computed.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// Fits a projection for embeddings of `size` numbers. `answered` is the share of tickets that some article
/// answers where the bundle will work; `None`: as in the rows. `progress` hears steps done and in all.
///
/// # Errors
/// [`SearchLearnError`]; then the plain embedding is the better choice.
pub fn learn(
    bases: &[Base],
    size: usize,
    answered: Option<f64>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Learnt, SearchLearnError> {
    let with_answer = bases.iter().flat_map(|base| &base.tickets).filter(|t| !t.answers.is_empty()).count();
    let (learnt, held_out): (Vec<Base>, Vec<Base>) = bases.iter().map(split).unzip();
    let apart = held_out.iter().flat_map(|base| &base.tickets).filter(|t| !t.answers.is_empty()).count();
    if with_answer < FEWEST || apart == 0 || apart == with_answer {
        return Err(SearchLearnError::TooFew { found: with_answer });
    }
    let steps = 2 * fit::STEPS;
    let trial = fit::fit(&learnt, size, &mut |done| progress(done, steps))?;
    let plain = Tally::of(&held_out, size, None);
    let projected = Tally::of(&held_out, size, Some(&trial));
    let (before, after) = (plain.figures()?, projected.figures()?);
    if after.ndcg <= before.ndcg {
        let held_out = plain.hits.len();
        return Err(SearchLearnError::NoBetter { held_out, before: before.ndcg, after: after.ndcg });
    }
    let projection = fit::fit(bases, size, &mut |done| progress(fit::STEPS + done, steps))?;
    let tickets = bases.iter().map(|base| base.tickets.len()).sum();
    Ok(Learnt { projection, answer: projected.curve(answered), tickets, before, after })
}

/// A base with the tickets to learn from, and the same with those that are held out.
fn split(base: &Base) -> (Base, Base) {
    let (held_out, learnt) = base.tickets.iter().cloned().partition(|ticket| {
        Sha256::digest(ticket.key.as_bytes()).first().is_some_and(|byte| byte % HELD_OUT == 0)
    });
    let with = |tickets| Base { tickets, ..base.clone() };
    (with(learnt), with(held_out))
}

/// What a search by embeddings alone found for some tickets.
struct Tally {
    hits: Vec<RankedHits>,
    /// Best cosine, and whether some article answers.
    best: Vec<(f64, bool)>,
}

impl Tally {
    fn of(bases: &[Base], size: usize, projection: Option<&Projection>) -> Self {
        let turned = |plain: &[f32]| projection.map_or_else(|| plain.to_vec(), |p| p.apply(plain));
        let mut tally = Self { hits: Vec::new(), best: Vec::new() };
        for base in bases {
            let passages: Vec<Vec<f32>> = base.passages.chunks_exact(size).map(turned).collect();
            for ticket in &base.tickets {
                let ranked = ranked(&turned(&ticket.embedding), &passages, &base.article_of);
                let best = ranked.first().map_or(0.0, |(_, cosine)| f64::from(*cosine));
                tally.best.push((best, !ticket.answers.is_empty()));
                if !ticket.answers.is_empty() {
                    let ids: Vec<usize> = ranked.iter().take(10).map(|(article, _)| *article).collect();
                    tally.hits.push(RankedHits::new(&ids, &ticket.answers));
                }
            }
        }
        tally
    }

    fn figures(&self) -> Result<Figures, MetricError> {
        let both = self.best.iter().any(|(_, yes)| *yes) && self.best.iter().any(|(_, yes)| !*yes);
        let gap_auroc = if both { auroc(&self.best)? } else { None };
        Ok(Figures { ndcg: mean_ndcg(&self.hits, 10).unwrap_or(0.0), gap_auroc })
    }

    /// A logistic curve over the best cosine, moved to where `answered` of all tickets have an answer: with
    /// another share the log odds move by as much as those of the share (Saerens, Latinne and Decaestecker,
    /// "Adjusting the outputs of a classifier to new a priori probabilities", 2002).
    fn curve(&self, answered: Option<f64>) -> Option<AnswerCurve> {
        let (scores, outcomes): (Vec<f64>, Vec<bool>) = self.best.iter().copied().unzip();
        let here = outcomes.iter().filter(|yes| **yes).count() as f64 / outcomes.len() as f64;
        // Without tickets of both kinds there is no curve.
        let Platt { a, b } = fit_platt(&scores, &outcomes).ok().filter(|curve| curve.a > 0.0)?;
        let odds = |share: f64| (share / (1.0 - share)).ln();
        let there = answered.filter(|share| *share > 0.0 && *share < 1.0).unwrap_or(here);
        let offset = b + odds(there) - odds(here);
        (here > 0.0 && here < 1.0).then_some(AnswerCurve { slope: a as f32, offset: offset as f32 })
    }
}

/// Articles by their best passage's cosine, the best first.
fn ranked(ticket: &[f32], passages: &[Vec<f32>], article_of: &[usize]) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::new();
    for (passage, &article) in passages.iter().zip(article_of) {
        let cosine = passage.iter().zip(ticket).map(|(a, b)| a * b).sum::<f32>();
        match best.last_mut().filter(|(last, _)| *last == article) {
            Some((_, highest)) => *highest = highest.max(cosine),
            None => best.push((article, cosine)),
        }
    }
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best
}

#[cfg(test)]
mod tests;
