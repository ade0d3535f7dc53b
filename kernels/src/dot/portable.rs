//! The definition in plain Rust, which the others are tested against.

use super::{Dot, Tile};
use crate::packed::{PANEL, STRIP};

pub(crate) struct Portable;

impl Dot for Portable {
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        for row in 0..tile.rows {
            // SAFETY: the caller's promise about rows, depth and the panel of two strips.
            let (activations, sums) = unsafe {
                (
                    std::slice::from_raw_parts(tile.activations.add(row * tile.stride), tile.depth),
                    std::slice::from_raw_parts_mut(tile.sums.add(row * PANEL), PANEL),
                )
            };
            for (half, sums) in sums.chunks_exact_mut(STRIP).enumerate() {
                let len = tile.depth * STRIP;
                // SAFETY: as above.
                let strip = unsafe { std::slice::from_raw_parts(tile.weights.add(half * len), len) };
                sums.copy_from_slice(&strip_sums(activations, strip));
            }
        }
    }
}

#[inline(always)]
fn strip_sums(activations: &[u8], strip: &[i8]) -> [i32; STRIP] {
    let mut sums = [0i32; STRIP];
    for (four, weights) in activations.chunks_exact(4).zip(strip.chunks_exact(4 * STRIP)) {
        for (sum, column) in sums.iter_mut().zip(weights.chunks_exact(4)) {
            for k in 0..4 {
                *sum += i32::from(four[k]) * i32::from(column[k]);
            }
        }
    }
    sums
}
