//! AdamW over flat numbers, in one go over memory on all cores.

use std::thread;

use deskhand_kernels::training::{AdamW, Arithmetic};

/// Running means of the gradients and of their squares.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Optimizer {
    pub(super) mean: Vec<f32>,
    pub(super) square: Vec<f32>,
    pub(super) step: i32,
    decay: f64,
}

/// Numbers that lie side by side, with what the optimizer remembers of them.
struct Part<'a> {
    how: AdamW,
    gradients: Vec<&'a [f32]>,
    weights: &'a mut [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
}

impl Optimizer {
    pub(super) fn new(len: usize, decay: f64) -> Self {
        Self { mean: vec![0.0; len], square: vec![0.0; len], step: 0, decay }
    }

    /// One step against the sum of the gradients, taken in their order whatever the number of threads.
    /// `rates` has a learning rate for each of as many stretches of equal length.
    pub(super) fn step(
        &mut self,
        arithmetic: &Arithmetic,
        rates: &[f64],
        gradients: &[&[f32]],
        weights: &mut [f32],
        threads: usize,
    ) {
        self.step += 1;
        let how =
            AdamW { rate: 0.0, decay: self.decay, beta1: 0.9, beta2: 0.999, eps: 1e-8, step: self.step };
        let stretch = weights.len().div_ceil(rates.len().max(1)).max(1);
        let size = stretch.div_ceil(threads.max(1)).max(1);
        let mut shares: Vec<Vec<Part<'_>>> = Vec::new();
        let remembered = self.mean.chunks_mut(stretch).zip(self.square.chunks_mut(stretch));
        let stretches = weights.chunks_mut(stretch).zip(remembered).zip(rates).enumerate();
        for (number, ((weights, (mean, square)), &rate)) in stretches {
            let remembered = mean.chunks_mut(size).zip(square.chunks_mut(size));
            for (place, (weights, (mean, square))) in weights.chunks_mut(size).zip(remembered).enumerate() {
                let start = number * stretch + place * size;
                let gradients = gradients.iter().map(|whole| &whole[start..start + weights.len()]).collect();
                shares.resize_with(shares.len().max(place + 1), Vec::new);
                shares[place].push(Part { how: AdamW { rate, ..how }, gradients, weights, mean, square });
            }
        }
        thread::scope(|scope| {
            for share in shares {
                scope.spawn(move || {
                    for part in share {
                        arithmetic.adam(&part.how, &part.gradients, part.weights, part.mean, part.square);
                    }
                });
            }
        });
    }
}
