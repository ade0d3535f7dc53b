//! A register of f32 lanes, and what the kernels do with one; every loop over f32 is written once
//! against this trait.
//!
//! The methods are `unsafe` because an implementation may use instructions that the CPU must have:
//! they may be called only from inside a function compiled for those ([`crate::kernels`] is where
//! such functions are made), and pointers must be valid for [`Vector::LANES`] elements.

#![allow(clippy::missing_safety_doc, reason = "one condition for all, stated above")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;

pub(crate) trait Vector: Copy {
    /// f32 in one register.
    const LANES: usize;
    /// Rows of a product that are worked on at once: as many as leave registers for the operands.
    const ROWS: usize;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Loads integers and converts them.
    unsafe fn load_i32(from: *const i32) -> Self;
    /// Rounds to the nearest (even) integer, clamps to 0..=255 and stores one byte a lane.
    unsafe fn store_u8(self, to: *mut u8);

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// self × factor + addend, rounded once where the CPU can.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// 1 / self, to within a few units in the last place, for finite self of ordinary size.
    unsafe fn reciprocal(self) -> Self;
    /// The nearest integer.
    unsafe fn round(self) -> Self;
    /// 2^self for integral self in -126..=127.
    unsafe fn power_of_two(self) -> Self;

    unsafe fn sqrt(self) -> Self;

    unsafe fn sum(self) -> f32;
    unsafe fn largest(self) -> f32;
    unsafe fn smallest(self) -> f32;

    /// Exchanges the rows and columns of a square of [`Vector::LANES`] rows, `stride` and `to_stride` apart.
    /// Only moves bits, whatever they stand for.
    #[inline(always)]
    unsafe fn transpose((from, stride): (*const f32, usize), (to, to_stride): (*mut f32, usize)) {
        for row in 0..Self::LANES {
            for column in 0..Self::LANES {
                // SAFETY: within the squares.
                unsafe { *to.add(column * to_stride + row) = *from.add(row * stride + column) }
            }
        }
    }

    /// Loads the first `room` lanes, all if there are more; the others are `fill`.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, room: usize, fill: f32) -> Self {
        // SAFETY: only what is there is read; sixteen lanes are the most.
        unsafe {
            if room >= Self::LANES {
                return Self::load(from);
            }
            let mut lanes = [fill; 16];
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), room);
            Self::load(lanes.as_ptr())
        }
    }

    /// Stores the first `room` lanes, all if there is room for more.
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, room: usize) {
        // SAFETY: only what there is room for is written; sixteen lanes are the most.
        unsafe {
            if room >= Self::LANES {
                self.store(to);
            } else if room > 0 {
                let mut lanes = [0f32; 16];
                self.store(lanes.as_mut_ptr());
                std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, room);
            }
        }
    }
}

#[cfg(test)]
mod tests;
