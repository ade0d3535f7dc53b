//! Figures of the priority.

use serde::Serialize;

use super::rows::P1Miss;
use super::task::TaskReport;
use crate::learn::metrics::{Interval, Z_TWO_SIDED_95, wilson_interval};

/// Figures of the priority P1..P4, as of any task, with what was missed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriorityReport {
    /// The figures; those of P1 are among them.
    #[serde(flatten)]
    pub report: TaskReport,
    /// Every true P1 that was predicted as something else, the least noticed first.
    pub p1_misses: Vec<P1Miss>,
    /// What the site's floor for the recall of P1 makes of it, where one is set; all other figures here are
    /// those of the likeliest priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p1_floor: Option<P1FloorReport>,
}

/// P1 as triage labels them with a floor for their recall.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct P1FloorReport {
    /// The floor that is set, 0..1.
    pub floor: f32,
    /// From this P(P1) on a row is P1.
    pub from: f32,
    /// Rows that are P1 although another priority is likelier.
    pub raised: usize,
    /// Share of the true P1 that are labelled P1; none without any.
    pub recall: Option<f64>,
    /// Where that lies with 95 % certainty (Wilson).
    pub recall_interval: Interval,
    /// Share of P1 among the rows labelled so; none without any.
    pub precision: Option<f64>,
    /// Where that lies with 95 % certainty (Wilson).
    pub precision_interval: Interval,
}

impl P1FloorReport {
    /// `truths` and `distributions` are over P1 to P4, row by row.
    pub fn new(floor: f32, from: f32, truths: &[usize], distributions: &[Vec<f64>]) -> Self {
        let (mut found, mut labelled, mut raised) = (0, 0, 0);
        for (truth, distribution) in truths.iter().zip(distributions) {
            let p1 = distribution.first().copied().unwrap_or(0.0);
            let likeliest = distribution.iter().all(|p| *p <= p1);
            if likeliest || p1 as f32 >= from {
                labelled += 1;
                found += u64::from(*truth == 0);
                raised += usize::from(!likeliest);
            }
        }
        let all = truths.iter().filter(|truth| **truth == 0).count() as u64;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        Self {
            floor,
            from,
            raised,
            recall: share(found, all),
            recall_interval: wilson_interval(found, all, Z_TWO_SIDED_95),
            precision: share(found, labelled),
            precision_interval: wilson_interval(found, labelled, Z_TWO_SIDED_95),
        }
    }
}
