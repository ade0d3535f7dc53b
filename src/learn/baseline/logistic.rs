//! Multinomial logistic regression with L2 regularisation on sparse rows.

use rayon::prelude::*;

use super::BaselineSettings;
use super::minimise::minimise;
use super::vectorizer::SparseRow;
use crate::pause;

/// The greatest entry of the mean loss's gradient at which training ends, as in scikit-learn.
const TOLERANCE: f64 = 1e-4;

/// Weights, feature by feature, then one intercept per class.
#[derive(Debug)]
pub(in crate::learn) struct Logistic {
    classes: usize,
    parameters: Vec<f64>,
}

impl Logistic {
    /// Minimises mean cross-entropy + |weights|² / (2 · C · rows); intercepts go unpunished.
    pub(in crate::learn) fn fit(
        rows: &[SparseRow],
        features: usize,
        labels: &[usize],
        classes: usize,
        settings: &BaselineSettings,
    ) -> Self {
        let problem = Problem::new(rows, features, labels, classes, settings.c);
        let start = vec![0.0; (features + 1) * classes];
        let mut residuals = vec![0.0; rows.len() * classes];
        let parameters = minimise(start, TOLERANCE, settings.max_steps, |x, gradient| {
            problem.evaluate(x, gradient, &mut residuals)
        });
        Self { classes, parameters }
    }

    /// Weights, a row of classes for each feature.
    pub(in crate::learn) fn weights(&self) -> Vec<f32> {
        let features = self.parameters.len() / self.classes.max(1) - 1;
        self.parameters[..features * self.classes].iter().map(|x| *x as f32).collect()
    }

    pub(super) fn probabilities(&self, row: &SparseRow) -> Vec<f64> {
        let mut probabilities = vec![0.0; self.classes];
        score(&self.parameters, row, &mut probabilities);
        softmax(&mut probabilities);
        probabilities
    }
}

/// The rows, by row and by feature.
struct Problem<'a> {
    rows: &'a [SparseRow],
    /// For each feature the rows that have it, with their values.
    columns: Vec<SparseRow>,
    labels: &'a [usize],
    classes: usize,
    /// Factor of |weights|² / 2.
    penalty: f64,
}

impl<'a> Problem<'a> {
    fn new(rows: &'a [SparseRow], features: usize, labels: &'a [usize], classes: usize, c: f64) -> Self {
        let mut columns = vec![Vec::new(); features];
        for (row, entries) in rows.iter().enumerate() {
            for &(feature, value) in entries {
                columns[feature as usize].push((row as u32, value));
            }
        }
        Self { rows, columns, labels, classes, penalty: 1.0 / (c * rows.len() as f64) }
    }

    /// Value and gradient. Every sum is taken by one thread and in one order (over the classes of a
    /// row, over the rows of a feature), so that the number of threads changes no bit.
    fn evaluate(&self, x: &[f64], gradient: &mut [f64], residuals: &mut [f64]) -> f64 {
        pause::here();
        let classes = self.classes;
        let mean = 1.0 / self.rows.len() as f64;
        let losses: Vec<f64> = residuals
            .par_chunks_mut(classes)
            .zip(self.rows)
            .zip(self.labels)
            .map(|((residual, row), &label)| {
                score(x, row, residual);
                softmax(residual);
                let loss = -residual[label].max(f64::MIN_POSITIVE).ln();
                residual[label] -= 1.0;
                loss
            })
            .collect();
        let (weights, _) = x.split_at(self.columns.len() * classes);
        let (slopes, intercept_slopes) = gradient.split_at_mut(weights.len());
        slopes.par_chunks_mut(classes).zip(weights.par_chunks(classes)).zip(&self.columns).for_each(
            |((slope, weight), column)| {
                slope.fill(0.0);
                for &(row, value) in column {
                    let residual = &residuals[row as usize * classes..][..classes];
                    add_scaled(slope, f64::from(value), residual);
                }
                for (slope, weight) in slope.iter_mut().zip(weight) {
                    *slope = *slope * mean + self.penalty * weight;
                }
            },
        );
        intercept_slopes.fill(0.0);
        for residual in residuals.chunks(classes) {
            add_scaled(intercept_slopes, mean, residual);
        }
        let squares: f64 = weights.iter().map(|w| w * w).sum();
        losses.iter().sum::<f64>() * mean + self.penalty * squares / 2.0
    }
}

/// Writes the class scores of a row.
fn score(parameters: &[f64], row: &SparseRow, scores: &mut [f64]) {
    let classes = scores.len();
    scores.copy_from_slice(&parameters[parameters.len() - classes..]);
    for &(feature, value) in row {
        let weights = &parameters[feature as usize * classes..][..classes];
        add_scaled(scores, f64::from(value), weights);
    }
}

fn softmax(scores: &mut [f64]) {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - greatest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

fn add_scaled(to: &mut [f64], factor: f64, what: &[f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += factor * what;
    }
}
