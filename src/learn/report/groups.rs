//! Key figures of a part of the rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::decisions::DecisionShare;
use super::task::{Figures, TaskReport};

/// A part of the rows, by the beginnings of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How the report calls it.
    pub name: String,
    /// A row whose id begins with one of these belongs to it.
    pub prefixes: Vec<String>,
}

/// What a model achieved on a part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReport {
    /// Name of the group.
    pub name: String,
    /// How the ids of its rows begin.
    pub prefixes: Vec<String>,
    /// Its rows.
    pub rows: usize,
    /// Key figures by task; the priority is one of them where it can be judged.
    pub tasks: BTreeMap<String, KeyFigures>,
}

/// What says most about a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyFigures {
    /// Rows evaluated.
    pub rows: u64,
    /// The model's figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// The baseline's figures on the same rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Figures>,
    /// What would be decided automatically.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<DecisionShare>,
}

impl Group {
    /// Whether a row with this id belongs to it.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.prefixes.iter().any(|prefix| id.starts_with(prefix.as_str()))
    }
}

impl From<&TaskReport> for KeyFigures {
    fn from(report: &TaskReport) -> Self {
        Self {
            rows: report.rows,
            figures: report.figures,
            baseline: report.baseline,
            auto: report.decisions.map(|decisions| decisions.auto),
        }
    }
}
