//! The most pressing priority: how much probability of it is enough, so that few are missed.

use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use crate::config::{Level, Matrix, Priority};

/// What labelling every ticket P1 whose P(P1) reaches `from` would have found, on rows that the heads were
/// not fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct P1Point {
    /// P(P1), 0..1.
    pub from: f32,
    /// Share of the true P1 that reach it.
    pub recall: f32,
    /// With 95 % certainty at least this share of all P1 reaches it (one-sided Wilson bound).
    pub recall_at_least: f32,
    /// Share of P1 among the rows that reach it.
    pub precision: f32,
}

/// Why a site's floor for the recall of P1 is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoFloor {
    /// The bundle knows nothing of it.
    #[error(
        "triage.p1_recall_floor is set, but this bundle holds no recall of P1 to keep it by; train the bundle again on rows with impact and urgency"
    )]
    NotMeasured,
    /// The site means something else by P1.
    #[error(
        "triage.p1_recall_floor is set, but this site's matrix gives P1 to other combinations than the default one, by which the bundle's recall was measured; the floor is not applied"
    )]
    OtherMatrix,
}

impl Manifest {
    /// From which P(P1) on a ticket is P1, so that at least the share `floor` (0..1) of all P1 is found with
    /// 95 % certainty. Where no threshold promises so much, the lowest one measured, at which every P1 of
    /// the held-out rows was found.
    pub fn p1_from(&self, floor: f32, matrix: &Matrix) -> Result<P1Point, NoFloor> {
        let p1 = |matrix: &Matrix| {
            Level::ALL
                .map(|impact| Level::ALL.map(|urgency| matrix.priority(impact, urgency) == Priority::P1))
        };
        let last = self.p1.last().copied().ok_or(NoFloor::NotMeasured)?;
        if p1(matrix) != p1(&Matrix::default()) {
            return Err(NoFloor::OtherMatrix);
        }
        Ok(self.p1.iter().copied().find(|point| point.recall_at_least >= floor).unwrap_or(last))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::testing;

    fn manifest(p1: Vec<P1Point>) -> Manifest {
        let dir = tempfile::tempdir().unwrap();
        let bundle = testing::bundle(&dir.path().join("bundle"), 1, &[]);
        Manifest { p1, ..bundle.manifest().clone() }
    }

    fn points() -> Vec<P1Point> {
        let point = |from, recall_at_least| P1Point { from, recall: 1.0, recall_at_least, precision: 0.5 };
        vec![point(0.7, 0.6), point(0.3, 0.8), point(0.1, 0.95)]
    }

    #[test]
    fn the_highest_threshold_that_surely_finds_enough_is_taken_and_the_lowest_where_none_does() {
        let manifest = manifest(points());
        let from = |floor| manifest.p1_from(floor, &Matrix::default()).unwrap().from;
        assert_eq!([from(0.5), from(0.7), from(0.8), from(0.9), from(0.99)], [0.7, 0.3, 0.3, 0.1, 0.1]);
    }

    #[test]
    fn a_floor_is_kept_only_where_p1_means_what_was_measured() {
        let mut matrix = Matrix { low: [Priority::P2, Priority::P4, Priority::P4], ..Matrix::default() };
        assert!(manifest(points()).p1_from(0.9, &matrix).is_ok());
        matrix.medium[0] = Priority::P1;
        assert_eq!(manifest(points()).p1_from(0.9, &matrix), Err(NoFloor::OtherMatrix));
        assert_eq!(manifest(Vec::new()).p1_from(0.9, &Matrix::default()), Err(NoFloor::NotMeasured));
    }
}
