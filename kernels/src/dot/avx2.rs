//! AVX2 without a dot-product instruction.
//!
//! `vpmaddubsw` would take bytes as they are, but it saturates at 16 bits and so loses sums that the
//! other paths keep. Both factors are widened to 16 bits instead and multiplied by `vpmaddwd`, which is
//! exact: half the products an instruction, the same integers.

use std::arch::x86_64::*;

use super::{Dot, Tile, by_rows};
use crate::packed::{PANEL, STRIP};

pub(crate) struct Avx2;

impl Dot for Avx2 {
    const BYTES: usize = 2;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        by_rows!(tile, 6, part);
    }
}

/// Columns of one register: four inputs of each lie in it as two sums of two.
const COLUMNS: usize = 4;

#[inline(always)]
unsafe fn widened(from: *const __m128i) -> __m256i {
    // SAFETY: AVX2 is there and sixteen bytes can be read.
    unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(from)) }
}

#[inline(always)]
unsafe fn part<const ROWS: usize>(tile: &Tile, (activations, sums): (*const u8, *mut i32)) -> usize {
    // SAFETY: AVX2 and the extent of the operands are the promise of `Dot`.
    unsafe {
        for first in (0..PANEL).step_by(2 * COLUMNS) {
            let strip = tile.weights.add(first / STRIP * STRIP * tile.depth + first % STRIP * 4);
            let mut acc = [[_mm256_setzero_si256(); 2]; ROWS];
            for k in (0..tile.depth).step_by(4) {
                let b = strip.add(k * STRIP).cast::<__m128i>();
                let b = [widened(b), widened(b.add(1))];
                for (row, acc) in acc.iter_mut().enumerate() {
                    let a = activations.add(row * tile.stride + 2 * k).cast::<i64>().read_unaligned();
                    let a = _mm256_set1_epi64x(a);
                    acc[0] = _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, b[0]));
                    acc[1] = _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, b[1]));
                }
            }
            for (row, acc) in acc.iter().enumerate() {
                // Neighbours added: columns 0 1 4 5 | 2 3 6 7, then put in order.
                let pairs = _mm256_hadd_epi32(acc[0], acc[1]);
                let pairs = _mm256_permute4x64_epi64::<0b11_01_10_00>(pairs);
                _mm256_storeu_si256(sums.add(row * PANEL + first).cast(), pairs);
            }
        }
    }
    ROWS
}
