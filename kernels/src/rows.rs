//! What is done to one row of hidden states at a time: normalising, and rounding to 8 bits.

use crate::vector::Vector;

/// Layer norm over the first `width` numbers of `row`, in place. `gain` and `shift` are as long as the
/// row with its padding and 0 there, so that the padding becomes 0.
///
/// # Safety
/// `row`, `gain` and `shift` are valid for `stride` floats, a multiple of the lanes, at least `width`.
#[inline(always)]
pub(crate) unsafe fn layer_norm<V: Vector>(
    row: *mut f32,
    width: usize,
    stride: usize,
    (gain, shift): (*const f32, *const f32),
    eps: f32,
) {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let count = width as f32;
    // SAFETY: all offsets are below `stride`.
    unsafe {
        let whole = width - width % V::LANES;
        let mut sum = V::splat(0.0);
        for i in (0..whole).step_by(V::LANES) {
            sum = sum.add(V::load(row.add(i)));
        }
        let rest: f32 = (whole..width).map(|i| *row.add(i)).sum();
        let mean = (sum.sum() + rest) / count;
        let mut squares = V::splat(0.0);
        for i in (0..whole).step_by(V::LANES) {
            let off = V::load(row.add(i)).sub(V::splat(mean));
            squares = off.mul_add(off, squares);
        }
        let rest: f32 = (whole..width).map(|i| (*row.add(i) - mean).powi(2)).sum();
        let scale = 1.0 / ((squares.sum() + rest) / count + eps).sqrt();
        for i in (0..stride).step_by(V::LANES) {
            let unit = V::load(row.add(i)).sub(V::splat(mean)).mul(V::splat(scale));
            unit.mul_add(V::load(gain.add(i)), V::load(shift.add(i))).store(row.add(i));
        }
    }
}

/// A row in 8 bits: x ≈ scale × (byte − zero).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Grid {
    pub(crate) scale: f32,
    pub(crate) zero: f32,
}

/// Rounds a row to 256 steps between its smallest and its largest number, 0 among them: after GELU
/// nearly all of a row is positive, and a symmetric grid would waste half of its steps. What the
/// rounding left over goes to `rest`, where one is wanted, in 256 steps of a step: see [`Grid::rest`].
///
/// # Safety
/// `row` is valid for reading and `bytes` and `rest` for writing `width` elements, a multiple of the lanes.
#[inline(always)]
pub(crate) unsafe fn quantize<V: Vector>(
    row: *const f32,
    width: usize,
    bytes: *mut u8,
    rest: Option<*mut u8>,
) -> Grid {
    // SAFETY: all offsets are below `width`.
    unsafe {
        let (mut low, mut high) = (V::splat(0.0), V::splat(0.0));
        for i in (0..width).step_by(V::LANES) {
            let x = V::load(row.add(i));
            low = low.min(x);
            high = high.max(x);
        }
        let (low, high) = (low.smallest(), high.largest());
        let scale = ((high - low) / 255.0).max(f32::MIN_POSITIVE);
        let zero = (-low / scale).round_ties_even().min(255.0);
        let (inverse, offset) = (V::splat(1.0 / scale), V::splat(zero));
        for i in (0..width).step_by(V::LANES) {
            let steps = V::load(row.add(i)).mul_add(inverse, offset);
            steps.store_u8(bytes.add(i));
            if let Some(rest) = rest {
                let left = steps.sub(steps.round().max(V::splat(0.0)).min(V::splat(255.0)));
                left.mul_add(V::splat(REST_STEPS), V::splat(REST_ZERO)).store_u8(rest.add(i));
            }
        }
        Grid { scale, zero }
    }
}

/// Steps that one step of a grid is divided into for what rounding left over.
const REST_STEPS: f32 = 255.0;
/// The byte of nothing left over.
const REST_ZERO: f32 = 128.0;

impl Grid {
    /// The grid of what rounding to this one left over.
    pub(crate) fn rest(self) -> Self {
        Self { scale: self.scale / REST_STEPS, zero: REST_ZERO }
    }
}

#[cfg(test)]
mod tests;
