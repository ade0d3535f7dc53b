//! Figures of the priority.

use serde::Serialize;

use super::rows::P1Miss;
use super::task::TaskReport;

/// Figures of the priority P1..P4, as of any task, with what was missed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriorityReport {
    /// The figures; those of P1 are among them.
    #[serde(flatten)]
    pub report: TaskReport,
    /// Every true P1 that was predicted as something else, the least noticed first.
    pub p1_misses: Vec<P1Miss>,
}
