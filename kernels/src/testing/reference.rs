//! Definitions in f64, as slow as they are plain.

use crate::Activation;
use crate::linear::Finish;

/// The error function: its series near 0, elsewhere the continued fraction of what is left to 1.
fn erf(x: f64) -> f64 {
    if x.abs() < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..80 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let left = (1..=100).rev().fold(0.0, |fraction, n| f64::from(n) / 2.0 / (x.abs() + fraction));
    let rest = (-x * x).exp() / ((x.abs() + left) * std::f64::consts::PI.sqrt());
    (1.0 - rest).copysign(x)
}

/// The activation of `x`.
pub(crate) fn activated(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Gelu => x * 0.5 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + u.tanh())
        }
        Activation::Relu => x.max(0.0),
    }
}

/// What becomes of the sum (with its bias) where `before` stood, and the error that the finish itself may
/// add to one of `tolerance` in the sum.
pub(crate) fn finished(finish: Finish, sum: f64, before: f32, tolerance: f64) -> (f64, f64) {
    let ulp = super::ULP;
    match finish {
        Finish::Store => (sum, tolerance),
        Finish::Add | Finish::Refine => {
            (sum + f64::from(before), tolerance + ulp * (sum.abs() + f64::from(before.abs())))
        }
        Finish::Activate(activation) => {
            // No activation is steeper than 1.13; their own error is in `math`'s tests.
            (activated(activation, sum), 1.2 * tolerance + super::ACTIVATION_ERROR * sum.abs().max(1.0))
        }
    }
}

#[test]
fn the_error_function_has_its_known_values() {
    for (x, known) in [
        (0.0, 0.0),
        (0.5, 0.520_499_877_813_046_5),
        (1.0, 0.842_700_792_949_714_9),
        (-2.0, -0.995_322_265_018_952_7),
        (2.4, 0.999_311_486_103_354_9),
        (2.6, 0.999_763_965_583_470_7),
        (3.0, 0.999_977_909_503_001_4),
        (5.0, 0.999_999_999_998_462_6),
    ] {
        assert!((erf(x) - known).abs() < 1e-12, "{x}: {}", erf(x));
    }
}
