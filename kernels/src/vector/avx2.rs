//! Eight lanes of AVX2 with FMA.

use std::arch::x86_64::*;

use super::Vector;

#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// Combines the lanes of a register, two by two, by an instruction for four.
macro_rules! fold {
    ($lanes:expr, $combine:ident) => {{
        let four = $combine(_mm256_castps256_ps128($lanes), _mm256_extractf128_ps::<1>($lanes));
        let two = $combine(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32($combine(two, _mm_movehdup_ps(two)))
    }};
}

// SAFETY, for every block below: the trait's condition says that AVX2 and FMA are there and that
// pointers are valid for eight elements; no instruction used needs alignment.
impl Vector for Avx2 {
    const LANES: usize = 8;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self(unsafe { _mm256_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_i32(from: *const i32) -> Self {
        Self(unsafe { _mm256_cvtepi32_ps(_mm256_loadu_si256(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_u8(self, to: *mut u8) {
        unsafe {
            let whole = _mm256_cvtps_epi32(self.0);
            let (low, high) = (_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            // Both packings saturate, which is the clamping.
            let words = _mm_packs_epi32(low, high);
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(words, words));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm256_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm256_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(unsafe { _mm256_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn reciprocal(self) -> Self {
        // 12 bits from the table, doubled by one step of Newton's method.
        unsafe {
            let guess = _mm256_rcp_ps(self.0);
            Self(_mm256_mul_ps(guess, _mm256_fnmadd_ps(self.0, guess, _mm256_set1_ps(2.0))))
        }
    }

    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
        }
    }

    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { _mm256_sqrt_ps(self.0) })
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { fold!(self.0, _mm_add_ps) }
    }

    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { fold!(self.0, _mm_max_ps) }
    }

    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        unsafe { fold!(self.0, _mm_min_ps) }
    }
}
