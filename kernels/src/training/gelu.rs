//! GELU, x Φ(x) with Φ the normal distribution, and its gradient.

use crate::math::{Activation, activate, erf, exp};
use crate::vector::Vector;

/// `to` = GELU of `from`.
///
/// # Safety
/// Both are valid for `len` floats.
#[inline(always)]
pub(crate) unsafe fn gelu<V: Vector>(from: *const f32, to: *mut f32, len: usize) {
    for i in (0..len).step_by(V::LANES) {
        // SAFETY: only what is there is touched.
        unsafe {
            let x = V::load_part(from.add(i), len - i, 0.0);
            activate(Activation::Gelu, x).store_part(to.add(i), len - i);
        }
    }
}

/// `to` = GELU of `from` again, and `gradient` is multiplied by the slope there, Φ(x) + x φ(x).
///
/// # Safety
/// All are valid for `len` floats.
#[inline(always)]
pub(crate) unsafe fn gelu_backward<V: Vector>(
    from: *const f32,
    to: *mut f32,
    gradient: *mut f32,
    len: usize,
) {
    for i in (0..len).step_by(V::LANES) {
        // SAFETY: only what is there is touched.
        unsafe {
            let x = V::load_part(from.add(i), len - i, 0.0);
            let half = V::splat(0.5);
            let share = erf(x.mul(V::splat(std::f32::consts::FRAC_1_SQRT_2))).mul_add(half, half);
            x.mul(share).store_part(to.add(i), len - i);
            // φ(x) = e^(-x²/2) / √(2π).
            let density = exp(x.mul(x).mul(V::splat(-0.5))).mul(V::splat(0.398_942_3));
            let slope = x.mul_add(density, share);
            let gradient = gradient.add(i);
            V::load_part(gradient, len - i, 0.0).mul(slope).store_part(gradient, len - i);
        }
    }
}

#[cfg(test)]
mod tests;
