//! From a model's raw outputs to confidences that mean what they say, and to thresholds.
//!
//! All of this must be fitted on rows that the model was not trained on.

mod platt;
mod recall;
mod temperature;
mod threshold;

pub use platt::{Platt, fit_platt};
pub use recall::recall_curve;
pub use temperature::{MAX_TEMPERATURE, MIN_TEMPERATURE, fit_temperature, softmax_at};
pub use threshold::{HeldOut, Threshold, class_thresholds, threshold_for_precision};

/// Input to which nothing can be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// There are no rows.
    #[error("no rows to calibrate on; hold some back from training")]
    NoRows,
    /// Two lists that belong together differ in length.
    #[error("{scores} rows of scores but {labels} labels; give one of each per row")]
    Lengths {
        /// Rows of scores.
        scores: usize,
        /// Labels.
        labels: usize,
    },
    /// A row has another number of logits than the first, or its label is no index into them.
    #[error("row {row}: the label or the number of logits does not fit the {classes} classes")]
    Shape {
        /// Row, from 0.
        row: usize,
        /// Number of classes, by the first row.
        classes: usize,
    },
    /// A score that is not finite.
    #[error("row {row}: a score is not a finite number; the model is broken")]
    NotFinite {
        /// Row, from 0.
        row: usize,
    },
    /// All outcomes are the same.
    #[error("all rows have the same outcome; calibrate on rows of both")]
    OneOutcome,
}
