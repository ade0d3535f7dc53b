//! One table of functions for each set of instructions.
//!
//! The functions are the generic ones of this crate, compiled once more for each set: everything they
//! call is inlined into a function that may use its instructions. A table is handed out only for a set
//! that the CPU has.

use std::ops::Range;

use crate::Isa;
use crate::attention::{Head, Scratch};
use crate::linear::{Output, Rows8};
use crate::packed::{PackedF32, PackedInt8};
use crate::rows::Grid;

/// The kernels for one set of instructions. Their safety conditions are those of the generic functions
/// of the same names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) linear_f32: unsafe fn((*const f32, usize), &PackedF32, Range<usize>, &Output),
    pub(crate) linear_int8: unsafe fn(Rows8, &PackedInt8, Range<usize>, &Output),
    pub(crate) attention: unsafe fn(&Head, &mut Scratch),
    pub(crate) layer_norm: unsafe fn(*mut f32, usize, usize, (*const f32, *const f32), f32),
    /// Rounds the first number of floats of a row to 8 bits and arranges the second number of bytes, and
    /// likewise what the rounding left over.
    pub(crate) quantize: unsafe fn(*const f32, usize, usize, *mut u8, Option<*mut u8>) -> Grid,
    /// Columns that lie interleaved in [`PackedF32`].
    pub(crate) f32_columns: usize,
    /// Bytes for each 8-bit activation.
    pub(crate) activation_bytes: usize,
    /// Buffers of 8-bit activations hold a multiple of this many rows.
    pub(crate) tile_rows: usize,
}

macro_rules! kernels {
    ($name:ident, $vector:ty, $dot:ty $(, $features:literal)?) => {
        mod $name {
            use super::*;
            use crate::dot::Dot;
            use crate::vector::Vector;

            type V = $vector;
            type D = $dot;

            $(#[target_feature(enable = $features)])?
            unsafe fn linear_f32(
                input: (*const f32, usize), weights: &PackedF32, panels: Range<usize>, output: &Output,
            ) {
                // SAFETY: the caller's promise, here and below.
                unsafe { crate::linear::linear_f32::<V>(input, weights, panels, output) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn linear_int8(input: Rows8, weights: &PackedInt8, panels: Range<usize>, output: &Output) {
                unsafe { crate::linear::linear_int8::<V, D>(input, weights, panels, output) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn attention(head: &Head, scratch: &mut Scratch) {
                unsafe { crate::attention::attention::<V>(head, scratch) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn layer_norm(
                row: *mut f32, width: usize, stride: usize, weights: (*const f32, *const f32), eps: f32,
            ) {
                unsafe { crate::rows::layer_norm::<V>(row, width, stride, weights, eps) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn quantize(
                row: *const f32, width: usize, depth: usize, bytes: *mut u8, rest: Option<*mut u8>,
            ) -> Grid {
                unsafe {
                    let grid = crate::rows::quantize::<V>(row, width, bytes, rest);
                    crate::linear::arrange::<D>(bytes, depth);
                    if let Some(rest) = rest {
                        crate::linear::arrange::<D>(rest, depth);
                    }
                    grid
                }
            }

            pub(super) const KERNELS: Kernels = Kernels {
                linear_f32,
                linear_int8,
                attention,
                layer_norm,
                quantize,
                f32_columns: 2 * V::LANES,
                activation_bytes: D::BYTES,
                tile_rows: D::ROWS,
            };
        }
    };
}

kernels!(portable, crate::vector::portable::Portable, crate::dot::portable::Portable);
#[cfg(target_arch = "x86_64")]
kernels!(avx2, crate::vector::avx2::Avx2, crate::dot::avx2::Avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(avx_vnni, crate::vector::avx2::Avx2, crate::dot::vnni::AvxVnni, "avx2,fma,avxvnni");
#[cfg(target_arch = "x86_64")]
kernels!(
    avx512,
    crate::vector::avx512::Avx512,
    crate::dot::avx512::Avx512,
    "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"
);
#[cfg(target_arch = "x86_64")]
kernels!(
    avx512_vnni,
    crate::vector::avx512::Avx512,
    crate::dot::vnni::Avx512Vnni,
    "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
);
#[cfg(target_arch = "x86_64")]
kernels!(
    amx,
    crate::vector::avx512::Avx512,
    crate::dot::amx::Amx,
    "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
);
#[cfg(target_arch = "aarch64")]
kernels!(neon, crate::vector::neon::Neon, crate::dot::neon::Neon, "neon");
#[cfg(target_arch = "aarch64")]
kernels!(neon_dot, crate::vector::neon::Neon, crate::dot::neon::NeonDot, "neon,dotprod");

impl Kernels {
    /// The table for `isa`; the portable one where the CPU does not have it.
    pub(crate) fn new(isa: Isa) -> Self {
        if !isa.is_available() {
            return portable::KERNELS;
        }
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni => avx_vnni::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => avx512_vnni::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::Amx => amx::KERNELS,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::KERNELS,
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot => neon_dot::KERNELS,
            _ => portable::KERNELS,
        }
    }
}
