//! AdamW over all that is tuned of the encoder, in one go over memory on all cores.

use std::thread;

use deskhand_kernels::training::{AdamW, Arithmetic};

/// Running means of the gradients and of their squares.
#[derive(Debug)]
pub(super) struct Optimizer {
    mean: Vec<f32>,
    square: Vec<f32>,
    decay: f64,
    step: i32,
}

impl Optimizer {
    pub(super) fn new(len: usize, decay: f64) -> Self {
        Self { mean: vec![0.0; len], square: vec![0.0; len], decay, step: 0 }
    }

    /// One step against the sum of the gradients, taken in their order whatever the number of threads.
    pub(super) fn step(
        &mut self,
        arithmetic: &Arithmetic,
        rate: f64,
        gradients: &[&[f32]],
        weights: &mut [f32],
        threads: usize,
    ) {
        self.step += 1;
        let how = AdamW { rate, decay: self.decay, beta1: 0.9, beta2: 0.999, eps: 1e-8, step: self.step };
        let part = weights.len().div_ceil(threads.max(1)).max(1);
        let means = self.mean.chunks_mut(part).zip(self.square.chunks_mut(part));
        thread::scope(|scope| {
            for (number, (weights, (mean, square))) in weights.chunks_mut(part).zip(means).enumerate() {
                let start = number * part;
                let gradients: Vec<&[f32]> =
                    gradients.iter().map(|whole| &whole[start..start + weights.len()]).collect();
                scope.spawn(move || arithmetic.adam(&how, &gradients, weights, mean, square));
            }
        });
    }
}
