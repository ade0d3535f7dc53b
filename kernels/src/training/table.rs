//! One table of functions for each kind of vector, as in [`crate::kernels`], and the products of rounded
//! factors.

use crate::Isa;
use crate::attention::{Head, Scratch};
use crate::training::adam::{AdamW, Moving};
use crate::training::attention::{HeadBackward, Scratch as BackwardScratch};
use crate::training::bf16;
use crate::training::norm::{Norm, NormBackward};
use crate::training::product::{Product, Scratch as ProductScratch};

/// The operations of training for one set of instructions. Their safety conditions are those of the
/// generic functions of the same names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) product: unsafe fn(&Product, &mut ProductScratch),
    pub(crate) attention: unsafe fn(&Head, &mut Scratch),
    pub(crate) attention_backward: unsafe fn(&HeadBackward, &mut BackwardScratch),
    pub(crate) gelu: unsafe fn(*const f32, *mut f32, usize),
    pub(crate) gelu_backward: unsafe fn(*const f32, *mut f32, *mut f32, usize),
    pub(crate) norm: unsafe fn(&Norm),
    pub(crate) norm_backward: unsafe fn(&NormBackward),
    pub(crate) column_sums: unsafe fn(*const f32, usize, usize, *mut f32),
    pub(crate) adam: unsafe fn(&AdamW, &[*const f32], &Moving),
}

macro_rules! table {
    ($name:ident, $vector:ty $(, $features:literal)?) => {
        mod $name {
            use super::*;

            type V = $vector;

            $(#[target_feature(enable = $features)])?
            unsafe fn product(product: &Product, scratch: &mut ProductScratch) {
                // SAFETY: the caller's promise, here and below.
                unsafe { crate::training::product::product::<V>(product, scratch) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn attention(head: &Head, scratch: &mut Scratch) {
                unsafe { crate::attention::attention::<V>(head, scratch) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn attention_backward(head: &HeadBackward, scratch: &mut BackwardScratch) {
                unsafe { crate::training::attention::attention_backward::<V>(head, scratch) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn gelu(from: *const f32, to: *mut f32, len: usize) {
                unsafe { crate::training::gelu::gelu::<V>(from, to, len) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn gelu_backward(from: *const f32, to: *mut f32, gradient: *mut f32, len: usize) {
                unsafe { crate::training::gelu::gelu_backward::<V>(from, to, gradient, len) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn norm(norm: &Norm) {
                unsafe { crate::training::norm::norm::<V>(norm) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn norm_backward(norm: &NormBackward) {
                unsafe { crate::training::norm::norm_backward::<V>(norm) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn column_sums(from: *const f32, rows: usize, width: usize, sums: *mut f32) {
                unsafe { crate::training::norm::column_sums::<V>(from, rows, width, sums) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn adam(how: &AdamW, gradients: &[*const f32], moving: &Moving) {
                unsafe { crate::training::adam::adam::<V>(how, gradients, moving) }
            }

            pub(super) const TABLE: Table = Table {
                product,
                attention,
                attention_backward,
                gelu,
                gelu_backward,
                norm,
                norm_backward,
                column_sums,
                adam,
            };
        }
    };
}

table!(portable, crate::vector::portable::Portable);
#[cfg(target_arch = "x86_64")]
table!(avx2, crate::vector::avx2::Avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
table!(avx512, crate::vector::avx512::Avx512, "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl");
#[cfg(target_arch = "aarch64")]
table!(neon, crate::vector::neon::Neon, "neon");

/// The product with rounded factors.
pub(crate) type RoundedProduct = unsafe fn(&Product, &mut bf16::Scratch);

macro_rules! rounded {
    ($name:ident, $vector:ty, $rounded:ty $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        unsafe fn $name(product: &Product, scratch: &mut bf16::Scratch) {
            // SAFETY: the caller's promise.
            unsafe { bf16::product::<$vector, $rounded>(product, scratch) }
        }
    };
}

rounded!(rounded_portable, crate::vector::portable::Portable, bf16::portable::Portable);
#[cfg(target_arch = "x86_64")]
rounded!(
    rounded_avx512,
    crate::vector::avx512::Avx512,
    bf16::avx512::Avx512,
    "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"
);
#[cfg(target_arch = "x86_64")]
rounded!(
    rounded_amx,
    crate::vector::avx512::Avx512,
    bf16::amx::Amx,
    "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"
);

/// How to multiply rounded factors with the instructions of `isa`; `None` where that is no faster than f32.
pub(crate) fn rounded(isa: Isa) -> Option<RoundedProduct> {
    match isa {
        Isa::Portable => Some(rounded_portable),
        #[cfg(target_arch = "x86_64")]
        Isa::Amx if isa.has_amx_bf16() => Some(rounded_amx),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 | Isa::Avx512Vnni | Isa::Amx if isa.has_avx512_bf16() => Some(rounded_avx512),
        _ => None,
    }
}

impl Table {
    /// The table for `isa`; the portable one where the CPU does not have it.
    pub(crate) fn new(isa: Isa) -> Self {
        if !isa.is_available() {
            return portable::TABLE;
        }
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 | Isa::AvxVnni => avx2::TABLE,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 | Isa::Avx512Vnni | Isa::Amx => avx512::TABLE,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon | Isa::NeonDot => neon::TABLE,
            _ => portable::TABLE,
        }
    }
}
