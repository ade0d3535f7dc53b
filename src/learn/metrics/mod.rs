//! Figures: how good the answers are.
//!
//! Classes are indices `0..classes`. A figure that the data does not define (the precision of a
//! class that was never predicted, the AUROC of rows that all came out the same) is `None`, never
//! an invented number.

mod confidence;
mod confusion;
mod retrieval;
#[cfg(test)]
mod tests;

pub use confidence::{
    Interval, RELIABILITY_BINS, Reliability, ReliabilityBin, Z_ONE_SIDED_95, Z_TWO_SIDED_95, auroc,
    chance_ece, reliability, wilson_interval,
};
pub use confusion::{ClassScores, Confusion};
pub use retrieval::{RankedHits, mean_ndcg, mean_recall, mean_reciprocal_rank};

/// Input from which no figure can be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// Two lists that belong together differ in length.
    #[error("{truths} true labels but {predictions} predictions; give one of each per row")]
    Lengths {
        /// Length of the list of true labels.
        truths: usize,
        /// Length of the list of predictions.
        predictions: usize,
    },
    /// A class index that does not exist.
    #[error("row {row}: class {class} is not among the {classes} classes")]
    UnknownClass {
        /// Row, from 0.
        row: usize,
        /// The index found.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A confidence outside 0..=1, or a score that is not a number.
    #[error("row {row}: {value} is not a usable score")]
    BadScore {
        /// Row, from 0.
        row: usize,
        /// The value found.
        value: f64,
    },
}

/// Mean, `None` of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Quotient, `None` by zero.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
