//! Fitting what a head knows of the texts that its labels are for, without any text that they are not for.

use super::fit::Features;
use crate::model::{Means, Scope, Signs, Spread};

/// Held-out rows without which nothing is fitted: a new row falls below the lowest of so many once in a
/// hundred times.
const LEAST_ROWS: usize = 100;
/// One in so many rows may be turned away although its label would have been right.
const LOST: usize = 400;

/// A row that the head was not fitted on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) signs: Signs,
    /// Whether the likeliest label is its label.
    pub(super) right: bool,
}

/// The mean embeddings of a task's labels over these rows of text and label.
pub(super) fn means(
    features: &Features,
    embedding: usize,
    labels: usize,
    rows: impl Iterator<Item = (usize, usize)>,
) -> Means {
    let embeddings = rows.map(|(text, label)| {
        let row = features.row(text);
        (label, &row[row.len().saturating_sub(embedding)..])
    });
    Means::of(labels, embedding, embeddings)
}

/// The scope of a head: signs are standardised by all held-out rows, and of every 400 of these at most one
/// that was labelled rightly lies below the limit. `None` where there are too few rows to tell.
pub(super) fn fit_scope(means: Means, seen: &[Seen]) -> Option<Scope> {
    if seen.len() < LEAST_ROWS {
        return None;
    }
    let cosine = spread(seen.iter().map(|row| row.signs.cosine));
    let energy = spread(seen.iter().map(|row| row.signs.energy));
    let mut scope = Scope { means, cosine, energy, from: f32::MIN };
    let mut right: Vec<f32> = seen.iter().filter(|row| row.right).map(|row| scope.score(row.signs)).collect();
    right.sort_by(f32::total_cmp);
    scope.from = *right.get(seen.len() / LOST)?;
    Some(scope)
}

fn spread(values: impl Iterator<Item = f32> + Clone) -> Spread {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().map(f64::from).sum::<f64>() / count;
    let variance = values.map(|x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    Spread { mean: mean as f32, deviation: variance.sqrt().max(1e-6) as f32 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn seen(count: usize) -> Vec<Seen> {
        let signs = |n: usize| Signs { cosine: n as f32 / 1_000.0, energy: n as f32 };
        // The lowest is wrong: it may be turned away without loss.
        (0..count).map(|n| Seen { signs: signs(n), right: n > 0 }).collect()
    }

    fn means() -> Means {
        Means::of(1, 1, std::iter::empty())
    }

    #[test]
    fn one_right_row_in_four_hundred_is_given_up() {
        let rows = seen(800);
        let scope = fit_scope(means(), &rows).unwrap();
        let turned_away = |right| {
            rows.iter().filter(|row| row.right == right && scope.score(row.signs) < scope.from).count()
        };
        assert_eq!((turned_away(true), turned_away(false)), (2, 1));
        let mean: f32 = rows.iter().map(|row| scope.score(row.signs)).sum::<f32>() / 800.0;
        assert!(mean.abs() < 1e-3, "{mean}");
    }

    #[test]
    fn too_few_rows_tell_nothing() {
        assert_eq!(fit_scope(means(), &seen(99)), None);
        assert!(fit_scope(means(), &seen(100)).is_some());
    }
}
