//! How sure is sure enough: from a wanted precision to a threshold.

use std::collections::BTreeMap;

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

/// A held-out prediction: what was predicted, how surely, and whether it was right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Index of the predicted class.
    pub class: usize,
    /// Its confidence, 0..=1.
    pub confidence: f32,
    /// Whether the row is of that class.
    pub right: bool,
}

/// Thresholds of their own for the classes that need them, by class; the others share `shared`, the
/// threshold that holds `wanted` (0..=1) over all rows.
///
/// A class leaves the shared threshold only where its own rows prove, with 95 % certainty (Wilson,
/// one-sided), that it should: downwards, to [`threshold_for_precision`] of its rows alone; upwards
/// where the precision of its rows at the shared threshold is proved to be less than wanted, to the
/// lowest threshold at which the share of right ones is at least `wanted`, or to 1 where there is none.
///
/// Of the rules tried on cross-validated predictions (tickets-train.jsonl of the default recipe, 25 to 60
/// random splits) this one gained a little coverage at the same precision on fresh rows. Giving each
/// class its own bound wherever it has one loses up to a tenth of the coverage, since every class pays
/// for its own uncertainty; shrinking each class's precision towards the head's, and choosing all
/// thresholds together for the most coverage, promise more than fresh rows keep. Confidences are
/// calibrated, so that one threshold for all is close to the best there is.
#[must_use]
pub fn class_thresholds(rows: &[HeldOut], shared: f32, wanted: f64) -> BTreeMap<usize, f32> {
    let mut by_class: BTreeMap<usize, Vec<(f32, bool)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.confidence.is_finite()) {
        by_class.entry(row.class).or_default().push((row.confidence, row.right));
    }
    by_class
        .into_iter()
        .filter_map(|(class, rows)| Some((class, own_threshold(rows, shared, wanted)?)))
        .collect()
}

/// `None` where the shared threshold stays.
fn own_threshold(mut rows: Vec<(f32, bool)>, shared: f32, wanted: f64) -> Option<f32> {
    let accepted = || rows.iter().filter(|(confidence, _)| *confidence >= shared);
    let (count, right) = (accepted().count() as u64, accepted().filter(|(_, right)| *right).count() as u64);
    if wilson_interval(right, count, Z_ONE_SIDED_95).high >= wanted {
        return threshold_for_precision(&rows, wanted).map(|own| own.value).filter(|own| *own < shared);
    }
    rows.retain(|(confidence, _)| *confidence >= shared);
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut accepted, mut right) = (0, 0);
    let mut lowest = 1.0;
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        accepted += tied.len();
        right += tied.iter().filter(|(_, is_right)| *is_right).count();
        if right as f64 >= wanted * accepted as f64 {
            lowest = tied.first().map_or(lowest, |&(value, _)| value);
        }
    }
    Some(lowest)
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

    fn held_out(class: usize, confidence: f32, right: usize, wrong: usize) -> Vec<HeldOut> {
        let row = |right| HeldOut { class, confidence, right };
        [vec![row(true); right], vec![row(false); wrong]].concat()
    }

    #[test]
    fn a_class_with_few_rows_shares_the_threshold() {
        let rows = [held_out(0, 0.8, 9, 0), held_out(1, 0.95, 2, 1)].concat();
        assert!(class_thresholds(&rows, 0.9, 0.9).is_empty());
    }

    #[test]
    fn a_class_whose_own_rows_prove_it_is_automatic_earlier() {
        let rows = [held_out(0, 0.8, 30, 0), held_out(0, 0.6, 5, 25)].concat();
        assert_eq!(class_thresholds(&rows, 0.9, 0.9), [(0, 0.8)].into());
    }

    #[test]
    fn a_class_that_is_proved_to_fall_behind_is_automatic_later_or_never() {
        let rows = [held_out(0, 0.99, 10, 0), held_out(0, 0.92, 10, 10)].concat();
        assert_eq!(class_thresholds(&rows, 0.9, 0.9), [(0, 0.99)].into());
        assert_eq!(class_thresholds(&held_out(3, 0.92, 10, 10), 0.9, 0.9), [(3, 1.0)].into());
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
