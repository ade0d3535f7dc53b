//! Figures of one task.

use serde::Serialize;

use super::PRIORITIES;
use super::decisions::{CoveragePoint, Decisions, coverage, decisions};
use super::rows::{MAX_SUSPECTS, Suspect};
use crate::learn::metrics::{
    Confusion, Interval, MetricError, Reliability, ReliabilityBin, Z_TWO_SIDED_95, reliability,
    wilson_interval,
};
use crate::model::Thresholds;

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
    pub thresholds: Option<&'a Thresholds>,
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
    /// Share of rows against precision, by the confidence from which on they would be decided.
    pub coverage: Vec<CoveragePoint>,
    /// Figures by class, in the order of the labels.
    pub classes: Vec<ClassReport>,
    /// Rows by true (outer) and predicted (inner) class, in the order of `classes`.
    pub confusion: Vec<Vec<u64>>,
    /// Confidence against what came true.
    pub reliability: Vec<ReliabilityBin>,
    /// Rows whose label the model contradicts with high confidence.
    pub suspect_rows: usize,
    /// The first of them, the surest contradiction first.
    pub suspects: Vec<Suspect>,
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
    /// Of a priority, figures of P1.
    #[serde(flatten)]
    pub p1: Option<P1Figures>,
}

/// What P1 is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct P1Figures {
    /// Share of the true P1 that were found.
    pub p1_recall: Option<f64>,
    /// Share of the predicted P1 that are P1.
    pub p1_precision: Option<f64>,
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
    /// From which confidence on a prediction of this class is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_from: Option<f32>,
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
                auto_from: results.thresholds.map(|at| at.limits(label, None).auto),
            }
        };
        let figures = |confusion: &Confusion, calibration: &Reliability| Figures {
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            kappa: confusion.quadratic_kappa().filter(|_| results.ordered),
            ece: calibration.ece,
            p1: (results.labels == PRIORITIES).then(|| {
                let p1 = confusion.class(0);
                P1Figures { p1_recall: p1.recall, p1_precision: p1.precision }
            }),
        };
        let labels = results.labels.iter().enumerate();
        Ok(Self {
            rows: confusion.total(),
            figures: figures(&confusion, &calibration),
            accuracy_interval: wilson_interval(confusion.right(), confusion.total(), Z_TWO_SIDED_95),
            baseline: baseline.as_ref().map(|(c, r)| figures(c, r)),
            decisions: results.thresholds.map(|at| decisions(results, at)),
            coverage: coverage(results.truths, results.predictions),
            classes: labels.map(class_report).collect(),
            confusion: matrix(&confusion),
            reliability: calibration.bins,
            suspect_rows: 0,
            suspects: Vec::new(),
        })
    }

    /// The same with the rows that look wrongly labelled, of which the first are kept.
    #[must_use]
    pub fn with_suspects(mut self, mut suspects: Vec<Suspect>) -> Self {
        self.suspect_rows = suspects.len();
        suspects.truncate(MAX_SUSPECTS);
        Self { suspects, ..self }
    }
}

/// The counts, true class by true class.
fn matrix(confusion: &Confusion) -> Vec<Vec<u64>> {
    let classes = 0..confusion.classes();
    let row = |truth| classes.clone().map(move |guess| confusion.at(truth, guess));
    classes.clone().map(|truth| row(truth).collect()).collect()
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
