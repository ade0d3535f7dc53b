//! Figures of ranked results with binary relevance.
//!
//! Queries without a single relevant document define none of these figures and are left out of the
//! means; whoever reports a mean should say over how many queries it goes.

use std::collections::HashSet;
use std::hash::Hash;

use super::mean;

/// What one query brought: which ranks hit, and how many hits there could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedHits {
    /// For each rank from the first: is the document relevant?
    hits: Vec<bool>,
    /// Relevant documents in all, found or not.
    relevant: usize,
}

impl RankedHits {
    /// Compares ranked ids, best first, with the relevant ones. An id that comes again is no new
    /// hit, but keeps its rank.
    pub fn new<T: Eq + Hash>(ranked: &[T], relevant: &[T]) -> Self {
        let mut missing: HashSet<&T> = relevant.iter().collect();
        let relevant = missing.len();
        let hits = ranked.iter().map(|id| missing.remove(id)).collect();
        Self { hits, relevant }
    }

    /// 1 / rank of the first hit among the first `k`, 0 without one; `None` if nothing is relevant.
    #[must_use]
    pub fn reciprocal_rank(&self, k: usize) -> Option<f64> {
        let first = self.hits.iter().take(k).position(|&hit| hit);
        (self.relevant > 0).then(|| first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64))
    }

    /// Share of the relevant documents that are among the first `k`; `None` if nothing is relevant.
    #[must_use]
    pub fn recall(&self, k: usize) -> Option<f64> {
        let found = self.hits.iter().take(k).filter(|&&hit| hit).count();
        (self.relevant > 0).then(|| found as f64 / self.relevant as f64)
    }

    /// Discounted gain of the first `k` over that of the best possible order, 0..=1; `None` if
    /// nothing is relevant or `k` is 0.
    ///
    /// Source: K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
    /// ACM TOIS 20 (2002), with discount 1 / log2(rank + 1).
    #[must_use]
    pub fn ndcg(&self, k: usize) -> Option<f64> {
        let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
        let ideal: f64 = (0..self.relevant.min(k)).map(gain).sum();
        let ranked = self.hits.iter().take(k).enumerate();
        let got: f64 = ranked.filter(|(_, hit)| **hit).map(|(r, _)| gain(r)).sum();
        (ideal > 0.0).then(|| got / ideal)
    }
}

/// MRR@k: mean of [`RankedHits::reciprocal_rank`]; `None` if no query defines it.
#[must_use]
pub fn mean_reciprocal_rank(queries: &[RankedHits], k: usize) -> Option<f64> {
    mean(queries.iter().filter_map(|query| query.reciprocal_rank(k)))
}

/// Recall@k: mean of [`RankedHits::recall`]; `None` if no query defines it.
#[must_use]
pub fn mean_recall(queries: &[RankedHits], k: usize) -> Option<f64> {
    mean(queries.iter().filter_map(|query| query.recall(k)))
}

/// nDCG@k: mean of [`RankedHits::ndcg`]; `None` if no query defines it.
#[must_use]
pub fn mean_ndcg(queries: &[RankedHits], k: usize) -> Option<f64> {
    mean(queries.iter().filter_map(|query| query.ndcg(k)))
}
