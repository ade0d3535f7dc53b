//! How much of a class is found from which probability on.

use crate::learn::metrics::{Z_ONE_SIDED_95, wilson_interval};
use crate::model::P1Point;

/// Points of a curve at most.
const MOST_POINTS: u64 = 40;

/// Recall and precision of accepting every row from a probability on, in up to 40 steps of rising recall;
/// the last one finds all. `rows` pairs each row's probability of the class with whether it is of it. Empty
/// where no row is.
#[must_use]
pub fn recall_curve(rows: &[(f32, bool)]) -> Vec<P1Point> {
    let mut sorted: Vec<(f32, bool)> = rows.iter().copied().filter(|(p, _)| p.is_finite()).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = sorted.iter().filter(|(_, is)| *is).count() as u64;
    let (mut accepted, mut found, mut step) = (0, 0, 0);
    let mut curve = Vec::new();
    // Rows of equal probability are accepted or refused together.
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        accepted += tied.len() as u64;
        found += tied.iter().filter(|(_, is)| *is).count() as u64;
        let reached = found * MOST_POINTS.min(all) / all.max(1);
        if reached > step {
            step = reached;
            curve.push(P1Point {
                from: tied[0].0,
                recall: found as f32 / all as f32,
                recall_at_least: wilson_interval(found, all, Z_ONE_SIDED_95).low as f32,
                precision: found as f32 / accepted as f32,
            });
        }
    }
    curve
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_step_finds_more_and_the_last_finds_all() {
        let rows = [(0.9, true), (0.8, false), (0.7, true), (0.1, true), (0.05, false)];
        let curve = recall_curve(&rows);
        let told: Vec<(f32, f32, f32)> = curve.iter().map(|p| (p.from, p.recall, p.precision)).collect();
        assert_eq!(told, [(0.9, 1.0 / 3.0, 1.0), (0.7, 2.0 / 3.0, 2.0 / 3.0), (0.1, 1.0, 0.75)]);
        assert!(curve.iter().all(|point| point.recall_at_least < point.recall));
        assert!(recall_curve(&[(0.9, false)]).is_empty());
    }

    proptest! {
        #[test]
        fn recall_rises_where_the_threshold_falls(
            rows in proptest::collection::vec((0.0_f32..1.0, any::<bool>()), 0..300)
        ) {
            let curve = recall_curve(&rows);
            prop_assert!(curve.len() <= 40);
            for pair in curve.windows(2) {
                prop_assert!(pair[0].from > pair[1].from && pair[0].recall < pair[1].recall);
            }
            if rows.iter().any(|(_, is)| *is) {
                prop_assert!(curve.last().is_some_and(|last| last.recall == 1.0));
            }
        }
    }
}
