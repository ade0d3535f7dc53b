//! Products of rows by packed weights, finished (bias, activation, addition) while the sums are at hand.

use crate::dot::{Dot, MOST_ROWS, Tile};
use crate::math::{Activation, activate};
use crate::packed::{PANEL, PackedF32, PackedInt8, STRIP};
use crate::rows::Grid;
use crate::vector::Vector;
use std::ops::Range;

/// What becomes of a sum.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Finish {
    /// output = sum + bias
    Store,
    /// output = activation(sum + bias)
    Activate(Activation),
    /// output = output + sum + bias
    Add,
    /// output = output + sum: the product of what rounding the input left over, after that of the input
    Refine,
}

/// Where sums go: rows of `stride` floats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) rows: usize,
    pub(crate) first: *mut f32,
    pub(crate) stride: usize,
    pub(crate) finish: Finish,
}

impl Output {
    /// # Safety
    /// The place of `row` and `column` is there for as many floats as the vector has.
    #[inline(always)]
    unsafe fn put<V: Vector>(&self, row: usize, column: usize, x: V) {
        // SAFETY: passed on.
        unsafe {
            let to = self.first.add(row * self.stride + column);
            match self.finish {
                Finish::Store => x.store(to),
                Finish::Activate(activation) => activate(activation, x).store(to),
                Finish::Add | Finish::Refine => x.add(V::load(to)).store(to),
            }
        }
    }
}

/// What is done with the sums of a tile. (Not a closure: it must be inlined into code compiled for `V`,
/// and closures cannot be told so.)
pub(crate) trait Sink<V: Vector> {
    /// Takes the sums of one row in the first (0) or the second (1) register of the panel.
    ///
    /// # Safety
    /// The instructions of `V` are there, and so is the place where the sums go.
    unsafe fn put(&self, row: usize, half: usize, sums: V);
}

/// The left factor of a product, as it lies in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Its first number.
    pub(crate) first: *const f32,
    /// Floats from one row to the next.
    pub(crate) stride: usize,
    /// Floats from one number of a row to the next: 1, unless it lies transposed.
    pub(crate) step: usize,
}

impl Left {
    /// Rows of numbers that lie side by side.
    #[inline(always)]
    pub(crate) fn rows((first, stride): (*const f32, usize)) -> Self {
        Self { first, stride, step: 1 }
    }
}

/// `ROWS` rows of `a` by two registers' worth of columns of `b`; the first row is `first` to the sink.
///
/// # Safety
/// `a` is valid for ROWS rows of `depth` floats, `b` for `depth` rows of two registers.
#[inline(always)]
pub(crate) unsafe fn tile<V: Vector, const ROWS: usize>(
    a: Left,
    (b, b_stride): (*const f32, usize),
    depth: usize,
    first: usize,
    sink: &impl Sink<V>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = [[V::splat(0.0); 2]; ROWS];
        for k in 0..depth {
            let b = b.add(k * b_stride);
            let b = [V::load(b), V::load(b.add(V::LANES))];
            for (row, acc) in acc.iter_mut().enumerate() {
                let a = V::splat(*a.first.add(row * a.stride + k * a.step));
                acc[0] = a.mul_add(b[0], acc[0]);
                acc[1] = a.mul_add(b[1], acc[1]);
            }
        }
        for (row, acc) in acc.into_iter().enumerate() {
            sink.put(first + row, 0, acc[0]);
            sink.put(first + row, 1, acc[1]);
        }
    }
}

/// [`tile`] for any number of rows, tallest tiles first.
///
/// # Safety
/// As of [`tile`], for `rows` rows.
#[inline(always)]
pub(crate) unsafe fn tiles<V: Vector>(
    rows: usize,
    a: Left,
    b: (*const f32, usize),
    depth: usize,
    sink: &impl Sink<V>,
) {
    let mut row = 0;
    while row < rows {
        let a = Left { first: a.first.wrapping_add(row * a.stride), ..a };
        let left = (rows - row).min(V::ROWS);
        // SAFETY: the caller's promise.
        row += unsafe {
            match left {
                12.. => (tile::<V, 12>(a, b, depth, row, sink), 12).1,
                8..12 => (tile::<V, 8>(a, b, depth, row, sink), 8).1,
                6..8 => (tile::<V, 6>(a, b, depth, row, sink), 6).1,
                4..6 => (tile::<V, 4>(a, b, depth, row, sink), 4).1,
                2..4 => (tile::<V, 2>(a, b, depth, row, sink), 2).1,
                _ => (tile::<V, 1>(a, b, depth, row, sink), 1).1,
            }
        };
    }
}

/// Rows of f32 by the panels in `panels` (of thirty-two columns each).
///
/// # Safety
/// `input` is valid for the output's rows of `weights.depth` floats `stride` apart; the output's rows
/// are there for the panels' columns and nobody else uses them.
#[inline(always)]
pub(crate) unsafe fn linear_f32<V: Vector>(
    (input, stride): (*const f32, usize),
    weights: &PackedF32,
    panels: Range<usize>,
    output: &Output,
) {
    let width = 2 * V::LANES;
    for column in (panels.start * PANEL..panels.end * PANEL).step_by(width) {
        // SAFETY: the panel lies within the packed weights.
        unsafe {
            let panel = weights.weights.as_ptr().add(column * weights.depth);
            let bias = weights.bias.as_ptr().add(column);
            let sink = Biased { bias, column, output };
            let rows = Left::rows((input, stride));
            tiles::<V>(output.rows, rows, (panel, width), weights.depth, &sink);
        }
    }
}

/// Adds the bias and finishes.
struct Biased<'a> {
    bias: *const f32,
    column: usize,
    output: &'a Output,
}

impl<V: Vector> Sink<V> for Biased<'_> {
    #[inline(always)]
    unsafe fn put(&self, row: usize, half: usize, sums: V) {
        let offset = half * V::LANES;
        // SAFETY: the panel's bias and the output's row are there.
        unsafe { self.output.put(row, self.column + offset, sums.add(V::load(self.bias.add(offset)))) }
    }
}

/// Rows in 8 bits: as many bytes a row as `stride` says, and one grid a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows8 {
    pub(crate) bytes: *const u8,
    pub(crate) stride: usize,
    pub(crate) grids: *const Grid,
}

/// Rows in 8 bits by the panels in `panels` (of thirty-two columns each).
///
/// # Safety
/// `input` holds the output's rows, filled up to a multiple of `D::ROWS`; the output's rows are there
/// for the panels' columns and nobody else uses them.
#[inline(always)]
pub(crate) unsafe fn linear_int8<V: Vector, D: Dot>(
    input: Rows8,
    weights: &PackedInt8,
    panels: Range<usize>,
    output: &Output,
) {
    let mut sums = Sums([0; MOST_ROWS * PANEL]);
    // SAFETY: the caller's promise; `sums` holds the tallest tile.
    unsafe {
        D::begin();
        for panel in panels {
            for row in (0..output.rows).step_by(D::ROWS) {
                let rows = D::ROWS.min(output.rows - row);
                D::tile(&Tile {
                    rows,
                    activations: input.bytes.add(row * input.stride),
                    stride: input.stride,
                    weights: weights.weights.as_ptr().add(panel * PANEL * weights.depth),
                    depth: weights.depth,
                    sums: sums.0.as_mut_ptr(),
                });
                scale_sums::<V>(
                    &sums,
                    row..row + rows,
                    input.grids,
                    weights,
                    panel,
                    output,
                    f32::from(D::SHIFT),
                );
            }
        }
        D::end();
    }
}

#[repr(align(64))]
struct Sums([i32; MOST_ROWS * PANEL]);

/// Integer sums to floats: scale of the row × scale of the column × (sum − zero × column's sum) + bias.
#[inline(always)]
unsafe fn scale_sums<V: Vector>(
    sums: &Sums,
    rows: Range<usize>,
    grids: *const Grid,
    weights: &PackedInt8,
    panel: usize,
    output: &Output,
    shift: f32,
) {
    for offset in (0..PANEL).step_by(V::LANES) {
        let column = panel * PANEL + offset;
        // SAFETY: `column` lies within the packed weights, the rows within grids and output.
        unsafe {
            let scale = V::load(weights.scale.as_ptr().add(column));
            let sum = V::load(weights.sum.as_ptr().add(column));
            let bias = match output.finish {
                Finish::Refine => V::splat(0.0),
                _ => V::load(weights.bias.as_ptr().add(column)),
            };
            for (i, row) in rows.clone().enumerate() {
                let grid = *grids.add(row);
                let x = V::load_i32(sums.0.as_ptr().add(i * PANEL + offset));
                let x = sum.mul_add(V::splat(shift - grid.zero), x);
                let x = x.mul(V::splat(grid.scale)).mul_add(scale, bias);
                output.put(row, column, x);
            }
        }
    }
}

/// Puts one row's bytes into the form that `D` reads, in place.
///
/// # Safety
/// `bytes` is valid for `depth × D::BYTES`, of which the first `depth` are written.
#[inline(always)]
pub(crate) unsafe fn arrange<D: Dot>(bytes: *mut u8, depth: usize) {
    // SAFETY: from the back, so that nothing is overwritten before it is read.
    unsafe {
        if D::BYTES == 2 {
            for k in (0..depth).rev() {
                let wide = u16::from(*bytes.add(k));
                bytes.add(2 * k).cast::<u16>().write_unaligned(wide);
            }
        }
        if D::SHIFT != 0 {
            for k in 0..depth {
                *bytes.add(k) ^= D::SHIFT;
            }
        }
    }
}

const _: () = assert!(PANEL == 2 * STRIP);

#[cfg(test)]
mod tests;
