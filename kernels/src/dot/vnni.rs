//! The dot-product instruction `vpdpbusd`, in registers of 512 bits (AVX-512 VNNI) and 256 (AVX-VNNI).

use std::arch::x86_64::*;

use super::{Dot, Tile, by_rows};
use crate::packed::{PANEL, STRIP};

/// 512 bits: sixteen columns a register.
pub(crate) struct Avx512Vnni;

impl Dot for Avx512Vnni {
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        by_rows!(tile, 12, part512);
    }
}

#[inline(always)]
unsafe fn part512<const ROWS: usize>(tile: &Tile, (activations, sums): (*const u8, *mut i32)) -> usize {
    // SAFETY: AVX-512 VNNI and the extent of the operands are the promise of `Dot`.
    unsafe {
        let mut acc = [[_mm512_setzero_si512(); 2]; ROWS];
        let (left, right) = (tile.weights, tile.weights.add(tile.depth * STRIP));
        for k in (0..tile.depth).step_by(4) {
            let b = [
                _mm512_loadu_si512(left.add(k * STRIP).cast()),
                _mm512_loadu_si512(right.add(k * STRIP).cast()),
            ];
            for (row, acc) in acc.iter_mut().enumerate() {
                let a =
                    _mm512_set1_epi32(activations.add(row * tile.stride + k).cast::<i32>().read_unaligned());
                acc[0] = _mm512_dpbusd_epi32(acc[0], a, b[0]);
                acc[1] = _mm512_dpbusd_epi32(acc[1], a, b[1]);
            }
        }
        for (row, acc) in acc.iter().enumerate() {
            _mm512_storeu_si512(sums.add(row * PANEL).cast(), acc[0]);
            _mm512_storeu_si512(sums.add(row * PANEL + STRIP).cast(), acc[1]);
        }
    }
    ROWS
}

/// 256 bits: eight columns a register.
pub(crate) struct AvxVnni;

impl Dot for AvxVnni {
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        by_rows!(tile, 6, part256);
    }
}

#[inline(always)]
unsafe fn part256<const ROWS: usize>(tile: &Tile, (activations, sums): (*const u8, *mut i32)) -> usize {
    // SAFETY: AVX-VNNI and the extent of the operands are the promise of `Dot`.
    unsafe {
        for half in 0..2 {
            let strip = tile.weights.add(half * tile.depth * STRIP);
            let mut acc = [[_mm256_setzero_si256(); 2]; ROWS];
            for k in (0..tile.depth).step_by(4) {
                let b = strip.add(k * STRIP).cast::<__m256i>();
                let b = [_mm256_loadu_si256(b), _mm256_loadu_si256(b.add(1))];
                for (row, acc) in acc.iter_mut().enumerate() {
                    let a = activations.add(row * tile.stride + k).cast::<i32>().read_unaligned();
                    let a = _mm256_set1_epi32(a);
                    acc[0] = _mm256_dpbusd_avx_epi32(acc[0], a, b[0]);
                    acc[1] = _mm256_dpbusd_avx_epi32(acc[1], a, b[1]);
                }
            }
            for (row, acc) in acc.iter().enumerate() {
                let to = sums.add(row * PANEL + half * STRIP).cast::<__m256i>();
                _mm256_storeu_si256(to, acc[0]);
                _mm256_storeu_si256(to.add(1), acc[1]);
            }
        }
    }
    ROWS
}
