//! Figures of predicted classes: all of them follow from the confusion matrix.

use serde::Serialize;

use super::{MetricError, mean, ratio};

/// How often each true class was predicted as each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// Row by row: true class × predicted class.
    counts: Vec<u64>,
}

/// Figures of one class against all others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassScores {
    /// Of the rows predicted as this class, the share that are; `None` if none was predicted so.
    pub precision: Option<f64>,
    /// Of the rows of this class, the share that was found; `None` if there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of both, 2·TP / (2·TP + FP + FN); `None` if the class neither is nor was
    /// predicted.
    pub f1: Option<f64>,
    /// Rows of this class.
    pub support: u64,
    /// Rows predicted as this class.
    pub predicted: u64,
}

impl Confusion {
    /// Counts true and predicted classes, both indices below `classes`.
    ///
    /// # Errors
    /// Lists of different length, and an index that is no class.
    pub fn count(truths: &[usize], predictions: &[usize], classes: usize) -> Result<Self, MetricError> {
        if truths.len() != predictions.len() {
            return Err(MetricError::Lengths { truths: truths.len(), predictions: predictions.len() });
        }
        let mut counts = vec![0; classes * classes];
        for (row, (&truth, &predicted)) in truths.iter().zip(predictions).enumerate() {
            let class = truth.max(predicted);
            if class >= classes {
                return Err(MetricError::UnknownClass { row, class, classes });
            }
            counts[truth * classes + predicted] += 1;
        }
        Ok(Self { classes, counts })
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Rows of class `truth` predicted as `predicted`; 0 for a class that does not exist.
    #[must_use]
    pub fn at(&self, truth: usize, predicted: usize) -> u64 {
        if truth >= self.classes || predicted >= self.classes {
            return 0;
        }
        self.counts[truth * self.classes + predicted]
    }

    /// Number of rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Rows predicted right.
    #[must_use]
    pub fn right(&self) -> u64 {
        (0..self.classes).map(|class| self.at(class, class)).sum()
    }

    /// Share of rows predicted right, 0..=1; `None` without rows.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.right(), self.total())
    }

    /// Figures of one class.
    #[must_use]
    pub fn class(&self, class: usize) -> ClassScores {
        let right = self.at(class, class);
        let support = (0..self.classes).map(|other| self.at(class, other)).sum();
        let predicted = (0..self.classes).map(|other| self.at(other, class)).sum();
        ClassScores {
            precision: ratio(right, predicted),
            recall: ratio(right, support),
            f1: ratio(2 * right, support + predicted),
            support,
            predicted,
        }
    }

    /// Unweighted mean of F1 over the classes that are in the rows or were predicted, 0..=1, as
    /// scikit-learn's `f1_score(average="macro")` takes it; `None` without rows.
    #[must_use]
    pub fn macro_f1(&self) -> Option<f64> {
        mean((0..self.classes).filter_map(|class| self.class(class).f1))
    }

    /// Cohen's kappa with quadratic weights, for classes in their natural order: 1 is full
    /// agreement, 0 what chance would give, below 0 less than chance. `None` without rows, or where
    /// rows and predictions all fall in one class.
    ///
    /// Source: J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968): 1 − Σ w·o / Σ w·e with
    /// w = (i − j)², observed counts o, and e = (row sum × column sum) / rows.
    #[must_use]
    pub fn quadratic_kappa(&self) -> Option<f64> {
        let total = self.total() as f64;
        let scores: Vec<ClassScores> = (0..self.classes).map(|class| self.class(class)).collect();
        let (mut observed, mut expected) = (0.0, 0.0);
        for (i, truth) in scores.iter().enumerate() {
            for (j, guess) in scores.iter().enumerate() {
                let weight = (i as f64 - j as f64).powi(2);
                observed += weight * self.at(i, j) as f64;
                expected += weight * truth.support as f64 * guess.predicted as f64 / total;
            }
        }
        (expected > 0.0).then(|| 1.0 - observed / expected)
    }
}
