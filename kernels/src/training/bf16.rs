//! Products of factors that are rounded to bfloat16 (the upper half of an f32, to nearest and even), with
//! sums in f32.
//!
//! Both factors are cut into blocks of 16 lines (rows of A, columns of B) by 32 numbers of depth, in which
//! two numbers of a line lie together: A's block has a line in each of its rows, B's in each of its columns.
//! That is what AMX multiplies, and what the dot-product instruction of AVX-512 takes as well.

#![allow(clippy::missing_safety_doc, reason = "one condition for all, stated at the trait")]

use std::cell::RefCell;

use super::product::{Base, Factor, Product};
use crate::vector::Vector;

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// Lines, and pairs of numbers, in a block.
const SIDE: usize = 16;
/// Depth of a block.
const DEEP: usize = 2 * SIDE;
/// Lines of a tile: two blocks.
const TILE: usize = 2 * SIDE;
/// Rows of C that are worked on together; A's part for them should stay in the core's own cache.
const ROWS: usize = 8 * TILE;
/// Depth that is worked on at once.
const SLICE: usize = 64 * DEEP;

/// Pairs of bfloat16, the earlier one in the lower half.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Block(pub(crate) [[u32; SIDE]; SIDE]);

/// Sums of a tile.
#[repr(C, align(64))]
pub(crate) struct Sums(pub(crate) [[f32; TILE]; TILE]);

/// A way to multiply blocks.
///
/// # Safety
/// The CPU has the instructions of the implementation, and the caller is compiled for them.
pub(crate) trait Rounded {
    /// Called before the first tile of a product, and [`Rounded::end`] after the last.
    unsafe fn begin() {}
    unsafe fn end() {}

    /// `sums` = A × B for two strips of `blocks` blocks each, the second `blocks` after the first.
    unsafe fn tile(a: *const Block, b: *const Block, blocks: usize, sums: &mut Sums);
}

/// The factors in blocks.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    a: Vec<Block>,
    b: Vec<Block>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends out this thread's scratch, which is as large as its largest product needed.
pub(crate) fn with_scratch(work: impl FnOnce(&mut Scratch)) {
    SCRATCH.with_borrow_mut(work);
}

/// The product, with rounded factors.
///
/// # Safety
/// The factors are valid for the product's shape; `c` is there and nobody else uses it.
#[inline(always)]
pub(crate) unsafe fn product<V: Vector, R: Rounded>(whole: &Product, scratch: &mut Scratch) {
    for start in (0..whole.depth).step_by(SLICE) {
        let depth = SLICE.min(whole.depth - start);
        let base = if start == 0 { whole.base } else { Base::Itself };
        let part = Product {
            depth,
            a: Factor { first: whole.a.at(0, start), ..whole.a },
            b: Factor { first: whole.b.at(start, 0), ..whole.b },
            base,
            ..*whole
        };
        // SAFETY: the caller's promise.
        unsafe {
            let columns = Lines { factor: part.b, along: part.b.transposed, first: 0, count: part.columns };
            pack::<V>(&columns, depth, !columns.along, &mut scratch.b);
            for row in (0..part.rows).step_by(ROWS) {
                let count = ROWS.min(part.rows - row);
                let rows = Lines { factor: part.a, along: !part.a.transposed, first: row, count };
                pack::<V>(&rows, depth, rows.along, &mut scratch.a);
                tiles::<V, R>(&part, row..row + count, scratch);
            }
        }
    }
}

/// All tiles of some rows of C.
#[inline(always)]
unsafe fn tiles<V: Vector, R: Rounded>(part: &Product, rows: std::ops::Range<usize>, scratch: &Scratch) {
    let blocks = part.depth.div_ceil(DEEP);
    let mut sums = Sums([[0.0; TILE]; TILE]);
    // SAFETY: strips are there for whole tiles of rows and columns.
    unsafe {
        R::begin();
        for column in (0..part.columns).step_by(TILE) {
            let b = scratch.b.as_ptr().add(column / SIDE * blocks);
            for row in rows.clone().step_by(TILE) {
                let a = scratch.a.as_ptr().add((row - rows.start) / SIDE * blocks);
                R::tile(a, b, blocks, &mut sums);
                for (r, sums) in sums.0.iter().enumerate().take(rows.end - row) {
                    for place in (0..TILE).step_by(V::LANES) {
                        part.put(row + r, column + place, V::load(sums.as_ptr().add(place)));
                    }
                }
            }
        }
        R::end();
    }
}

/// Lines of a factor: rows of A or columns of B.
struct Lines {
    factor: Factor,
    /// Whether the numbers of a line lie side by side in memory.
    along: bool,
    first: usize,
    count: usize,
}

/// The lines as strips of blocks, filled up to whole tiles with zeros; `as_read` says whether the blocks
/// are to be as [`read`] gives them.
#[inline(always)]
unsafe fn pack<V: Vector>(lines: &Lines, depth: usize, as_read: bool, to: &mut Vec<Block>) {
    let blocks = depth.div_ceil(DEEP);
    let strips = lines.count.div_ceil(TILE) * 2;
    if to.len() < strips * blocks {
        to.resize(strips * blocks, Block([[0; SIDE]; SIDE]));
    }
    // In the order of memory: line by line, or depth by depth.
    for i in 0..strips * blocks {
        let (strip, number) = if lines.along { (i / blocks, i % blocks) } else { (i % strips, i / strips) };
        // SAFETY: only what is there is read.
        unsafe {
            let block = read(lines, strip * SIDE, number * DEEP, depth);
            let to = &mut to[strip * blocks + number];
            if as_read {
                *to = block;
            } else {
                transpose::<V>(&block, to);
            }
        }
    }
}

/// One block as it lies in memory: its rows are lines where the numbers of a line lie side by side, else
/// pairs.
#[inline(always)]
unsafe fn read(lines: &Lines, line: usize, start: usize, depth: usize) -> Block {
    let mut block = Block([[0; SIDE]; SIDE]);
    let count = lines.count.saturating_sub(line).min(SIDE);
    let deep = (depth - start).min(DEEP);
    let Factor { first, stride, .. } = lines.factor;
    let line = lines.first + line;
    if lines.along {
        for (i, row) in block.0.iter_mut().enumerate().take(count) {
            let from = first.wrapping_add((line + i) * stride + start);
            // SAFETY: `deep` numbers of the line are there.
            let numbers = unsafe { std::slice::from_raw_parts(from, deep) };
            along(numbers, row);
        }
    } else {
        for (i, row) in block.0.iter_mut().enumerate().take(deep.div_ceil(2)) {
            let from = first.wrapping_add((start + 2 * i) * stride + line);
            // SAFETY: `count` lines are there, at one depth and, if there is one, at the next.
            let (one, other) = unsafe {
                let one = std::slice::from_raw_parts(from, count);
                let there = 2 * i + 1 < deep;
                (one, there.then(|| std::slice::from_raw_parts(from.wrapping_add(stride), count)))
            };
            across(one, other, row);
        }
    }
    block
}

/// Exchanges the rows and columns of a block.
#[inline(always)]
unsafe fn transpose<V: Vector>(block: &Block, to: &mut Block) {
    let (from, to) = (block.0.as_ptr().cast::<f32>(), to.0.as_mut_ptr().cast::<f32>());
    for row in (0..SIDE).step_by(V::LANES) {
        for column in (0..SIDE).step_by(V::LANES) {
            // SAFETY: the square is within the blocks; pairs are moved as they are.
            unsafe {
                V::transpose((from.add(row * SIDE + column), SIDE), (to.add(column * SIDE + row), SIDE));
            }
        }
    }
}

/// Neighbours become pairs.
#[inline(always)]
fn along(numbers: &[f32], row: &mut [u32; SIDE]) {
    if let Ok(numbers) = <&[f32; DEEP]>::try_from(numbers) {
        for (i, pair) in row.iter_mut().enumerate() {
            *pair = together(numbers[2 * i], numbers[2 * i + 1]);
        }
    } else {
        for (pair, numbers) in row.iter_mut().zip(numbers.chunks(2)) {
            *pair = together(numbers[0], numbers.get(1).copied().unwrap_or(0.0));
        }
    }
}

/// Numbers of one depth and those of the next become pairs.
#[inline(always)]
fn across(one: &[f32], other: Option<&[f32]>, row: &mut [u32; SIDE]) {
    let whole = (<&[f32; SIDE]>::try_from(one), other.map(<&[f32; SIDE]>::try_from));
    if let (Ok(one), Some(Ok(other))) = whole {
        for (i, pair) in row.iter_mut().enumerate() {
            *pair = together(one[i], other[i]);
        }
    } else {
        for (i, (pair, &one)) in row.iter_mut().zip(one).enumerate() {
            *pair = together(one, other.map_or(0.0, |other| other[i]));
        }
    }
}

#[inline(always)]
fn together(one: f32, other: f32) -> u32 {
    round(one) >> 16 | round(other)
}

/// The bits of the nearest bfloat16, as an f32's; numbers that are none stay so.
#[inline(always)]
pub(crate) fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    let kept = if x.is_nan() { bits | 0x0040_0000 } else { nearest };
    kept & 0xffff_0000
}

#[cfg(test)]
mod tests;
