//! The evaluation report: every figure of a model on labelled rows, with the baseline's beside it.
//!
//! As a structure it serialises to what `deskhand evaluate --format json` prints; it also renders
//! itself as text of at most 100 columns and as one HTML page that needs nothing else.

mod decisions;
mod groups;
mod html;
mod lines;
mod priority;
mod rows;
mod scope;
pub(super) mod table;
mod task;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

pub use decisions::{CoveragePoint, DecisionShare, Decisions};
pub use groups::{Group, GroupReport, KeyFigures};
pub use priority::{P1FloorReport, PriorityReport};
pub use rows::{MAX_SUSPECTS, NamedRows, P1Miss, RowName, SUSPECT_FROM, Suspect};
pub use scope::{OutsideReport, ScopeReport, ScopedRow};
pub use task::{ClassReport, Figures, P1Figures, Prediction, TaskReport, TaskResults};

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
    /// The first of them, and why.
    pub skipped_rows: Vec<SkippedRow>,
    /// Key figures of the parts that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupReport>,
    /// Figures by task.
    pub tasks: BTreeMap<String, TaskReport>,
    /// Figures of the priority, where it follows from impact and urgency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<PriorityReport>,
    /// By task, how well text that belongs to no label is told apart, where the head can tell.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scope: BTreeMap<String, ScopeReport>,
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

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedRow {
    /// Line of the file on which it begins, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
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
