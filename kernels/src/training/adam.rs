//! One step of AdamW, with the sum of the threads' gradients.

use crate::vector::Vector;

/// How far one step of AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization") goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f64,
    /// Decoupled weight decay.
    pub decay: f64,
    /// How much of the mean gradient is kept.
    pub beta1: f64,
    /// How much of the mean square is kept.
    pub beta2: f64,
    /// Added to the root of the mean square.
    pub eps: f64,
    /// Which step it is, from 1.
    pub step: i32,
}

/// Weights with what the optimizer remembers of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moving {
    pub(crate) len: usize,
    pub(crate) weights: *mut f32,
    /// Running mean of the gradient.
    pub(crate) mean: *mut f32,
    /// Running mean of its square.
    pub(crate) square: *mut f32,
}

/// Moves the weights against the sum of the gradients, which is taken in their order.
///
/// # Safety
/// All pointers are valid for `moving.len` floats; nobody else uses what is written.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "factors for f32")]
pub(crate) unsafe fn adam<V: Vector>(how: &AdamW, gradients: &[*const f32], moving: &Moving) {
    // SAFETY: only what is there is touched.
    unsafe {
        let factor = |x: f64| V::splat(x as f32);
        let (keep1, keep2) = (factor(how.beta1), factor(how.beta2));
        let (take1, take2) = (factor(1.0 - how.beta1), factor(1.0 - how.beta2));
        // Means that began at 0 are too small in the first steps.
        let whole1 = factor(how.rate / (1.0 - how.beta1.powi(how.step)));
        let whole2 = factor(1.0 / (1.0 - how.beta2.powi(how.step)));
        let (shrink, eps) = (factor(1.0 - how.rate * how.decay), factor(how.eps));
        for i in (0..moving.len).step_by(V::LANES) {
            let room = moving.len - i;
            let mut gradient = V::splat(0.0);
            for part in gradients {
                gradient = gradient.add(V::load_part(part.add(i), room, 0.0));
            }
            let (mean_at, square_at) = (moving.mean.add(i), moving.square.add(i));
            let mean = V::load_part(mean_at, room, 0.0).mul(keep1);
            let mean = gradient.mul_add(take1, mean);
            let square = V::load_part(square_at, room, 0.0).mul(keep2);
            let square = gradient.mul(gradient).mul_add(take2, square);
            mean.store_part(mean_at, room);
            square.store_part(square_at, room);
            let divisor = square.mul(whole2).sqrt().add(eps);
            let weight_at = moving.weights.add(i);
            let weight = V::load_part(weight_at, room, 0.0).mul(shrink);
            weight.sub(mean.mul(whole1).mul(divisor.reciprocal())).store_part(weight_at, room);
        }
    }
}

#[cfg(test)]
mod tests;
