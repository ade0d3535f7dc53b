//! How sure is sure enough: from a wanted precision to a threshold.

use serde::Serialize;

use crate::learn::metrics::{Z_ONE_SIDED_95, wilson_interval};

/// A threshold and what it held on the rows from which it was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// Confidence from which on a prediction is accepted, 0..=1.
    pub value: f32,
    /// Share of the accepted rows that were right.
    pub precision: f64,
    /// With 95 % certainty the precision is at least this (one-sided Wilson bound).
    pub lower_bound: f64,
    /// Share of all rows that are accepted.
    pub coverage: f64,
}

/// The lowest threshold at which the precision of the accepted rows is, with 95 % certainty, at
/// least `wanted` (0..=1); `None` where no threshold gives that. `confidences` pairs each row's
/// confidence with whether its prediction was right; a row whose confidence is not a number is
/// never accepted.
///
/// The bound is Wilson's, one-sided, since only too low a precision does harm. It asks for rows:
/// if all are right, 25 accepted rows are needed to promise .90, and 52 to promise .95.
/// It is the bound of one threshold; that the best of many was picked on the same rows makes it a
/// little too hopeful, so the figures to be believed are those on rows it was not chosen on.
#[must_use]
pub fn threshold_for_precision(confidences: &[(f32, bool)], wanted: f64) -> Option<Threshold> {
    let mut sorted: Vec<(f32, bool)> =
        confidences.iter().copied().filter(|(confidence, _)| confidence.is_finite()).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut accepted, mut right) = (0, 0);
    let mut lowest = None;
    // Rows of equal confidence are accepted or refused together.
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        accepted += tied.len() as u64;
        right += tied.iter().filter(|(_, is_right)| *is_right).count() as u64;
        let lower_bound = wilson_interval(right, accepted, Z_ONE_SIDED_95).low;
        if lower_bound >= wanted {
            lowest = tied.first().map(|&(value, _)| Threshold {
                value,
                precision: right as f64 / accepted as f64,
                lower_bound,
                coverage: accepted as f64 / confidences.len() as f64,
            });
        }
    }
    lowest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lowest_threshold_that_holds_is_chosen() {
        // 40 right at .9, 10 right at .7, 10 of which half are right at .5.
        let mut rows = vec![(0.9, true); 40];
        rows.extend([(0.7, true); 10]);
        rows.extend((0..10).map(|n| (0.5, n % 2 == 0)));
        let threshold = threshold_for_precision(&rows, 0.9).unwrap();
        assert_eq!(threshold.value, 0.7);
        assert_eq!(threshold.precision, 1.0);
        assert!((threshold.coverage - 50.0 / 60.0).abs() < 1e-12);
        assert!((threshold.lower_bound - 50.0 / (50.0 + 1.644_853_627_f64.powi(2))).abs() < 1e-9);
    }

    #[test]
    fn few_rows_promise_little_even_if_all_are_right() {
        assert_eq!(threshold_for_precision(&[(0.99, true); 24], 0.9), None);
        assert!(threshold_for_precision(&[(0.99, true); 25], 0.9).is_some());
        assert_eq!(threshold_for_precision(&[(0.99, true); 51], 0.95), None);
        assert!(threshold_for_precision(&[(0.99, true); 52], 0.95).is_some());
    }

    #[test]
    fn a_model_that_is_never_right_gets_no_threshold() {
        assert_eq!(threshold_for_precision(&[(0.99, false); 100], 0.5), None);
        assert_eq!(threshold_for_precision(&[], 0.5), None);
    }

    #[test]
    fn a_confidence_that_is_no_number_is_never_accepted() {
        let mut rows = vec![(0.9, true); 30];
        rows.push((f32::NAN, true));
        let threshold = threshold_for_precision(&rows, 0.5).unwrap();
        assert!((threshold.coverage - 30.0 / 31.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn who_wants_more_precision_never_gets_a_lower_threshold(
            rows in proptest::collection::vec((0.0_f32..1.0, any::<bool>()), 0..120),
            less in 0.0_f64..1.0,
            more in 0.0_f64..1.0,
        ) {
            let (less, more) = (less.min(more), less.max(more));
            let strict = threshold_for_precision(&rows, more);
            if let Some(strict) = strict {
                let loose = threshold_for_precision(&rows, less).unwrap();
                prop_assert!(loose.value <= strict.value);
                prop_assert!(loose.coverage >= strict.coverage);
                prop_assert!(strict.lower_bound >= more && strict.precision >= strict.lower_bound);
            }
        }
    }
}
