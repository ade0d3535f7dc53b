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

    #[inline(always)]
    unsafe fn transpose(block: &Block) -> Block {
        // SAFETY: AVX-512 F, as above.
        unsafe { transpose(block) }
    }
}

/// # Safety
/// The CPU has AVX-512, and sixteen pairs are there.
#[inline(always)]
unsafe fn bf16(from: *const i32) -> __m512bh {
    // SAFETY: the caller's promise; the types are of the same bits.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_loadu_si512(from.cast())) }
}

/// Exchanges rows and columns: twice among the four of a quarter of a register, twice among the quarters.
///
/// # Safety
/// The CPU has AVX-512 F.
#[inline(always)]
pub(super) unsafe fn transpose(block: &Block) -> Block {
    // SAFETY: the caller's promise; a block has sixteen rows of a register each.
    unsafe {
        let mut rows = [_mm512_setzero_si512(); SIDE];
        for (row, from) in rows.iter_mut().zip(&block.0) {
            *row = _mm512_load_si512(from.as_ptr().cast());
        }
        let mut pairs = rows;
        for i in (0..SIDE).step_by(2) {
            pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
            pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
        }
        // Of the rows 4n..4n + 4: in each quarter the column 4 × quarter + i % 4.
        let mut fours = rows;
        for i in (0..SIDE).step_by(4) {
            for j in 0..2 {
                fours[i + 2 * j] = _mm512_unpacklo_epi64(pairs[i + j], pairs[i + j + 2]);
                fours[i + 2 * j + 1] = _mm512_unpackhi_epi64(pairs[i + j], pairs[i + j + 2]);
            }
        }
        // Of the rows 8n..8n + 8: the columns of the quarters 0 and 2, then those of 1 and 3.
        let mut eights = rows;
        for i in [0, 1, 2, 3, 8, 9, 10, 11] {
            eights[i] = _mm512_shuffle_i32x4::<0x88>(fours[i], fours[i + 4]);
            eights[i + 4] = _mm512_shuffle_i32x4::<0xdd>(fours[i], fours[i + 4]);
        }
        let mut to = Block([[0; SIDE]; SIDE]);
        for i in 0..8 {
            let (x, y) = (eights[i], eights[i + 8]);
            _mm512_store_si512(to.0[i].as_mut_ptr().cast(), _mm512_shuffle_i32x4::<0x88>(x, y));
            _mm512_store_si512(to.0[i + 8].as_mut_ptr().cast(), _mm512_shuffle_i32x4::<0xdd>(x, y));
        }
        to
    }
}
