//! Attention of one head over one text, in f32.

use std::cell::RefCell;

use crate::linear::{Left, Sink, tiles};
use crate::math::exp;
use crate::memory::Aligned;
use crate::packed::PANEL;
use crate::vector::Vector;

/// One head of one text: rows of queries, keys and values lie side by side in `input`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// Tokens of the text.
    pub(crate) tokens: usize,
    /// Width of the head.
    pub(crate) width: usize,
    /// The head's first query; keys and values follow at `part` and twice `part`.
    pub(crate) input: *const f32,
    /// Floats from the queries to the keys, and from the keys to the values.
    pub(crate) part: usize,
    /// Floats from one token to the next in `input`.
    pub(crate) input_stride: usize,
    /// Where the head's part of the first token's context goes.
    pub(crate) output: *mut f32,
    /// Floats from one token to the next in `output`.
    pub(crate) output_stride: usize,
}

/// Keys, values and scores of the head in work.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    keys: Aligned<f32>,
    values: Aligned<f32>,
    scores: Aligned<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends out this thread's scratch, which is as large as its longest text needed.
pub(crate) fn with_scratch(work: impl FnOnce(&mut Scratch)) {
    SCRATCH.with_borrow_mut(work);
}

/// softmax(Q Kᵀ / √width) V.
///
/// # Safety
/// The pointers of `head` are valid for its tokens, and nobody else writes to its part of the output.
#[inline(always)]
pub(crate) unsafe fn attention<V: Vector>(head: &Head, scratch: &mut Scratch) {
    let panel = 2 * V::LANES;
    let keys_padded = head.tokens.next_multiple_of(PANEL);
    scratch.keys.reserve(keys_padded * head.width);
    scratch.values.reserve(head.tokens * head.width.next_multiple_of(panel));
    scratch.scores.reserve(V::ROWS * keys_padded);
    // SAFETY: the caller's promise, and the scratch is as large as what is put into it.
    unsafe {
        let part = |n: usize| (head.input.add(n * head.part), head.input_stride);
        transpose::<V>(part(1), (head.tokens, head.width), scratch.keys.as_mut_ptr());
        arrange::<V>(part(2), (head.tokens, head.width), scratch.values.as_mut_ptr());
        let scores = scratch.scores.as_mut_ptr();
        let mut shares = [0f32; 16];
        for row in (0..head.tokens).step_by(V::ROWS) {
            let rows = V::ROWS.min(head.tokens - row);
            let queries = Left::rows((head.input.add(row * head.input_stride), head.input_stride));
            for key in (0..head.tokens).step_by(panel) {
                let keys = scratch.keys.as_ptr().add(key * head.width);
                let sink = Scores { to: scores.add(key), stride: keys_padded };
                tiles::<V>(rows, queries, (keys, panel), head.width, &sink);
            }
            for (r, share) in shares.iter_mut().take(rows).enumerate() {
                *share = softmax::<V>(scores.add(r * keys_padded), head.tokens, head.width);
            }
            for first in (0..head.width).step_by(panel) {
                let values = scratch.values.as_ptr().add(first * head.tokens);
                let sink = Context { head, row, first, shares: &shares };
                let scores = Left::rows((scores.cast_const(), keys_padded));
                tiles::<V>(rows, scores, (values, panel), head.tokens, &sink);
            }
        }
    }
}

/// Scores of queries by keys.
struct Scores {
    to: *mut f32,
    stride: usize,
}

impl<V: Vector> Sink<V> for Scores {
    #[inline(always)]
    unsafe fn put(&self, row: usize, half: usize, sums: V) {
        // SAFETY: a row of scores is padded to whole panels.
        unsafe { sums.store(self.to.add(row * self.stride + half * V::LANES)) }
    }
}

/// Sums of values, each row to be multiplied by its share.
struct Context<'a> {
    head: &'a Head,
    row: usize,
    first: usize,
    shares: &'a [f32; 16],
}

impl<V: Vector> Sink<V> for Context<'_> {
    #[inline(always)]
    unsafe fn put(&self, row: usize, half: usize, sums: V) {
        let column = self.first + half * V::LANES;
        // SAFETY: only the head's own columns are written.
        unsafe {
            let to = self.head.output.add((self.row + row) * self.head.output_stride + column);
            let room = self.head.width.saturating_sub(column);
            sums.mul(V::splat(self.shares[row])).store_part(to, room);
        }
    }
}

/// Powers of e in place of the scores, unnormalised; returns what they must be multiplied by.
///
/// # Safety
/// The row is padded to whole panels.
#[inline(always)]
pub(crate) unsafe fn softmax<V: Vector>(scores: *mut f32, keys: usize, width: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    let scale = 1.0 / (width as f32).sqrt();
    let padded = keys.next_multiple_of(V::LANES);
    // SAFETY: a row of scores is padded to whole panels.
    unsafe {
        for key in keys..padded {
            *scores.add(key) = -1e30;
        }
        let mut largest = V::splat(-1e30);
        for key in (0..padded).step_by(V::LANES) {
            largest = largest.max(V::load(scores.add(key)));
        }
        let shift = V::splat(-largest.largest() * scale);
        let mut sum = V::splat(0.0);
        for key in (0..padded).step_by(V::LANES) {
            let power = exp(V::load(scores.add(key)).mul_add(V::splat(scale), shift));
            power.store(scores.add(key));
            sum = sum.add(power);
        }
        1.0 / sum.sum()
    }
}

/// Rows (of keys) as panels: for each channel, as many rows side by side as two registers hold.
///
/// # Safety
/// `from` is valid for so many rows of that width, `stride` apart; `to` holds whole panels of rows.
#[inline(always)]
pub(crate) unsafe fn transpose<V: Vector>(
    (from, stride): (*const f32, usize),
    (rows, width): (usize, usize),
    to: *mut f32,
) {
    let panel = 2 * V::LANES;
    let whole = (rows - rows % V::LANES, width - width % V::LANES);
    for row in (0..rows).step_by(V::LANES) {
        let to = to.wrapping_add(row / panel * panel * width + row % panel);
        for channel in (0..width).step_by(V::LANES) {
            // SAFETY: the square, or what there is of it, lies within the rows.
            unsafe {
                let (from, to) = (from.add(row * stride + channel), to.add(channel * panel));
                if row < whole.0 && channel < whole.1 {
                    V::transpose((from, stride), (to, panel));
                    continue;
                }
                for r in 0..V::LANES.min(rows - row) {
                    for c in 0..V::LANES.min(width - channel) {
                        *to.add(c * panel + r) = *from.add(r * stride + c);
                    }
                }
            }
        }
    }
}

/// Rows (of values) as panels: for each row, as many channels side by side as two registers hold; what is
/// missing to the last panel is 0.
///
/// # Safety
/// `from` is valid for so many rows of that width, `stride` apart; `to` holds whole panels of channels.
#[inline(always)]
pub(crate) unsafe fn arrange<V: Vector>(
    (from, stride): (*const f32, usize),
    (rows, width): (usize, usize),
    to: *mut f32,
) {
    let panel = 2 * V::LANES;
    for first in (0..width).step_by(panel) {
        for row in 0..rows {
            for half in [0, V::LANES] {
                let channel = first + half;
                // SAFETY: only channels that are there are read.
                unsafe {
                    let from = from.wrapping_add(row * stride + channel);
                    let numbers = V::load_part(from, width.saturating_sub(channel), 0.0);
                    numbers.store(to.add(first * rows + row * panel + half));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
