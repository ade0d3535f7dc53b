//! The dot-product instruction `vdpbf16ps` of AVX-512.

use std::arch::x86_64::*;

use super::{Block, Rounded, SIDE, Sums, TILE};

pub(crate) struct Avx512;

/// Rows whose sums stay in registers.
const ROWS: usize = 8;

impl Rounded for Avx512 {
    #[inline(always)]
    unsafe fn tile(a: *const Block, b: *const Block, blocks: usize, sums: &mut Sums) {
        for row in (0..TILE).step_by(ROWS) {
            // SAFETY: the CPU has AVX-512 with bfloat16; two strips of each factor are there.
            unsafe {
                let a = a.add(row / SIDE * blocks).cast::<i32>().add(row % SIDE * SIDE);
                let mut acc = [[_mm512_setzero_ps(); 2]; ROWS];
                for block in 0..blocks {
                    for pair in 0..SIDE {
                        let b = b.add(block).cast::<i32>().add(pair * SIDE);
                        let b = [bf16(b), bf16(b.add(blocks * SIDE * SIDE))];
                        for (row, acc) in acc.iter_mut().enumerate() {
                            let pair = *a.add(block * SIDE * SIDE + row * SIDE + pair);
                            let pair = std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(pair));
                            acc[0] = _mm512_dpbf16_ps(acc[0], pair, b[0]);
                            acc[1] = _mm512_dpbf16_ps(acc[1], pair, b[1]);
                        }
                    }
                }
                for (sums, acc) in sums.0[row..].iter_mut().zip(acc) {
                    _mm512_storeu_ps(sums.as_mut_ptr(), acc[0]);
                    _mm512_storeu_ps(sums.as_mut_ptr().add(SIDE), acc[1]);
                }
            }
        }
    }
}

/// # Safety
/// The CPU has AVX-512, and sixteen pairs are there.
#[inline(always)]
unsafe fn bf16(from: *const i32) -> __m512bh {
    // SAFETY: the caller's promise; the types are of the same bits.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_loadu_si512(from.cast())) }
}
