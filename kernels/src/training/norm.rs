//! Layer norm of rows, with the addition before it, and its gradient; and sums over rows.

use crate::vector::Vector;

/// Rows to be normalised: unit = (sum − mean) / deviation, output = unit × gain + shift.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Norm {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) gain: *const f32,
    pub(crate) shift: *const f32,
    /// Added to the variance.
    pub(crate) eps: f32,
    /// What is added to the rows first, where there is something.
    pub(crate) addend: Option<*const f32>,
    /// In: the rows; out: the units.
    pub(crate) units: *mut f32,
    /// Out: 1 / deviation of each row.
    pub(crate) scales: *mut f32,
    pub(crate) output: *mut f32,
}

/// # Safety
/// All pointers are valid for so many rows of that width (`gain` and `shift` for one, `scales` for one
/// number a row), and nobody else uses what is written.
#[inline(always)]
pub(crate) unsafe fn norm<V: Vector>(norm: &Norm) {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let count = norm.width as f32;
    for row in 0..norm.rows {
        let start = row * norm.width;
        // SAFETY: the row is there.
        unsafe {
            let units = norm.units.add(start);
            let mut sum = V::splat(0.0);
            for i in (0..norm.width).step_by(V::LANES) {
                let room = norm.width - i;
                let mut x = V::load_part(units.add(i), room, 0.0);
                if let Some(addend) = norm.addend {
                    x = x.add(V::load_part(addend.add(start + i), room, 0.0));
                    x.store_part(units.add(i), room);
                }
                sum = sum.add(x);
            }
            let mean = sum.sum() / count;
            let mut squares = V::splat(0.0);
            for i in (0..norm.width).step_by(V::LANES) {
                let off = V::load_part(units.add(i), norm.width - i, mean).sub(V::splat(mean));
                squares = off.mul_add(off, squares);
            }
            let scale = 1.0 / (squares.sum() / count + norm.eps).sqrt();
            *norm.scales.add(row) = scale;
            for i in (0..norm.width).step_by(V::LANES) {
                let room = norm.width - i;
                let unit = V::load_part(units.add(i), room, mean).sub(V::splat(mean)).mul(V::splat(scale));
                unit.store_part(units.add(i), room);
                let gain = V::load_part(norm.gain.add(i), room, 0.0);
                let shift = V::load_part(norm.shift.add(i), room, 0.0);
                unit.mul_add(gain, shift).store_part(norm.output.add(start + i), room);
            }
        }
    }
}

/// The way back through a [`Norm`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct NormBackward {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) gain: *const f32,
    pub(crate) units: *const f32,
    pub(crate) scales: *const f32,
    /// In: the gradient of the output; out: that of the sum which was normalised.
    pub(crate) gradient: *mut f32,
    /// Out: the gradient of the gain.
    pub(crate) gain_gradient: *mut f32,
    /// Out: the gradient of the shift.
    pub(crate) shift_gradient: *mut f32,
}

/// With g = gradient × gain: (g − mean of g − unit × mean of g × unit) / deviation.
///
/// # Safety
/// As of [`norm`].
#[inline(always)]
pub(crate) unsafe fn norm_backward<V: Vector>(norm: &NormBackward) {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let count = norm.width as f32;
    // SAFETY: the rows are there.
    unsafe {
        norm.gain_gradient.write_bytes(0, norm.width);
        norm.shift_gradient.write_bytes(0, norm.width);
        for row in 0..norm.rows {
            let units = norm.units.add(row * norm.width);
            let gradient = norm.gradient.add(row * norm.width);
            let (mut sum, mut along) = (V::splat(0.0), V::splat(0.0));
            for i in (0..norm.width).step_by(V::LANES) {
                let room = norm.width - i;
                let unit = V::load_part(units.add(i), room, 0.0);
                let outer = V::load_part(gradient.add(i), room, 0.0);
                let (gain_at, shift_at) = (norm.gain_gradient.add(i), norm.shift_gradient.add(i));
                outer.mul_add(unit, V::load_part(gain_at, room, 0.0)).store_part(gain_at, room);
                outer.add(V::load_part(shift_at, room, 0.0)).store_part(shift_at, room);
                let inner = outer.mul(V::load_part(norm.gain.add(i), room, 0.0));
                sum = sum.add(inner);
                along = inner.mul_add(unit, along);
            }
            let (mean, along) = (V::splat(sum.sum() / count), V::splat(-along.sum() / count));
            let scale = V::splat(*norm.scales.add(row));
            for i in (0..norm.width).step_by(V::LANES) {
                let room = norm.width - i;
                let unit = V::load_part(units.add(i), room, 0.0);
                let outer = V::load_part(gradient.add(i), room, 0.0);
                let inner = outer.mul(V::load_part(norm.gain.add(i), room, 0.0)).sub(mean);
                unit.mul_add(along, inner).mul(scale).store_part(gradient.add(i), room);
            }
        }
    }
}

/// `sums` = the sum of `rows` rows.
///
/// # Safety
/// `from` is valid for so many rows of `width` floats, `sums` for one.
#[inline(always)]
pub(crate) unsafe fn column_sums<V: Vector>(from: *const f32, rows: usize, width: usize, sums: *mut f32) {
    // SAFETY: the columns are there in every row.
    unsafe {
        sums.write_bytes(0, width);
        for row in 0..rows {
            let from = from.add(row * width);
            for i in (0..width).step_by(V::LANES) {
                let room = width - i;
                let sum = V::load_part(sums.add(i), room, 0.0);
                sum.add(V::load_part(from.add(i), room, 0.0)).store_part(sums.add(i), room);
            }
        }
    }
}

#[cfg(test)]
mod tests;
