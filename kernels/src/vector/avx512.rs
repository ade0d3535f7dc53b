//! Sixteen lanes of AVX-512.

use std::arch::x86_64::*;

use super::Vector;

#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

// SAFETY, for every block below: the trait's condition says that AVX-512 F, BW, DQ and VL are there
// and that pointers are valid for sixteen elements; no instruction used needs alignment.
impl Vector for Avx512 {
    const LANES: usize = 16;
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_i32(from: *const i32) -> Self {
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_u8(self, to: *mut u8) {
        unsafe {
            let whole = _mm512_cvtps_epi32(_mm512_max_ps(self.0, _mm512_setzero_ps()));
            _mm_storeu_si128(to.cast(), _mm512_cvtusepi32_epi8(whole));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn reciprocal(self) -> Self {
        // 14 bits from the table, doubled by one step of Newton's method.
        unsafe {
            let guess = _mm512_rcp14_ps(self.0);
            Self(_mm512_mul_ps(guess, _mm512_fnmadd_ps(self.0, guess, _mm512_set1_ps(2.0))))
        }
    }

    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe { _mm512_roundscale_ps::<0>(self.0) })
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Self(unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), self.0) })
    }

    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self.0) }
    }

    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { _mm512_reduce_max_ps(self.0) }
    }

    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        unsafe { _mm512_reduce_min_ps(self.0) }
    }

    /// Twice among the four of a quarter of a register, twice among the quarters.
    #[inline(always)]
    unsafe fn transpose((from, stride): (*const f32, usize), (to, to_stride): (*mut f32, usize)) {
        // SAFETY: sixteen rows of a register each.
        unsafe {
            let mut rows = [_mm512_setzero_ps(); 16];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm512_loadu_ps(from.add(i * stride));
            }
            let mut pairs = rows;
            for i in (0..16).step_by(2) {
                pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
                pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
            }
            // Of the rows 4n..4n + 4: in each quarter the column 4 × quarter + i % 4.
            let mut fours = rows;
            for i in [0, 4, 8, 12] {
                fours[i] = _mm512_shuffle_ps::<0x44>(pairs[i], pairs[i + 2]);
                fours[i + 1] = _mm512_shuffle_ps::<0xee>(pairs[i], pairs[i + 2]);
                fours[i + 2] = _mm512_shuffle_ps::<0x44>(pairs[i + 1], pairs[i + 3]);
                fours[i + 3] = _mm512_shuffle_ps::<0xee>(pairs[i + 1], pairs[i + 3]);
            }
            // Of the rows 8n..8n + 8: the columns of the quarters 0 and 2, then those of 1 and 3.
            let mut eights = rows;
            for i in [0, 1, 2, 3, 8, 9, 10, 11] {
                eights[i] = _mm512_shuffle_f32x4::<0x88>(fours[i], fours[i + 4]);
                eights[i + 4] = _mm512_shuffle_f32x4::<0xdd>(fours[i], fours[i + 4]);
            }
            for i in 0..8 {
                let (x, y) = (eights[i], eights[i + 8]);
                _mm512_storeu_ps(to.add(i * to_stride), _mm512_shuffle_f32x4::<0x88>(x, y));
                _mm512_storeu_ps(to.add((i + 8) * to_stride), _mm512_shuffle_f32x4::<0xdd>(x, y));
            }
        }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, room: usize, fill: f32) -> Self {
        Self(unsafe { _mm512_mask_loadu_ps(_mm512_set1_ps(fill), first_lanes(room), from) })
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, room: usize) {
        unsafe { _mm512_mask_storeu_ps(to, first_lanes(room), self.0) }
    }
}

/// The first `room` lanes, all if there are more.
#[inline(always)]
fn first_lanes(room: usize) -> __mmask16 {
    if room >= 16 { !0 } else { !(!0 << room) }
}
