//! Temperature scaling: one number that takes a classifier's over- or underconfidence away.
//!
//! Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.

use super::CalibrationError;

/// The lowest temperature that is fitted. Bounded, because on a small set that the model gets wholly
/// right the likelihood alone would ask for ever more certainty.
pub const MIN_TEMPERATURE: f32 = 0.2;
/// The highest temperature that is fitted; at this a usual classifier says next to nothing.
pub const MAX_TEMPERATURE: f32 = 20.0;

/// Halvings of the range of 1/T, from 5 to below the precision of `f32`.
const HALVINGS: usize = 48;

/// The temperature T in [`MIN_TEMPERATURE`]..=[`MAX_TEMPERATURE`] at which softmax(logits / T) has
/// the least negative log-likelihood. `logits` is rows × classes, `labels` the true class per row.
///
/// # Errors
/// No rows, rows of different length, a label that is no class, or a logit that is not finite.
pub fn fit_temperature(logits: &[Vec<f32>], labels: &[usize]) -> Result<f32, CalibrationError> {
    check(logits, labels)?;
    let (mut low, mut high) = (1.0 / f64::from(MAX_TEMPERATURE), 1.0 / f64::from(MIN_TEMPERATURE));
    // In 1/T the likelihood is convex (log-sum-exp of a linear function less a linear one), so its
    // slope crosses zero at most once.
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if slope(logits, labels, middle) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    let temperature = (1.0 / f64::midpoint(low, high)) as f32;
    Ok(temperature.clamp(MIN_TEMPERATURE, MAX_TEMPERATURE))
}

/// Probabilities softmax(logits / temperature) in `f64`; they sum to 1, and the greatest logit keeps
/// the greatest probability whatever the temperature above 0.
#[must_use]
pub fn softmax_at(logits: &[f32], temperature: f32) -> Vec<f64> {
    softmax(logits, 1.0 / f64::from(temperature))
}

fn softmax(logits: &[f32], inverse_temperature: f64) -> Vec<f64> {
    let greatest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let mut weights: Vec<f64> =
        logits.iter().map(|&logit| ((f64::from(logit) - greatest) * inverse_temperature).exp()).collect();
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

/// Derivative of the negative log-likelihood by 1/T: Σ (expected logit − logit of the true class).
fn slope(logits: &[Vec<f32>], labels: &[usize], inverse_temperature: f64) -> f64 {
    let of_row = |(row, &label): (&Vec<f32>, &usize)| -> f64 {
        let true_logit = f64::from(row[label]);
        let weighted = softmax(row, inverse_temperature).into_iter().zip(row);
        weighted.map(|(p, &logit)| p * (f64::from(logit) - true_logit)).sum()
    };
    logits.iter().zip(labels).map(of_row).sum()
}

fn check(logits: &[Vec<f32>], labels: &[usize]) -> Result<(), CalibrationError> {
    if logits.len() != labels.len() {
        return Err(CalibrationError::Lengths { scores: logits.len(), labels: labels.len() });
    }
    let classes = logits.first().ok_or(CalibrationError::NoRows)?.len();
    for (row, (values, &label)) in logits.iter().zip(labels).enumerate() {
        if values.len() != classes || label >= classes {
            return Err(CalibrationError::Shape { row, classes });
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(CalibrationError::NotFinite { row });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn rows() -> (Vec<Vec<f32>>, Vec<usize>) {
        let logits = [
            [4.0, 1.0, 0.0],
            [3.0, 2.5, 0.0],
            [0.0, 5.0, 1.0],
            [1.0, 0.0, 3.0],
            [6.0, 0.0, 0.0],
            [2.0, 2.2, 0.0],
            [0.0, 0.0, 4.0],
            [5.0, 1.0, 1.0],
        ];
        let logits = logits.iter().map(|row| row.to_vec()).collect();
        (logits, vec![0, 1, 1, 2, 1, 1, 0, 0])
    }

    #[test]
    fn the_temperature_is_the_one_that_scipy_finds() {
        let (logits, labels) = rows();
        let temperature = fit_temperature(&logits, &labels).unwrap();
        // scipy.optimize.minimize_scalar(bounded) on the mean negative log-likelihood.
        assert!((temperature - 3.619_150_4).abs() < 1e-4, "{temperature}");
    }

    #[test]
    fn a_set_that_is_wholly_right_stops_at_the_lower_bound() {
        let (logits, _) = rows();
        let labels: Vec<usize> = vec![0, 0, 1, 2, 0, 1, 2, 0];
        assert_eq!(fit_temperature(&logits, &labels), Ok(MIN_TEMPERATURE));
    }

    #[test]
    fn rows_that_do_not_fit_are_refused_by_number() {
        let refused =
            |logits: &[Vec<f32>], labels: &[usize]| fit_temperature(logits, labels).unwrap_err().to_string();
        insta::assert_snapshot!(refused(&[], &[]), @"no rows to calibrate on; hold some back from training");
        insta::assert_snapshot!(refused(&[vec![1.0, 2.0]], &[]), @"1 rows of scores but 0 labels; give one of each per row");
        insta::assert_snapshot!(refused(&[vec![1.0, 2.0], vec![1.0]], &[0, 0]), @"row 1: the label or the number of logits does not fit the 2 classes");
        insta::assert_snapshot!(refused(&[vec![1.0, 2.0], vec![1.0, 0.0]], &[0, 2]), @"row 1: the label or the number of logits does not fit the 2 classes");
        insta::assert_snapshot!(refused(&[vec![f32::NAN, 2.0]], &[0]), @"row 0: a score is not a finite number; the model is broken");
    }

    proptest! {
        #[test]
        fn temperature_never_changes_which_class_comes_first(
            logits in proptest::collection::vec(-50.0_f32..50.0, 1..12),
            temperature in MIN_TEMPERATURE..MAX_TEMPERATURE,
        ) {
            let first = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
            let scaled = softmax_at(&logits, temperature);
            prop_assert!(scaled.iter().all(|&p| (0.0..=1.0).contains(&p) && p <= scaled[first]));
            prop_assert!((scaled.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_fitted_temperature_is_never_worse_than_none(
            rows in proptest::collection::vec((proptest::collection::vec(-9.0_f32..9.0, 3), 0_usize..3), 1..20),
        ) {
            let (logits, labels): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let temperature = fit_temperature(&logits, &labels).unwrap();
            let loss = |t: f32| -> f64 {
                logits.iter().zip(&labels).map(|(row, &label)| -softmax_at(row, t)[label].ln()).sum()
            };
            prop_assert!(loss(temperature) <= loss(1.0) + 1e-6);
        }
    }
}
