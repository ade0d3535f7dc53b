//! How well text that belongs to no label is told from text that does.

use serde::Serialize;

use crate::learn::metrics::{Interval, MetricError, Z_TWO_SIDED_95, auroc, wilson_interval};

/// What a head's scope makes of the rows of a task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScopeReport {
    /// Rows of the task, all of which belong to a label.
    pub rows: u64,
    /// Share of them that the head takes for text that belongs to none.
    pub turned_away: Option<f64>,
    /// Accuracy where no row is turned away.
    pub accuracy_without: Option<f64>,
    /// Accuracy where a row that is turned away counts as wrong.
    pub accuracy: Option<f64>,
    /// The rows that belong to no label, where a file of them was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideReport>,
}

/// What becomes of rows that belong to no label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OutsideReport {
    /// How many there are.
    pub rows: u64,
    /// Share of them that are turned away.
    pub recall: Option<f64>,
    /// Where that lies with 95 % certainty (Wilson).
    pub recall_interval: Interval,
    /// Probability that a row of the task has a higher score than one of these, whatever the limit.
    pub auroc: Option<f64>,
}

/// A row of a task under its head's scope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScopedRow {
    /// How surely it belongs to a label.
    pub score: f32,
    /// Whether that is enough.
    pub inside: bool,
    /// Whether its label was predicted.
    pub right: bool,
}

impl ScopeReport {
    /// From the rows of a task, and score and `inside` of rows that belong to no label.
    ///
    /// # Errors
    /// A score that is not a number.
    pub fn new(rows: &[ScopedRow], outside: Option<&[(f32, bool)]>) -> Result<Self, MetricError> {
        let count = rows.len() as u64;
        let of = |chosen: &dyn Fn(&ScopedRow) -> bool| rows.iter().filter(|row| chosen(row)).count() as u64;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let outside = outside.map(|outside| {
            let found = outside.iter().filter(|(_, inside)| !inside).count() as u64;
            let of_outside = outside.iter().map(|(score, _)| (f64::from(*score), false));
            let scores: Vec<(f64, bool)> =
                rows.iter().map(|row| (f64::from(row.score), true)).chain(of_outside).collect();
            Ok(OutsideReport {
                rows: outside.len() as u64,
                recall: share(found, outside.len() as u64),
                recall_interval: wilson_interval(found, outside.len() as u64, Z_TWO_SIDED_95),
                auroc: auroc(&scores)?,
            })
        });
        Ok(Self {
            rows: count,
            turned_away: share(of(&|row| !row.inside), count),
            accuracy_without: share(of(&|row| row.right), count),
            accuracy: share(of(&|row| row.right && row.inside), count),
            outside: outside.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_row_that_is_turned_away_counts_as_wrong() {
        let row = |score, right| ScopedRow { score, inside: score >= 0.0, right };
        let rows = [row(1.0, true), row(2.0, true), row(-1.0, true), row(-2.0, false)];
        let outside = [(-3.0, false), (-0.5, false), (1.5, true)];
        let report = ScopeReport::new(&rows, Some(&outside)).unwrap();
        assert_eq!((report.turned_away, report.accuracy_without), (Some(0.5), Some(0.75)));
        assert_eq!(report.accuracy, Some(0.5));
        let outside = report.outside.unwrap();
        assert!((outside.recall.unwrap() - 2.0 / 3.0).abs() < 1e-9);
        assert!((outside.auroc.unwrap() - 7.0 / 12.0).abs() < 1e-9, "{outside:?}");
    }
}
