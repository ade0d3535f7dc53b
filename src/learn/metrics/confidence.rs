//! Figures of confidences and scores: calibration, separation, and how sure a share itself is.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use super::{MetricError, ratio};

/// Draws of [`chance_ece`].
const DRAWS: usize = 999;

/// Bins of a reliability diagram: 15 of equal width, as in Guo et al. 2017.
pub const RELIABILITY_BINS: usize = 15;

/// 97.5 % quantile of the normal distribution: an interval that leaves out 2.5 % at either end.
pub const Z_TWO_SIDED_95: f64 = 1.959_963_984_540_054;
/// 95 % quantile of the normal distribution: "at least", with 95 % certainty.
pub const Z_ONE_SIDED_95: f64 = 1.644_853_626_951_472_2;

/// Confidence against what came true.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    /// Expected calibration error, 0..=1; `None` without rows.
    pub ece: Option<f64>,
    /// The [`RELIABILITY_BINS`] bins, from low to high confidence.
    pub bins: Vec<ReliabilityBin>,
}

/// The rows whose confidence lies in one bin, `lower < confidence <= upper`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower end, not included (but 0 belongs to the first bin).
    pub lower: f64,
    /// Upper end, included.
    pub upper: f64,
    /// Number of rows.
    pub rows: u64,
    /// Mean confidence of its rows; `None` where it is empty.
    pub confidence: Option<f64>,
    /// Share of its rows that were right; `None` where it is empty.
    pub accuracy: Option<f64>,
}

/// Expected calibration error with its bins, from pairs of confidence (0..=1) and whether the
/// prediction was right.
///
/// Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017:
/// Σ over bins of |bin| / rows · |accuracy(bin) − mean confidence(bin)|.
///
/// # Errors
/// A confidence that is not in 0..=1.
pub fn reliability(predictions: &[(f32, bool)]) -> Result<Reliability, MetricError> {
    let mut sums = [(0_u64, 0_u64, 0.0_f64); RELIABILITY_BINS];
    for (row, &(confidence, right)) in predictions.iter().enumerate() {
        let value = f64::from(confidence);
        if !(0.0..=1.0).contains(&value) {
            return Err(MetricError::BadScore { row, value });
        }
        let above = (value * RELIABILITY_BINS as f64).ceil() as usize;
        let bin = above.saturating_sub(1).min(RELIABILITY_BINS - 1);
        let (rows, hits, confidences) = &mut sums[bin];
        *rows += 1;
        *hits += u64::from(right);
        *confidences += value;
    }
    let total = predictions.len() as f64;
    let mut gap = 0.0;
    let mut bins = Vec::with_capacity(RELIABILITY_BINS);
    for (bin, &(rows, hits, confidences)) in sums.iter().enumerate() {
        gap += (hits as f64 - confidences).abs();
        bins.push(ReliabilityBin {
            lower: bin as f64 / RELIABILITY_BINS as f64,
            upper: (bin + 1) as f64 / RELIABILITY_BINS as f64,
            rows,
            confidence: (rows > 0).then(|| confidences / rows as f64),
            accuracy: ratio(hits, rows),
        });
    }
    Ok(Reliability { ece: (total > 0.0).then(|| gap / total), bins })
}

/// The calibration error that confidences show by chance alone where each is exactly right: the median of
/// [`reliability`] over 999 draws of what came true, the same draws each time. On few rows it is far from 0.
///
/// # Errors
/// As [`reliability`].
pub fn chance_ece(confidences: &[f32]) -> Result<Option<f64>, MetricError> {
    let mut random = StdRng::seed_from_u64(1);
    let mut drawn = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let rows: Vec<(f32, bool)> = confidences.iter().map(|p| (*p, random.random::<f32>() < *p)).collect();
        drawn.extend(reliability(&rows)?.ece);
    }
    drawn.sort_by(f64::total_cmp);
    Ok(drawn.get(drawn.len() / 2).copied())
}

/// Area under the ROC curve: the chance that a random positive row has a higher score than a random
/// negative one, ties counted half (Mann and Whitney 1947). 0..=1, .5 is chance; `None` unless
/// there are rows of both kinds.
///
/// # Errors
/// A score that is not finite.
pub fn auroc(rows: &[(f64, bool)]) -> Result<Option<f64>, MetricError> {
    if let Some(row) = rows.iter().position(|(score, _)| !score.is_finite()) {
        return Err(MetricError::BadScore { row, value: rows[row].0 });
    }
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives_below, mut positives, mut wins) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, is_positive)| *is_positive).count() as f64;
        let negative = tied.len() as f64 - positive;
        wins += positive * (negatives_below + negative / 2.0);
        negatives_below += negative;
        positives += positive;
    }
    let pairs = positives * negatives_below;
    Ok((pairs > 0.0).then(|| wins / pairs))
}

/// A range of a share, both ends in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Score interval of a share of `right` among `rows`; stays honest with few rows and near 0 and 1.
/// `z` is the normal quantile, such as [`Z_TWO_SIDED_95`]. 0..=1 where there are no rows; `right`
/// above `rows` counts as `rows`.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22 (1927).
#[must_use]
pub fn wilson_interval(right: u64, rows: u64, z: f64) -> Interval {
    let Some(share) = ratio(right.min(rows), rows) else {
        return Interval { low: 0.0, high: 1.0 };
    };
    let n = rows as f64;
    let z2 = z * z;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let reach = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    Interval { low: (centre - reach).clamp(0.0, 1.0), high: (centre + reach).clamp(0.0, 1.0) }
}
