//! C = A·B of row-major matrices, either of which may lie transposed, in f32.

use std::cell::RefCell;

use crate::attention::transpose;
use crate::linear::{Left, Sink, tiles};
use crate::memory::Aligned;
use crate::vector::Vector;

/// Rows of C that are worked on together: a multiple of every vector's `ROWS`.
const BLOCK: usize = 96;
/// Depth that is worked on at once, so that a block of A (400 KB) and a panel of B stay in the core's own
/// cache.
const DEPTH: usize = 1024;

/// A matrix in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factor {
    /// Its first number.
    pub(crate) first: *const f32,
    /// Floats from one line in memory to the next.
    pub(crate) stride: usize,
    /// Whether a line in memory is a column.
    pub(crate) transposed: bool,
}

impl Factor {
    /// The number at `row` and `column`.
    pub(crate) fn at(&self, row: usize, column: usize) -> *const f32 {
        let (line, place) = if self.transposed { (column, row) } else { (row, column) };
        self.first.wrapping_add(line * self.stride + place)
    }
}

/// What a sum is added to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Base {
    Nothing,
    /// One number for each column.
    Bias(*const f32),
    /// What stands there already.
    Itself,
}

/// A product of `rows` × `depth` by `depth` × `columns`, whose rows lie without gaps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) a: Factor,
    pub(crate) b: Factor,
    pub(crate) c: *mut f32,
    pub(crate) base: Base,
}

impl Product {
    /// Puts the sums of one register where they belong.
    ///
    /// # Safety
    /// `c` is there, and so are the instructions of `V`.
    #[inline(always)]
    pub(crate) unsafe fn put<V: Vector>(&self, row: usize, column: usize, sums: V) {
        let room = self.columns.saturating_sub(column);
        if room == 0 {
            return;
        }
        // SAFETY: only columns that C has are read and written.
        unsafe {
            let to = self.c.add(row * self.columns + column);
            let sums = match self.base {
                Base::Nothing => sums,
                Base::Bias(bias) => sums.add(V::load_part(bias.add(column), room, 0.0)),
                Base::Itself => sums.add(V::load_part(to, room, 0.0)),
            };
            sums.store_part(to, room);
        }
    }
}

/// Panels of B, and a block of A where it lies transposed.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    panels: Aligned<f32>,
    strips: Aligned<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends out this thread's scratch, which is as large as its largest product needed.
pub(crate) fn with_scratch(work: impl FnOnce(&mut Scratch)) {
    SCRATCH.with_borrow_mut(work);
}

/// The product, in f32.
///
/// # Safety
/// The factors are valid for the product's shape; `c` is there and nobody else uses it.
#[inline(always)]
pub(crate) unsafe fn product<V: Vector>(whole: &Product, scratch: &mut Scratch) {
    let panel = 2 * V::LANES;
    scratch.panels.reserve(whole.columns.next_multiple_of(panel) * whole.depth.min(DEPTH));
    scratch.strips.reserve(BLOCK * whole.depth.min(DEPTH));
    for start in (0..whole.depth).step_by(DEPTH) {
        let depth = DEPTH.min(whole.depth - start);
        let base = if start == 0 { whole.base } else { Base::Itself };
        // SAFETY: the caller's promise; the scratch holds a slice of that depth.
        unsafe {
            let part = Product {
                depth,
                a: Factor { first: whole.a.at(0, start), ..whole.a },
                b: Factor { first: whole.b.at(start, 0), ..whole.b },
                base,
                ..*whole
            };
            pack_panels::<V>(&part, scratch.panels.as_mut_ptr());
            for row in (0..whole.rows).step_by(BLOCK) {
                block::<V>(&part, row, scratch);
            }
        }
    }
}

/// The rows from `row`, as many as a block has.
#[inline(always)]
unsafe fn block<V: Vector>(part: &Product, row: usize, scratch: &mut Scratch) {
    let rows = BLOCK.min(part.rows - row);
    let panel = 2 * V::LANES;
    // SAFETY: the caller's promise of `product`.
    unsafe {
        if part.a.transposed {
            pack_strips::<V>(part, row, rows, scratch.strips.as_mut_ptr());
        }
        for column in (0..part.columns).step_by(panel) {
            let b = (scratch.panels.as_ptr().add(column * part.depth), panel);
            if part.a.transposed {
                for strip in (0..rows).step_by(V::ROWS) {
                    let first = scratch.strips.as_ptr().add(strip * part.depth);
                    let a = Left { first, stride: 1, step: V::ROWS };
                    let sink = Rows { part, row: row + strip, column };
                    tiles::<V>(V::ROWS.min(rows - strip), a, b, part.depth, &sink);
                }
            } else {
                let a = Left::rows((part.a.at(row, 0), part.a.stride));
                tiles::<V>(rows, a, b, part.depth, &Rows { part, row, column });
            }
        }
    }
}

/// Sums go to the rows from `row` and the columns from `column`.
struct Rows<'a> {
    part: &'a Product,
    row: usize,
    column: usize,
}

impl<V: Vector> Sink<V> for Rows<'_> {
    #[inline(always)]
    unsafe fn put(&self, row: usize, half: usize, sums: V) {
        // SAFETY: the row is one of C's.
        unsafe { self.part.put(self.row + row, self.column + half * V::LANES, sums) }
    }
}

/// B as panels of two registers' width, filled up with zeros.
#[inline(always)]
unsafe fn pack_panels<V: Vector>(part: &Product, to: *mut f32) {
    let panel = 2 * V::LANES;
    for column in (0..part.columns).step_by(panel) {
        let columns = panel.min(part.columns - column);
        // SAFETY: row and column are B's own; the panels hold its depth.
        unsafe {
            let to = to.add(column * part.depth);
            if part.b.transposed {
                to.write_bytes(0, if columns < panel { panel * part.depth } else { 0 });
                transpose::<V>((part.b.at(0, column), part.b.stride), (columns, part.depth), to);
            } else {
                for k in 0..part.depth {
                    let (from, to) = (part.b.at(k, column), to.add(k * panel));
                    for half in [0, V::LANES] {
                        let room = columns.saturating_sub(half);
                        V::load_part(from.wrapping_add(half), room, 0.0).store(to.add(half));
                    }
                }
            }
        }
    }
}

/// Rows of A, which lies transposed, as strips of as many rows as a tile has.
#[inline(always)]
unsafe fn pack_strips<V: Vector>(part: &Product, row: usize, rows: usize, to: *mut f32) {
    for strip in (0..rows).step_by(V::ROWS) {
        let count = V::ROWS.min(rows - strip);
        for k in 0..part.depth {
            // SAFETY: the rows are A's own; the strips hold a block.
            unsafe {
                let (from, to) = (part.a.at(row + strip, k), to.add(strip * part.depth + k * V::ROWS));
                for r in 0..count {
                    *to.add(r) = *from.add(r);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
