//! Single rows that a person should look at, named by id and line, without their text.

use serde::Serialize;

use super::task::Prediction;

/// From this confidence on a prediction contradicts a label: of calibrated ones, nine in ten are right.
pub const SUSPECT_FROM: f32 = 0.9;
/// Most suspects that a report names.
pub const MAX_SUSPECTS: usize = 100;

/// Which row it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowName {
    /// Its own id, or `line-<n>`.
    pub id: String,
    /// Line of the file on which it begins, from 1.
    pub line: usize,
    /// Its subject, where subjects were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A row whose label the model contradicts with high confidence: the label may be wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suspect {
    /// The row.
    #[serde(flatten)]
    pub row: RowName,
    /// The label that it has.
    pub label: String,
    /// What the model predicts.
    pub predicted: String,
    /// How surely, [`SUSPECT_FROM`] or more.
    pub confidence: f32,
    /// What the model gives the label that the row has, 0..=1.
    pub label_confidence: f64,
}

/// A true P1 that was predicted as something less pressing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct P1Miss {
    /// The row.
    #[serde(flatten)]
    pub row: RowName,
    /// What the model predicts.
    pub predicted: String,
    /// How surely, 0..=1.
    pub confidence: f32,
    /// What the model gives P1, 0..=1.
    pub p1_confidence: f64,
}

/// The rows of a task as one looks for odd ones among them; all lists have one entry for each row.
#[derive(Debug, Clone, Copy)]
pub struct NamedRows<'a> {
    /// The labels of the task.
    pub labels: &'a [String],
    /// The rows.
    pub names: &'a [RowName],
    /// True class of each row.
    pub truths: &'a [usize],
    /// Probability of each class.
    pub distributions: &'a [Vec<f64>],
}

impl NamedRows<'_> {
    /// Label-noise suspects, the surest contradiction first.
    #[must_use]
    pub fn suspects(&self) -> Vec<Suspect> {
        let mut suspects: Vec<Suspect> = self
            .predicted()
            .filter(|(_, truth, p, _)| p.class != *truth && p.confidence >= SUSPECT_FROM)
            .map(|(row, truth, prediction, distribution)| Suspect {
                row: row.clone(),
                label: self.label(truth),
                predicted: self.label(prediction.class),
                confidence: prediction.confidence,
                label_confidence: distribution.get(truth).copied().unwrap_or(0.0),
            })
            .collect();
        suspects.sort_by(|a, b| {
            b.confidence.total_cmp(&a.confidence).then(a.label_confidence.total_cmp(&b.label_confidence))
        });
        suspects
    }

    /// The true P1 (class 0) that were not predicted, the least noticed first.
    #[must_use]
    pub fn p1_misses(&self) -> Vec<P1Miss> {
        let mut misses: Vec<P1Miss> = self
            .predicted()
            .filter(|(_, truth, prediction, _)| *truth == 0 && prediction.class != 0)
            .map(|(row, _, prediction, distribution)| P1Miss {
                row: row.clone(),
                predicted: self.label(prediction.class),
                confidence: prediction.confidence,
                p1_confidence: distribution.first().copied().unwrap_or(0.0),
            })
            .collect();
        misses.sort_by(|a, b| a.p1_confidence.total_cmp(&b.p1_confidence));
        misses
    }

    fn predicted(&self) -> impl Iterator<Item = (&RowName, usize, Prediction, &[f64])> {
        let rows = self.names.iter().zip(self.truths).zip(self.distributions);
        rows.filter_map(|((name, &truth), distribution)| {
            Some((name, truth, Prediction::most_likely(distribution)?, distribution.as_slice()))
        })
    }

    fn label(&self, class: usize) -> String {
        self.labels.get(class).cloned().unwrap_or_default()
    }
}
