//! The way back through the attention of one head over one text.
//!
//! With P = softmax(Q Kᵀ / √width), C = P V and a gradient G of C: dV = Pᵀ G; dP = G Vᵀ;
//! dS = P × (dP − Σ P dP) / √width, the sum over each row; dQ = dS K and dK = dSᵀ Q. P is computed again
//! rather than kept: it would be the largest thing in memory, and a head is narrow.

use std::cell::RefCell;

use crate::attention::{Head, arrange, softmax, transpose};
use crate::linear::{Left, Sink, tiles};
use crate::memory::Aligned;
use crate::vector::Vector;

/// A head whose `output` is the gradient of its queries; those of keys and values follow at `part` and
/// twice `part`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadBackward {
    pub(crate) head: Head,
    /// The gradient of the head's context.
    pub(crate) gradient: *const f32,
    /// Floats from one token to the next in `gradient`.
    pub(crate) gradient_stride: usize,
}

/// Factors as panels, and the two square matrices.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    panels: Aligned<f32>,
    shares: Aligned<f32>,
    slopes: Aligned<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends out this thread's scratch, which is as large as its longest text needed.
pub(crate) fn with_scratch(work: impl FnOnce(&mut Scratch)) {
    SCRATCH.with_borrow_mut(work);
}

/// # Safety
/// The pointers are valid for the head's tokens, and nobody else writes to its part of the output.
#[inline(always)]
pub(crate) unsafe fn attention_backward<V: Vector>(way: &HeadBackward, scratch: &mut Scratch) {
    let head = &way.head;
    let panel = 2 * V::LANES;
    let padded = head.tokens.next_multiple_of(panel);
    scratch.panels.reserve((padded * head.width).max(head.tokens * head.width.next_multiple_of(panel)));
    scratch.shares.reserve(head.tokens * padded);
    scratch.slopes.reserve(head.tokens * padded);
    let gradient = (way.gradient, way.gradient_stride);
    let [query, key, value] = [0, 1, 2].map(|n| head.input.wrapping_add(n * head.part));
    let to = [0, 1, 2].map(|n| head.output.wrapping_add(n * head.part));
    let (shares, slopes) = (scratch.shares.as_mut_ptr(), scratch.slopes.as_mut_ptr());
    let panels = scratch.panels.as_mut_ptr();
    // SAFETY: the caller's promise, and the scratch is as large as what is put into it.
    unsafe {
        square::<V>(head, (query, head.input_stride), key, panels, shares);
        square::<V>(head, gradient, value, panels, slopes);
        for token in 0..head.tokens {
            rows::<V>(shares.add(token * padded), slopes.add(token * padded), head.tokens, head.width);
        }
        let along = |matrix: *mut f32| Left { first: matrix, stride: padded, step: 1 };
        let across = |matrix: *mut f32| Left { first: matrix, stride: 1, step: padded };
        narrow::<V>(head, along(slopes), (key, head.input_stride), panels, to[0]);
        narrow::<V>(head, across(slopes), (query, head.input_stride), panels, to[1]);
        narrow::<V>(head, across(shares), gradient, panels, to[2]);
    }
}

/// A matrix of tokens by tokens: rows of the first factor by rows of the second (a part of the input).
#[inline(always)]
unsafe fn square<V: Vector>(
    head: &Head,
    left: (*const f32, usize),
    right: *const f32,
    panels: *mut f32,
    to: *mut f32,
) {
    let panel = 2 * V::LANES;
    let padded = head.tokens.next_multiple_of(panel);
    // SAFETY: passed on.
    unsafe {
        transpose::<V>((right, head.input_stride), (head.tokens, head.width), panels);
        for column in (0..head.tokens).step_by(panel) {
            let b = (panels.cast_const().add(column * head.width), panel);
            let sink = Square { to: to.add(column), stride: padded };
            tiles::<V>(head.tokens, Left::rows(left), b, head.width, &sink);
        }
    }
}

struct Square {
    to: *mut f32,
    stride: usize,
}

impl<V: Vector> Sink<V> for Square {
    #[inline(always)]
    unsafe fn put(&self, row: usize, half: usize, sums: V) {
        // SAFETY: a row is padded to whole panels.
        unsafe { sums.store(self.to.add(row * self.stride + half * V::LANES)) }
    }
}

/// One row of scores becomes one of P, and one of dP becomes one of dS.
#[inline(always)]
unsafe fn rows<V: Vector>(shares: *mut f32, slopes: *mut f32, tokens: usize, width: usize) {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let scale = 1.0 / (width as f32).sqrt();
    // SAFETY: both rows are padded to whole panels.
    unsafe {
        let whole = V::splat(softmax::<V>(shares, tokens, width));
        let mut sum = V::splat(0.0);
        for i in (0..tokens).step_by(V::LANES) {
            // In the padding stand the least of all powers, whose products would be too small to be fast.
            let share = V::load_part(shares.add(i), tokens - i, 0.0).mul(whole);
            share.store(shares.add(i));
            sum = share.mul_add(V::load_part(slopes.add(i), tokens - i, 0.0), sum);
        }
        let sum = V::splat(sum.sum());
        for i in (0..tokens).step_by(V::LANES) {
            let slope = V::load_part(slopes.add(i), tokens - i, 0.0).sub(sum).mul(V::splat(scale));
            slope.mul(V::load(shares.add(i))).store(slopes.add(i));
        }
    }
}

/// A matrix of tokens by the head's channels: a square one by rows of `right`.
#[inline(always)]
unsafe fn narrow<V: Vector>(
    head: &Head,
    left: Left,
    right: (*const f32, usize),
    panels: *mut f32,
    to: *mut f32,
) {
    let panel = 2 * V::LANES;
    // SAFETY: passed on.
    unsafe {
        arrange::<V>(right, (head.tokens, head.width), panels);
        for column in (0..head.width).step_by(panel) {
            let b = (panels.cast_const().add(column * head.tokens), panel);
            let sink = Narrow { to: to.add(column), stride: head.output_stride, room: head.width - column };
            tiles::<V>(head.tokens, left, b, head.tokens, &sink);
        }
    }
}

struct Narrow {
    to: *mut f32,
    stride: usize,
    room: usize,
}

impl<V: Vector> Sink<V> for Narrow {
    #[inline(always)]
    unsafe fn put(&self, row: usize, half: usize, sums: V) {
        let offset = half * V::LANES;
        let room = self.room.saturating_sub(offset);
        // SAFETY: only the head's own channels are written.
        unsafe { sums.store_part(self.to.wrapping_add(row * self.stride + offset), room) }
    }
}

#[cfg(test)]
mod tests;
