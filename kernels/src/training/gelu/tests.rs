//! GELU and its slope against f64.

use crate::Activation;
use crate::testing::{ACTIVATION_ERROR, Guarded, activated, close};
use crate::training::arithmetics;

/// The slope of the definition, by a difference over so small a step that f64 loses nothing that counts.
fn slope(x: f64) -> f64 {
    let step = 1e-5;
    (activated(Activation::Gelu, x + step) - activated(Activation::Gelu, x - step)) / (2.0 * step)
}

#[test]
fn gelu_and_its_slope_are_right_to_a_millionth() {
    let steps = if cfg!(miri) { 37 } else { 8_191 };
    let x: Vec<f32> = (0..steps).map(|i| (i as f32 / steps as f32 - 0.5) * 24.0).collect();
    for (isa, arithmetic) in arithmetics() {
        let from = Guarded::of(&x);
        let (mut to, mut again) = (Guarded::new(x.len(), 0.0), Guarded::new(x.len(), 0.0));
        let mut gradient = Guarded::new(x.len(), 2.0);
        arithmetic.gelu(&from, &mut to);
        arithmetic.gelu_backward(&from, &mut again, &mut gradient);
        for (i, &x) in x.iter().enumerate() {
            let expected = activated(Activation::Gelu, x.into());
            let tolerance = ACTIVATION_ERROR * f64::from(x.abs().max(1.0));
            assert!(close(to[i], expected, tolerance), "{isa}: {x}: {}, not {expected}", to[i]);
            assert!(close(again[i], expected, tolerance), "{isa}: {x}: {}, not {expected}", again[i]);
            let expected = 2.0 * slope(x.into());
            assert!(close(gradient[i], expected, 1e-6), "{isa}: {x}: {}, not {expected}", gradient[i]);
        }
    }
}
