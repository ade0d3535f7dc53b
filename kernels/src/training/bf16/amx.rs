//! AMX: tiles of 16 rows × 64 bytes, which are the blocks, multiplied by a unit of their own.
//!
//! Assembly for the same reason as in [`crate::dot::amx`], whose configuration of the tiles serves here too.

use std::arch::asm;

use super::{Block, Rounded, SIDE, Sums, TILE};
use crate::dot::Dot;

pub(crate) struct Amx;

impl Rounded for Amx {
    #[inline(always)]
    unsafe fn begin() {
        // SAFETY: passed on.
        unsafe { crate::dot::amx::Amx::begin() }
    }

    #[inline(always)]
    unsafe fn end() {
        // SAFETY: passed on.
        unsafe { crate::dot::amx::Amx::end() }
    }

    #[inline(always)]
    unsafe fn tile(a: *const Block, b: *const Block, blocks: usize, sums: &mut Sums) {
        // SAFETY: two strips of each factor are there, at least one block long; the CPU has AMX.
        unsafe {
            let sums = sums.0.as_mut_ptr();
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{upper} + {row}]",
                "tileloadd tmm6, [{left} + {row}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{right} + {row}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{lower} + {row}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {upper}, 1024", "add {lower}, 1024", "add {left}, 1024", "add {right}, 1024",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{sums} + {line}], tmm0",
                "tilestored [{sums} + {line} + 64], tmm1",
                "tilestored [{below} + {line}], tmm2",
                "tilestored [{below} + {line} + 64], tmm3",
                upper = inout(reg) a => _,
                lower = inout(reg) a.add(blocks) => _,
                left = inout(reg) b => _,
                right = inout(reg) b.add(blocks) => _,
                steps = inout(reg) blocks => _,
                row = in(reg) size_of::<[u32; SIDE]>(),
                sums = in(reg) sums,
                below = in(reg) sums.add(TILE / 2),
                line = in(reg) TILE * size_of::<f32>(),
                options(nostack),
            );
        }
    }
}
