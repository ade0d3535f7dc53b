//! Figures of one task.

use serde::Serialize;

use super::matrix;
use crate::learn::metrics::{
    Confusion, Interval, MetricError, Reliability, ReliabilityBin, Z_ONE_SIDED_95, Z_TWO_SIDED_95,
    reliability, wilson_interval,
};

/// What was predicted for one row: the first class and its confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Index of the class.
    pub class: usize,
    /// Calibrated confidence, 0..=1.
    pub confidence: f32,
}

impl Prediction {
    /// The most likely class (of equals the first); `None` without classes.
    #[must_use]
    pub fn most_likely(probabilities: &[f64]) -> Option<Self> {
        let first = probabilities.iter().copied().enumerate();
        first
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(class, confidence)| Self { class, confidence: confidence as f32 })
    }
}

/// From which confidence on a prediction is applied (`auto`) or shown (`suggest`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// At or above it: auto, 0..=1.
    pub auto: f32,
    /// At or above it, but below `auto`: suggest, 0..=1. Below it: abstain.
    pub suggest: f32,
}

/// All that the figures of a task are computed from. Classes are indices into `labels`.
#[derive(Debug, Clone, Copy)]
pub struct TaskResults<'a> {
    /// The labels of the task.
    pub labels: &'a [String],
    /// Whether the labels stand in a natural order, as high, medium, low do.
    pub ordered: bool,
    /// True class of each row.
    pub truths: &'a [usize],
    /// Prediction for each row.
    pub predictions: &'a [Prediction],
    /// The baseline's prediction for each row.
    pub baseline: Option<&'a [Prediction]>,
    /// The thresholds in force.
    pub thresholds: Option<Thresholds>,
}

/// Figures of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskReport {
    /// Rows evaluated.
    pub rows: u64,
    /// The model's figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Where the accuracy lies with 95 % certainty (Wilson).
    pub accuracy_interval: Interval,
    /// The baseline's figures on the same rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Figures>,
    /// What the thresholds make of the predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Decisions>,
    /// Figures by class, in the order of the labels.
    pub classes: Vec<ClassReport>,
    /// Rows by true (outer) and predicted (inner) class, in the order of `classes`.
    pub confusion: Vec<Vec<u64>>,
    /// Confidence against what came true.
    pub reliability: Vec<ReliabilityBin>,
}

/// A task's figures as a whole; `None` where the rows do not define a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Share of rows predicted right.
    pub accuracy: Option<f64>,
    /// Unweighted mean of F1 over the classes.
    pub macro_f1: Option<f64>,
    /// Cohen's kappa with quadratic weights, for labels in a natural order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa: Option<f64>,
    /// Expected calibration error.
    pub ece: Option<f64>,
}

/// Figures of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassReport {
    /// The label.
    pub label: String,
    /// Rows of this class.
    pub support: u64,
    /// Share of the rows predicted as this class that are.
    pub precision: Option<f64>,
    /// Share of the rows of this class that were found.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
    /// The baseline's F1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_f1: Option<f64>,
}

/// What the thresholds make of the predictions.
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
    /// Lowest confidence of this decision.
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

impl TaskReport {
    /// Computes all figures.
    ///
    /// # Errors
    /// Lists of different length, an index that is no label, a confidence outside 0..=1.
    pub fn new(results: &TaskResults<'_>) -> Result<Self, MetricError> {
        let (confusion, calibration) = judge(results, results.predictions)?;
        let baseline = results.baseline.map(|predictions| judge(results, predictions)).transpose()?;
        let class_report = |(class, label): (usize, &String)| {
            let scores = confusion.class(class);
            ClassReport {
                label: label.clone(),
                support: scores.support,
                precision: scores.precision,
                recall: scores.recall,
                f1: scores.f1,
                baseline_f1: baseline.as_ref().and_then(|(c, _)| c.class(class).f1),
            }
        };
        let figures = |confusion: &Confusion, calibration: &Reliability| Figures {
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            kappa: confusion.quadratic_kappa().filter(|_| results.ordered),
            ece: calibration.ece,
        };
        let labels = results.labels.iter().enumerate();
        Ok(Self {
            rows: confusion.total(),
            figures: figures(&confusion, &calibration),
            accuracy_interval: wilson_interval(confusion.right(), confusion.total(), Z_TWO_SIDED_95),
            baseline: baseline.as_ref().map(|(c, r)| figures(c, r)),
            decisions: results.thresholds.map(|at| decisions(results, at)),
            classes: labels.map(class_report).collect(),
            confusion: matrix(&confusion),
            reliability: calibration.bins,
        })
    }
}

fn judge(
    results: &TaskResults<'_>,
    predictions: &[Prediction],
) -> Result<(Confusion, Reliability), MetricError> {
    let classes: Vec<usize> = predictions.iter().map(|p| p.class).collect();
    let confusion = Confusion::count(results.truths, &classes, results.labels.len())?;
    let calibration = reliability(&outcomes(results.truths, predictions))?;
    Ok((confusion, calibration))
}

/// Pairs of confidence and whether the prediction was right.
fn outcomes(truths: &[usize], predictions: &[Prediction]) -> Vec<(f32, bool)> {
    let rows = truths.iter().zip(predictions);
    rows.map(|(&truth, p)| (p.confidence, p.class == truth)).collect()
}

fn decisions(results: &TaskResults<'_>, at: Thresholds) -> Decisions {
    let rows = outcomes(results.truths, results.predictions);
    let share = |from_confidence: f32, below: f32| {
        let inside = |&&(confidence, _): &&(f32, bool)| confidence >= from_confidence && confidence < below;
        let chosen: Vec<_> = rows.iter().filter(inside).collect();
        let count = chosen.len() as u64;
        let right = chosen.iter().filter(|(_, is_right)| *is_right).count() as u64;
        let of = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        DecisionShare {
            from_confidence,
            rows: count,
            share: of(count, rows.len() as u64),
            precision: of(right, count),
            precision_at_least: (count > 0).then(|| wilson_interval(right, count, Z_ONE_SIDED_95).low),
        }
    };
    let suggest = at.suggest.min(at.auto);
    Decisions {
        auto: share(at.auto, f32::INFINITY),
        suggest: share(suggest, at.auto),
        abstain: share(0.0, suggest),
    }
}
