//! Steps of AdamW against f64.

use crate::testing::{Guarded, Numbers, close};
use crate::training::{AdamW, arithmetics};

#[test]
fn steps_are_those_of_the_definition() {
    const COUNT: usize = 37;
    let how = |step| AdamW { rate: 0.01, decay: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, step };
    for (isa, arithmetic) in arithmetics() {
        let mut numbers = Numbers(1);
        let mut weights = Guarded::of(&numbers.floats(COUNT, 1.0));
        let (mut mean, mut square) = (Guarded::new(COUNT, 0.0), Guarded::new(COUNT, 0.0));
        let mut expected: Vec<(f64, f64, f64)> = weights.iter().map(|&w| (w.into(), 0.0, 0.0)).collect();
        for step in 1..=5 {
            // Numbers of all sizes, zeros among them.
            let parts: Vec<Guarded<f32>> = (0..3)
                .map(|_| (0..COUNT).map(|i| numbers.float() * 10f32.powi(i as i32 % 9 - 6)).collect())
                .map(|part: Vec<f32>| part.into_iter().enumerate())
                .map(|part| part.map(|(i, x)| if i % 10 == 0 { 0.0 } else { x }).collect::<Vec<_>>())
                .map(|part| Guarded::of(&part))
                .collect();
            let gradients: Vec<&[f32]> = parts.iter().map(|part| &**part).collect();
            arithmetic.adam(&how(step), &gradients, &mut weights, &mut mean, &mut square);
            for (i, (weight, mean, square)) in expected.iter_mut().enumerate() {
                let gradient: f64 = parts.iter().map(|part| f64::from(part[i])).sum();
                let AdamW { rate, decay, beta1, beta2, eps, step } = how(step);
                *mean = beta1 * *mean + (1.0 - beta1) * gradient;
                *square = beta2 * *square + (1.0 - beta2) * gradient * gradient;
                let (whole, squares) = (*mean / (1.0 - beta1.powi(step)), *square / (1.0 - beta2.powi(step)));
                *weight = *weight * (1.0 - rate * decay) - rate * whole / (squares.sqrt() + eps);
                assert!(close(weights[i], *weight, 2e-6), "{isa}: {i}: {}, not {weight}", weights[i]);
            }
        }
    }
}
