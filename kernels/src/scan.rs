//! One query by many rows of 8-bit numbers: what a search by embeddings spends its time on.
//!
//! The query has 16 bits, because it costs nothing: the rows are widened to 16 bits for `pmaddwd` and its
//! like in any case, and it is the reading of the rows that takes the time. Sums are of 32 bits and wrap, so
//! that every set of instructions gives the same integers for whatever it is given.

use crate::Isa;

/// Multiplies with the instructions of one set.
#[derive(Debug, Clone, Copy)]
pub struct Scanner {
    kernel: Kernel,
}

/// Fills `sums` with the products of the query by as many rows; none of the three is empty.
///
/// # Safety
/// The CPU has the instructions.
type Kernel = unsafe fn(&[i16], &[i8], &mut [i32]);

impl Scanner {
    /// Uses `isa`; plain Rust where the CPU does not have it.
    pub fn new(isa: Isa) -> Self {
        Self { kernel: if isa.is_available() { kernel(isa) } else { portable } }
    }

    /// `sums[r] = Σ_k query[k] × rows[r][k]` of rows that lie one after another, for as many rows as there
    /// are and as there are sums.
    pub fn products(&self, query: &[i16], rows: &[i8], sums: &mut [i32]) {
        let count = rows.len().checked_div(query.len()).unwrap_or(0).min(sums.len());
        if count > 0 {
            // SAFETY: `new` takes only kernels that the CPU can run.
            unsafe { (self.kernel)(query, &rows[..count * query.len()], &mut sums[..count]) }
        }
    }
}

fn kernel(isa: Isa) -> Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 | Isa::AvxVnni => x86::avx2,
        // Adding in the same instruction, as VNNI could, would change nothing: the rows do not come faster.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 | Isa::Avx512Vnni | Isa::Amx => x86::avx512,
        #[cfg(target_arch = "aarch64")]
        Isa::Neon | Isa::NeonDot => aarch64::neon,
        _ => portable,
    }
}

/// The definition.
fn portable(query: &[i16], rows: &[i8], sums: &mut [i32]) {
    for (row, sum) in rows.chunks_exact(query.len()).zip(sums) {
        *sum = rest(query, row);
    }
}

/// Of one row, or of what a row has beyond the last whole register.
#[inline(always)]
fn rest(query: &[i16], row: &[i8]) -> i32 {
    let products = query.iter().zip(row).map(|(&a, &b)| i32::from(a) * i32::from(b));
    products.fold(0, i32::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::rest;

    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn avx2(query: &[i16], rows: &[i8], sums: &mut [i32]) {
        let (query_blocks, query_rest) = query.as_chunks::<16>();
        for (row, sum) in rows.chunks_exact(query.len()).zip(sums) {
            let (row_blocks, row_rest) = row.as_chunks::<16>();
            let mut acc = _mm256_setzero_si256();
            for (a, b) in query_blocks.iter().zip(row_blocks) {
                // SAFETY: the blocks are as long as what is loaded.
                let (a, b) =
                    unsafe { (_mm256_loadu_si256(a.as_ptr().cast()), _mm_loadu_si128(b.as_ptr().cast())) };
                acc = _mm256_add_epi32(acc, _mm256_madd_epi16(a, _mm256_cvtepi8_epi16(b)));
            }
            let four = _mm_add_epi32(_mm256_castsi256_si128(acc), _mm256_extracti128_si256::<1>(acc));
            let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
            let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two));
            *sum = _mm_cvtsi128_si32(one).wrapping_add(rest(query_rest, row_rest));
        }
    }

    /// # Safety
    /// The CPU has AVX-512 F and BW.
    #[target_feature(enable = "avx2,avx512f,avx512bw")]
    pub(super) unsafe fn avx512(query: &[i16], rows: &[i8], sums: &mut [i32]) {
        let (query_blocks, query_rest) = query.as_chunks::<32>();
        for (row, sum) in rows.chunks_exact(query.len()).zip(sums) {
            let (row_blocks, row_rest) = row.as_chunks::<32>();
            let mut acc = _mm512_setzero_si512();
            for (a, b) in query_blocks.iter().zip(row_blocks) {
                // SAFETY: the blocks are as long as what is loaded.
                let (a, b) =
                    unsafe { (_mm512_loadu_si512(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast())) };
                acc = _mm512_add_epi32(acc, _mm512_madd_epi16(a, _mm512_cvtepi8_epi16(b)));
            }
            *sum = _mm512_reduce_add_epi32(acc).wrapping_add(rest(query_rest, row_rest));
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod aarch64 {
    use std::arch::aarch64::*;

    use super::rest;

    /// # Safety
    /// The CPU has NEON.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn neon(query: &[i16], rows: &[i8], sums: &mut [i32]) {
        let (query_blocks, query_rest) = query.as_chunks::<8>();
        for (row, sum) in rows.chunks_exact(query.len()).zip(sums) {
            let (row_blocks, row_rest) = row.as_chunks::<8>();
            let mut acc = [vdupq_n_s32(0); 2];
            for (a, b) in query_blocks.iter().zip(row_blocks) {
                // SAFETY: the blocks are as long as what is loaded.
                let (a, b) = unsafe { (vld1q_s16(a.as_ptr()), vmovl_s8(vld1_s8(b.as_ptr()))) };
                acc[0] = vmlal_s16(acc[0], vget_low_s16(a), vget_low_s16(b));
                acc[1] = vmlal_high_s16(acc[1], a, b);
            }
            *sum = vaddvq_s32(vaddq_s32(acc[0], acc[1])).wrapping_add(rest(query_rest, row_rest));
        }
    }
}

#[cfg(test)]
mod tests;
