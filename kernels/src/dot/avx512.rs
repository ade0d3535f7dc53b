//! AVX-512 BW without VNNI: as `avx2`, in registers of 512 bits.

use std::arch::x86_64::*;

use super::{Dot, Tile, by_rows};
use crate::packed::{PANEL, STRIP};

pub(crate) struct Avx512;

impl Dot for Avx512 {
    const BYTES: usize = 2;
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        by_rows!(tile, 12, part);
    }
}

#[inline(always)]
unsafe fn widened(from: *const __m256i) -> __m512i {
    // SAFETY: AVX-512 BW is there and thirty-two bytes can be read.
    unsafe { _mm512_cvtepi8_epi16(_mm256_loadu_si256(from)) }
}

#[inline(always)]
unsafe fn part<const ROWS: usize>(tile: &Tile, (activations, sums): (*const u8, *mut i32)) -> usize {
    // SAFETY: AVX-512 BW and the extent of the operands are the promise of `Dot`.
    unsafe {
        for half in 0..2 {
            let strip = tile.weights.add(half * tile.depth * STRIP);
            let mut acc = [[_mm512_setzero_si512(); 2]; ROWS];
            for k in (0..tile.depth).step_by(4) {
                let b = strip.add(k * STRIP).cast::<__m256i>();
                let b = [widened(b), widened(b.add(1))];
                for (row, acc) in acc.iter_mut().enumerate() {
                    let a = activations.add(row * tile.stride + 2 * k).cast::<i64>().read_unaligned();
                    let a = _mm512_set1_epi64(a);
                    acc[0] = _mm512_add_epi32(acc[0], _mm512_madd_epi16(a, b[0]));
                    acc[1] = _mm512_add_epi32(acc[1], _mm512_madd_epi16(a, b[1]));
                }
            }
            // Each register holds eight columns as two sums of two: even ones plus odd ones.
            let even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
            let odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
            for (row, acc) in acc.iter().enumerate() {
                let sum = _mm512_add_epi32(
                    _mm512_permutex2var_epi32(acc[0], even, acc[1]),
                    _mm512_permutex2var_epi32(acc[0], odd, acc[1]),
                );
                _mm512_storeu_si512(sums.add(row * PANEL + half * STRIP).cast(), sum);
            }
        }
    }
    ROWS
}
