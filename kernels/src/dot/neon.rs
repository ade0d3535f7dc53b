//! aarch64: `sdot` where the CPU has it, else 16-bit products. Both want signed activations.

use std::arch::aarch64::*;
use std::arch::asm;

use super::{Dot, Tile, by_rows};
use crate::packed::{PANEL, STRIP};

/// The dot-product instruction of Armv8.2.
pub(crate) struct NeonDot;

impl Dot for NeonDot {
    const SHIFT: u8 = 128;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        by_rows!(tile, 4, part_dot);
    }
}

#[inline(always)]
unsafe fn part_dot<const ROWS: usize>(tile: &Tile, (activations, sums): (*const u8, *mut i32)) -> usize {
    // SAFETY: `dotprod` and the extent of the operands are the promise of `Dot`.
    unsafe {
        for half in 0..2 {
            let strip = tile.weights.add(half * tile.depth * STRIP);
            let mut acc = [[vdupq_n_s32(0); 4]; ROWS];
            for k in (0..tile.depth).step_by(4) {
                let b = vld1q_s8_x4(strip.add(k * STRIP));
                let b = [b.0, b.1, b.2, b.3];
                for (row, acc) in acc.iter_mut().enumerate() {
                    let a = activations.add(row * tile.stride + k).cast::<i32>().read_unaligned();
                    let a = vreinterpretq_s8_s32(vdupq_n_s32(a));
                    for (acc, b) in acc.iter_mut().zip(b) {
                        *acc = sdot(*acc, b, a);
                    }
                }
            }
            for (row, acc) in acc.iter().enumerate() {
                for (i, four) in acc.iter().enumerate() {
                    vst1q_s32(sums.add(row * PANEL + half * STRIP + 4 * i), *four);
                }
            }
        }
    }
    ROWS
}

/// Four sums of four products; the intrinsic is not stable in Rust yet.
#[inline(always)]
unsafe fn sdot(mut acc: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: `dotprod` is there by the promise of `Dot`; registers only.
    unsafe {
        asm!(
            "sdot {acc:v}.4s, {a:v}.16b, {b:v}.16b",
            acc = inout(vreg) acc, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    acc
}

/// Plain NEON.
pub(crate) struct Neon;

impl Dot for Neon {
    const SHIFT: u8 = 128;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        by_rows!(tile, 4, part_long);
    }
}

#[inline(always)]
unsafe fn part_long<const ROWS: usize>(tile: &Tile, (activations, sums): (*const u8, *mut i32)) -> usize {
    // SAFETY: NEON and the extent of the operands are the promise of `Dot`.
    unsafe {
        for first in (0..PANEL).step_by(4) {
            let strip = tile.weights.add(first / STRIP * STRIP * tile.depth + first % STRIP * 4);
            // Two columns a register, each as two sums.
            let mut acc = [[vdupq_n_s32(0); 2]; ROWS];
            for k in (0..tile.depth).step_by(4) {
                let b = vld1q_s8(strip.add(k * STRIP));
                for (row, acc) in acc.iter_mut().enumerate() {
                    let a = activations.add(row * tile.stride + k).cast::<i32>().read_unaligned();
                    let a = vreinterpretq_s8_s32(vdupq_n_s32(a));
                    acc[0] = vpadalq_s16(acc[0], vmull_s8(vget_low_s8(a), vget_low_s8(b)));
                    acc[1] = vpadalq_s16(acc[1], vmull_high_s8(a, b));
                }
            }
            for (row, acc) in acc.iter().enumerate() {
                vst1q_s32(sums.add(row * PANEL + first), vpaddq_s32(acc[0], acc[1]));
            }
        }
    }
    ROWS
}
