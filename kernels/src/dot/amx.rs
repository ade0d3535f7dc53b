//! AMX: tiles of 16 rows × 64 bytes, multiplied by a unit of their own.
//!
//! The strips of the packed weights are what `tdpbusd` takes as its second factor. The intrinsics are not
//! stable in Rust yet, so the instructions stand here as assembly; the compiler knows no tile registers
//! and so never touches them.

use std::arch::asm;

use super::{Dot, Tile};
use crate::packed::{PANEL, STRIP};

pub(crate) struct Amx;

/// Rows of one tile register.
const TILE: usize = 16;
/// Bytes of one row of a tile register.
const ROW: usize = 64;

/// What `ldtilecfg` reads: palette 1, and for each of the eight registers 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

static CONFIGURATION: Configuration = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut register = 0;
    while register < 8 {
        bytes[16 + 2 * register] = ROW as u8;
        bytes[48 + register] = TILE as u8;
        register += 1;
    }
    Configuration(bytes)
};

impl Dot for Amx {
    const ROWS: usize = 2 * TILE;

    #[inline(always)]
    unsafe fn begin() {
        // SAFETY: the CPU has AMX and the kernel has granted its use (`Isa::detect`).
        unsafe { asm!("ldtilecfg [{}]", in(reg) &CONFIGURATION, options(nostack, preserves_flags)) }
    }

    #[inline(always)]
    unsafe fn end() {
        // SAFETY: as above. Released, the tiles cost nothing at a switch of threads.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) }
    }

    #[inline(always)]
    unsafe fn tile(tile: &Tile) {
        // SAFETY: activations are there for whole tiles of rows (`Dot::ROWS`), the rest as in `Dot`.
        unsafe {
            if tile.rows > TILE {
                two_by_two(tile);
            } else {
                one_by_two(tile);
            }
        }
    }
}

/// Thirty-two rows by two strips.
#[inline(always)]
unsafe fn two_by_two(tile: &Tile) {
    // SAFETY: all addresses lie within the operands of `tile`.
    unsafe {
        asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{upper} + {stride}]",
            "tileloadd tmm6, [{left} + {row}]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{right} + {row}]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{lower} + {stride}]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {upper}, 64", "add {lower}, 64", "add {left}, 1024", "add {right}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {line}], tmm0",
            "tilestored [{sums} + {line} + 64], tmm1",
            "tilestored [{below} + {line}], tmm2",
            "tilestored [{below} + {line} + 64], tmm3",
            upper = inout(reg) tile.activations => _,
            lower = inout(reg) tile.activations.add(TILE * tile.stride) => _,
            left = inout(reg) tile.weights => _,
            right = inout(reg) tile.weights.add(tile.depth * STRIP) => _,
            steps = inout(reg) tile.depth / ROW => _,
            stride = in(reg) tile.stride,
            row = in(reg) ROW,
            sums = in(reg) tile.sums,
            below = in(reg) tile.sums.add(TILE * PANEL),
            line = in(reg) PANEL * size_of::<i32>(),
            options(nostack),
        );
    }
}

/// Sixteen rows by two strips.
#[inline(always)]
unsafe fn one_by_two(tile: &Tile) {
    // SAFETY: all addresses lie within the operands of `tile`.
    unsafe {
        asm!(
            "tilezero tmm0", "tilezero tmm1",
            "2:",
            "tileloadd tmm4, [{upper} + {stride}]",
            "tileloadd tmm6, [{left} + {row}]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{right} + {row}]",
            "tdpbusd tmm1, tmm4, tmm7",
            "add {upper}, 64", "add {left}, 1024", "add {right}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {line}], tmm0",
            "tilestored [{sums} + {line} + 64], tmm1",
            upper = inout(reg) tile.activations => _,
            left = inout(reg) tile.weights => _,
            right = inout(reg) tile.weights.add(tile.depth * STRIP) => _,
            steps = inout(reg) tile.depth / ROW => _,
            stride = in(reg) tile.stride,
            row = in(reg) ROW,
            sums = in(reg) tile.sums,
            line = in(reg) PANEL * size_of::<i32>(),
            options(nostack),
        );
    }
}
