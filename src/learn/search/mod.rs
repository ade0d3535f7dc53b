//! Learning to search: tickets and the articles that answered them in, projections of the embedding out.
//!
//! The encoder stays as it is. One square matrix is fitted that turns embeddings so that a ticket lies near
//! the passages that answer it and far from others.
//! A fifth of the tickets is held out, those about the same article together; where the projection does not
//! find their articles better than the plain embedding does, it is refused. Where there are many bases with
//! tickets that nothing answers, two more matrices are fitted that tell whether anything does.

mod answers;
mod fit;

use sha2::{Digest, Sha256};

pub use answers::LearntAnswers;

use super::metrics::{RankedHits, mean_ndcg};
use crate::model::Projection;

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
    /// Tickets that an article answers.
    pub tickets: Vec<Asked>,
    /// Plain embeddings of tickets that none answers.
    pub gaps: Vec<Vec<f32>>,
}

impl Base {
    /// Places of the passages of these articles, rising.
    fn passages_of(&self, articles: &[usize]) -> Vec<usize> {
        let of_article = |&article: &usize| {
            let first = self.article_of.partition_point(|&other| other < article);
            first..self.article_of.partition_point(|&other| other <= article)
        };
        let mut places: Vec<usize> = articles.iter().flat_map(of_article).collect();
        places.sort_unstable();
        places
    }
}

/// A ticket whose answer is known.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its plain embedding.
    pub embedding: Vec<f32>,
    /// The articles that answer it, one at least.
    pub answers: Vec<usize>,
    /// Tickets with the same key are held out together: the article's id.
    pub key: String,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// The projection, fitted on all tickets.
    pub projection: Projection,
    /// Tickets that it was fitted on.
    pub tickets: usize,
    /// nDCG@10 of embeddings alone on the held-out tickets, plain.
    pub before: f64,
    /// The same with a projection that was fitted on the others.
    pub after: f64,
    /// What tells whether anything answers; `None` where that could not be learnt.
    pub answers: Option<LearntAnswers>,
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
}

/// Fits the projections for embeddings of `size` numbers. `progress` hears steps done and in all.
///
/// # Errors
/// [`SearchLearnError`]; then the plain embedding is the better choice.
pub fn learn(
    bases: &[Base],
    size: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Learnt, SearchLearnError> {
    let count = |bases: &[Base]| bases.iter().map(|base| base.tickets.len()).sum::<usize>();
    let (learnt, held_out): (Vec<Base>, Vec<Base>) = bases.iter().map(split).unzip();
    let (tickets, apart) = (count(bases), count(&held_out));
    if tickets < FEWEST || apart == 0 || apart == tickets {
        return Err(SearchLearnError::TooFew { found: tickets });
    }
    let steps = 2 * fit::STEPS + answers::steps(bases);
    let trial = fit::fit(&learnt, size, &mut |done| progress(done, steps))?;
    let before = ndcg(&held_out, size, None);
    let after = ndcg(&held_out, size, Some(&trial));
    if after <= before {
        return Err(SearchLearnError::NoBetter { held_out: apart, before, after });
    }
    let projection = fit::fit(bases, size, &mut |done| progress(fit::STEPS + done, steps))?;
    let mut done = 2 * fit::STEPS;
    let answers = answers::learn(bases, size, &mut || {
        done += 1;
        progress(done, steps);
    })?;
    Ok(Learnt { projection, tickets, before, after, answers })
}

/// A base with the tickets to learn from, and the same with those that are held out.
fn split(base: &Base) -> (Base, Base) {
    let (held_out, learnt) = base.tickets.iter().cloned().partition(|ticket| {
        Sha256::digest(ticket.key.as_bytes()).first().is_some_and(|byte| byte % HELD_OUT == 0)
    });
    let with = |tickets| Base { tickets, ..base.clone() };
    (with(learnt), with(held_out))
}

/// nDCG@10 of a search by embeddings alone.
fn ndcg(bases: &[Base], size: usize, projection: Option<&Projection>) -> f64 {
    let turned = |plain: &[f32]| projection.map_or_else(|| plain.to_vec(), |p| p.apply(plain));
    let mut hits = Vec::new();
    for base in bases {
        let passages: Vec<Vec<f32>> = base.passages.chunks_exact(size).map(turned).collect();
        for ticket in &base.tickets {
            let ranked = ranked(&turned(&ticket.embedding), &passages, &base.article_of);
            let ids: Vec<usize> = ranked.iter().take(10).map(|(article, _)| *article).collect();
            hits.push(RankedHits::new(&ids, &ticket.answers));
        }
    }
    mean_ndcg(&hits, 10).unwrap_or(0.0)
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
