//! Products of 8-bit integers: activations (0..=255) by weights (-127..=127), summed in 32 bits.
//!
//! Every implementation gives the same integers, so that a CPU changes nothing but the time.

#![allow(clippy::missing_safety_doc, reason = "one condition for all, stated at the trait")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vnni;

/// A way to multiply a few rows of activations by one panel of weights.
///
/// # Safety
/// The CPU has the instructions of the implementation, and the caller is compiled for them.
pub(crate) trait Dot {
    /// Bytes that one activation takes in the form that [`Dot::tile`] reads.
    const BYTES: usize = 1;
    /// What is taken from an activation in that form: 128 where the instruction wants signed bytes.
    const SHIFT: u8 = 0;
    /// Rows that one tile may have; buffers of activations hold a multiple of them.
    const ROWS: usize;

    /// Called before the first tile of a product, and [`Dot::end`] after the last.
    unsafe fn begin() {}
    unsafe fn end() {}

    /// `sums[r][c] = Σ_k activations[r][k] × weights[k][c]` for the thirty-two columns of a panel.
    unsafe fn tile(tile: &Tile);
}

/// The operands of one tile.
pub(crate) struct Tile {
    /// Rows to compute, 1..=ROWS. More may be computed, where that is cheaper, but never more than ROWS.
    pub(crate) rows: usize,
    /// The first activation of the first row.
    pub(crate) activations: *const u8,
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    /// The panel: two strips of sixteen columns, `depth × 16` bytes each.
    pub(crate) weights: *const i8,
    /// Inputs, a multiple of 64.
    pub(crate) depth: usize,
    /// ROWS rows of thirty-two sums.
    pub(crate) sums: *mut i32,
}

/// Rows of the tallest tile of any implementation.
pub(crate) const MOST_ROWS: usize = 32;

/// Calls a function of `const ROWS` for as many rows as there are, in falling powers of two below the
/// full height, and moves on by what was done.
macro_rules! by_rows {
    ($tile:expr, $full:literal, $part:ident) => {{
        let tile: &crate::dot::Tile = $tile;
        let mut row = 0;
        while row < tile.rows {
            let at = |row: usize| {
                (
                    tile.activations.wrapping_add(row * tile.stride),
                    tile.sums.wrapping_add(row * crate::packed::PANEL),
                )
            };
            // SAFETY: rows up to `tile.rows` exist; the rest is the caller's promise.
            unsafe {
                row += match tile.rows - row {
                    left if left >= $full => $part::<$full>(tile, at(row)),
                    left if left >= 8 && $full > 8 => {
                        $part::<{ if $full > 8 { 8 } else { 1 } }>(tile, at(row))
                    }
                    left if left >= 4 && $full > 4 => {
                        $part::<{ if $full > 4 { 4 } else { 1 } }>(tile, at(row))
                    }
                    left if left >= 2 => $part::<2>(tile, at(row)),
                    _ => $part::<1>(tile, at(row)),
                };
            }
        }
    }};
}
pub(crate) use by_rows;

#[cfg(test)]
mod tests;
