//! The evaluation report: every figure of a model on labelled rows, with the baseline's beside it.
//!
//! As a structure it serialises to what `deskhand evaluate --format json` prints; it also renders
//! itself as text of at most 100 columns and as one HTML page that needs nothing else.

mod html;
mod lines;
mod task;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use super::metrics::{Confusion, MetricError};
pub use task::{
    ClassReport, DecisionShare, Decisions, Figures, Prediction, TaskReport, TaskResults, Thresholds,
};

/// The labels of a priority, the most pressing first.
pub const PRIORITIES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// What a model achieved on one labelled file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationReport {
    /// Which model.
    pub model: EvaluatedModel,
    /// On what: the name of the file.
    pub data: String,
    /// Rows evaluated.
    pub rows: usize,
    /// Rows of the file that could not be used.
    pub skipped: usize,
    /// Figures by task.
    pub tasks: BTreeMap<String, TaskReport>,
    /// Figures of the priority, where it follows from impact and urgency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<PriorityReport>,
    /// What a reader must know before trusting the figures, as whole sentences without ticket text.
    pub warnings: Vec<String>,
}

/// The model that was evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvaluatedModel {
    /// Name of its bundle.
    pub name: String,
    /// Version of its bundle.
    pub version: String,
    /// Version of its label sets.
    pub taxonomy: String,
}

/// Figures of the priority P1..P4.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriorityReport {
    /// Rows evaluated.
    pub rows: u64,
    /// The model's figures.
    #[serde(flatten)]
    pub figures: PriorityFigures,
    /// The baseline's figures on the same rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PriorityFigures>,
    /// Rows by true (outer) and predicted (inner) priority, P1 first.
    pub confusion: Vec<Vec<u64>>,
}

/// What says how good predicted priorities are; `None` where the rows do not define a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriorityFigures {
    /// Share of rows with the right priority.
    pub accuracy: Option<f64>,
    /// Mean F1 over the priorities.
    pub macro_f1: Option<f64>,
    /// Cohen's kappa with quadratic weights, since P1 for P4 is worse than P1 for P2.
    pub kappa: Option<f64>,
    /// Share of the true P1 that were found.
    pub p1_recall: Option<f64>,
    /// Share of the predicted P1 that are P1.
    pub p1_precision: Option<f64>,
}

impl PriorityReport {
    /// Figures from true and predicted priorities, 0 for P1 to 3 for P4, and the baseline's.
    ///
    /// # Errors
    /// Lists of different length, and an index above 3.
    pub fn new(
        truths: &[usize],
        predictions: &[usize],
        baseline: Option<&[usize]>,
    ) -> Result<Self, MetricError> {
        let confusion = Confusion::count(truths, predictions, PRIORITIES.len())?;
        let of_baseline = baseline.map(|predicted| Confusion::count(truths, predicted, PRIORITIES.len()));
        Ok(Self {
            rows: confusion.total(),
            figures: PriorityFigures::of(&confusion),
            baseline: of_baseline.transpose()?.as_ref().map(PriorityFigures::of),
            confusion: matrix(&confusion),
        })
    }
}

impl PriorityFigures {
    fn of(confusion: &Confusion) -> Self {
        let p1 = confusion.class(0);
        Self {
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            kappa: confusion.quadratic_kappa(),
            p1_recall: p1.recall,
            p1_precision: p1.precision,
        }
    }
}

impl EvaluationReport {
    /// The report as indented JSON.
    ///
    /// # Errors
    /// None that its content can cause; the serialiser's signature asks for it.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The report as tables in at most 100 columns.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as one HTML page with its own style and drawings and no script; all that comes
    /// from files is escaped.
    ///
    /// # Errors
    /// None that its content can cause; the template's signature asks for it.
    pub fn html(&self) -> Result<String, askama::Error> {
        html::render(self)
    }
}

/// The counts, true class by true class.
fn matrix(confusion: &Confusion) -> Vec<Vec<u64>> {
    let classes = 0..confusion.classes();
    let row = |truth| classes.clone().map(move |guess| confusion.at(truth, guess));
    classes.clone().map(|truth| row(truth).collect()).collect()
}
