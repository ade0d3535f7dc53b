//! What thresholds make of predictions.

use serde::Serialize;

use super::task::{Prediction, TaskResults};
use crate::learn::metrics::{Interval, Z_ONE_SIDED_95, Z_TWO_SIDED_95, wilson_interval};
use crate::model::Thresholds;

/// Points of a coverage curve: one for each fiftieth of the rows.
const POINTS: usize = 50;

/// What the thresholds in force make of the predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decisions {
    /// Predictions that would be applied.
    pub auto: DecisionShare,
    /// Predictions that would be shown.
    pub suggest: DecisionShare,
    /// Predictions that would be kept back.
    pub abstain: DecisionShare,
}

/// The rows with one decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DecisionShare {
    /// Lowest confidence of this decision, for labels that have no threshold of their own.
    pub from_confidence: f32,
    /// Number of rows.
    pub rows: u64,
    /// Share of all rows; `None` without rows.
    pub share: Option<f64>,
    /// Share of its rows that are right (for abstain: that would have been); `None` without any.
    pub precision: Option<f64>,
    /// With 95 % certainty the precision is at least this (one-sided Wilson bound, as thresholds are
    /// chosen by); `None` without any.
    pub precision_at_least: Option<f64>,
}

/// If everything from one confidence on were decided automatically.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CoveragePoint {
    /// That confidence, 0..=1.
    pub from_confidence: f32,
    /// Rows that reach it.
    pub rows: u64,
    /// Their share of all rows.
    pub share: f64,
    /// Share of them that are right.
    pub precision: f64,
    /// Where the precision lies with 95 % certainty (Wilson).
    pub interval: Interval,
}

pub(super) fn decisions(results: &TaskResults<'_>, at: &Thresholds) -> Decisions {
    let rows = results.truths.len();
    let mut counts = [(0_u64, 0_u64); 3];
    for (&truth, prediction) in results.truths.iter().zip(results.predictions) {
        let label = results.labels.get(prediction.class).map_or("", String::as_str);
        let limits = at.limits(label, None);
        let decision = if prediction.confidence >= limits.auto {
            0
        } else if prediction.confidence >= limits.suggest {
            1
        } else {
            2
        };
        counts[decision].0 += 1;
        counts[decision].1 += u64::from(prediction.class == truth);
    }
    let share = |from_confidence: f32, (count, right): (u64, u64)| {
        let of = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        DecisionShare {
            from_confidence,
            rows: count,
            share: of(count, rows as u64),
            precision: of(right, count),
            precision_at_least: (count > 0).then(|| wilson_interval(right, count, Z_ONE_SIDED_95).low),
        }
    };
    Decisions {
        auto: share(at.auto, counts[0]),
        suggest: share(at.suggest.min(at.auto), counts[1]),
        abstain: share(0.0, counts[2]),
    }
}

/// Coverage against precision, from the surest rows to all of them; rows of equal confidence come
/// together. At most [`POINTS`] points, none without rows.
pub(super) fn coverage(truths: &[usize], predictions: &[Prediction]) -> Vec<CoveragePoint> {
    let mut rows: Vec<(f32, bool)> =
        truths.iter().zip(predictions).map(|(&truth, p)| (p.confidence, p.class == truth)).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = Vec::new();
    let (mut accepted, mut right, mut next) = (0_usize, 0_u64, 1);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        accepted += tied.len();
        right += tied.iter().filter(|(_, is_right)| *is_right).count() as u64;
        if accepted * POINTS < next * rows.len() {
            continue;
        }
        next = accepted * POINTS / rows.len() + 1;
        points.push(CoveragePoint {
            from_confidence: tied[0].0,
            rows: accepted as u64,
            share: accepted as f64 / rows.len() as f64,
            precision: right as f64 / accepted as f64,
            interval: wilson_interval(right, accepted as u64, Z_TWO_SIDED_95),
        });
    }
    points
}
