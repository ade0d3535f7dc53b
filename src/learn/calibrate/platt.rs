//! One score to one probability, by a logistic curve.
//!
//! Source: J. Platt, "Probabilistic outputs for support vector machines" (1999), fitted by Newton's
//! method as in H.-T. Lin, C.-J. Lin and R. Weng, "A note on Platt's probabilistic outputs for
//! support vector machines", Machine Learning 68 (2007).

use serde::{Deserialize, Serialize};

use super::CalibrationError;

const MAX_STEPS: usize = 100;
const MIN_STEP: f64 = 1e-10;
/// Added to the diagonal of the Hessian so that it can always be inverted.
const RIDGE: f64 = 1e-12;
const GRADIENT_TOLERANCE: f64 = 1e-8;

/// The curve 1 / (1 + exp(−(a·score + b))); it rises with the score where `a` is above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Slope.
    pub a: f64,
    /// Offset.
    pub b: f64,
}

impl Platt {
    /// Probability of the outcome at this score, 0..=1.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        1.0 / (1.0 + (-(self.a * score + self.b)).exp())
    }
}

/// Fits a logistic curve to scores and what came true. The targets are not 0 and 1 but Platt's
/// (n₊+1)/(n₊+2) and 1/(n₋+2), which keeps few or separable rows from promising certainty.
///
/// # Errors
/// Lists of different length or empty, a score that is not finite, outcomes all the same.
pub fn fit_platt(scores: &[f64], outcomes: &[bool]) -> Result<Platt, CalibrationError> {
    let rows = targets(scores, outcomes)?;
    let prior = rows.iter().map(|(_, target)| target).sum::<f64>() / rows.len() as f64;
    let mut curve = Platt { a: 0.0, b: (prior / (1.0 - prior)).ln() };
    let mut best = loss(&rows, curve);
    for _ in 0..MAX_STEPS {
        let Some((da, db, descent)) = newton_step(&rows, curve) else {
            break;
        };
        let mut step = 1.0;
        let moved = loop {
            let next = Platt { a: curve.a + step * da, b: curve.b + step * db };
            let found = loss(&rows, next);
            if found < best + 1e-4 * step * descent {
                curve = next;
                best = found;
                break true;
            }
            step /= 2.0;
            if step < MIN_STEP {
                break false;
            }
        };
        if !moved {
            break;
        }
    }
    Ok(curve)
}

/// Pairs of score and Platt's target.
fn targets(scores: &[f64], outcomes: &[bool]) -> Result<Vec<(f64, f64)>, CalibrationError> {
    if scores.len() != outcomes.len() {
        return Err(CalibrationError::Lengths { scores: scores.len(), labels: outcomes.len() });
    }
    if scores.is_empty() {
        return Err(CalibrationError::NoRows);
    }
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(CalibrationError::NotFinite { row });
    }
    let came_true = outcomes.iter().filter(|&&outcome| outcome).count() as f64;
    let did_not = outcomes.len() as f64 - came_true;
    if came_true == 0.0 || did_not == 0.0 {
        return Err(CalibrationError::OneOutcome);
    }
    let high = (came_true + 1.0) / (came_true + 2.0);
    let low = 1.0 / (did_not + 2.0);
    let target = |&outcome: &bool| if outcome { high } else { low };
    Ok(scores.iter().copied().zip(outcomes.iter().map(target)).collect())
}

/// Cross-entropy of the curve with the targets, in a form that does not overflow.
fn loss(rows: &[(f64, f64)], curve: Platt) -> f64 {
    rows.iter()
        .map(|&(score, target)| {
            let z = curve.a * score + curve.b;
            (1.0 - target) * z + (-z).max(0.0) + (-z.abs()).exp().ln_1p()
        })
        .sum()
}

/// Newton's direction and the slope along it; `None` where the gradient is as good as zero.
fn newton_step(rows: &[(f64, f64)], curve: Platt) -> Option<(f64, f64, f64)> {
    let (mut ga, mut gb) = (0.0, 0.0);
    let (mut haa, mut hab, mut hbb) = (RIDGE, 0.0, RIDGE);
    for &(score, target) in rows {
        let p = curve.probability(score);
        let (slope, bend) = (p - target, p * (1.0 - p));
        ga += slope * score;
        gb += slope;
        haa += bend * score * score;
        hab += bend * score;
        hbb += bend;
    }
    if ga.abs() < GRADIENT_TOLERANCE && gb.abs() < GRADIENT_TOLERANCE {
        return None;
    }
    let determinant = haa * hbb - hab * hab;
    let da = -(hbb * ga - hab * gb) / determinant;
    let db = -(haa * gb - hab * ga) / determinant;
    let descent = ga * da + gb * db;
    descent.is_finite().then_some((da, db, descent))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_curve_is_the_one_that_scipy_finds() {
        let scores = [-2.0, -1.0, -0.5, 0.0, 0.2, 0.5, 1.0, 2.0, 3.0, 0.1];
        let outcomes = [0, 0, 0, 1, 0, 1, 1, 1, 1, 0].map(|n| n == 1);
        let curve = fit_platt(&scores, &outcomes).unwrap();
        // scipy.optimize.minimize(BFGS) on the cross-entropy with Platt's targets.
        assert!((curve.a - 1.041_702_85).abs() < 1e-6, "{curve:?}");
        assert!((curve.b + 0.291_078_58).abs() < 1e-6, "{curve:?}");
    }

    #[test]
    fn scores_that_separate_perfectly_still_promise_no_certainty() {
        let curve = fit_platt(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true]).unwrap();
        assert!(curve.probability(0.9) < 0.95 && curve.probability(0.1) > 0.05);
    }

    #[test]
    fn outcomes_of_one_kind_are_refused() {
        assert_eq!(fit_platt(&[0.1, 0.2], &[true, true]), Err(CalibrationError::OneOutcome));
        assert_eq!(fit_platt(&[], &[]), Err(CalibrationError::NoRows));
    }

    proptest! {
        #[test]
        fn a_fitted_curve_always_gives_probabilities(
            rows in proptest::collection::vec((-1e3_f64..1e3, any::<bool>()), 1..60),
            score in -1e6_f64..1e6,
        ) {
            let (scores, outcomes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            if let Ok(curve) = fit_platt(&scores, &outcomes) {
                prop_assert!((0.0..=1.0).contains(&curve.probability(score)));
            }
        }
    }
}
