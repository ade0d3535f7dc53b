//! Memory for vectors: aligned to cache lines, zeroed, and shared between the threads of a team.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Plain numbers, for which all bits zero is a value.
pub(crate) trait Plain: Copy + Send + Sync + 'static {}
impl Plain for f32 {}
impl Plain for u8 {}
impl Plain for i8 {}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Numbers that begin on a cache line.
pub(crate) struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    numbers: PhantomData<T>,
}

impl<T: Plain> Aligned<T> {
    pub(crate) fn zeroed(len: usize) -> Self {
        let lines = vec![Line([0; 64]); (len * size_of::<T>()).div_ceil(64)];
        Self { lines, len, numbers: PhantomData }
    }

    /// Makes room for at least `len`; what was there before is not kept.
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.len < len {
            *self = Self::zeroed(len);
        }
    }

    pub(crate) fn from_padded(values: impl ExactSizeIterator<Item = T>, len: usize) -> Self {
        let mut aligned = Self::zeroed(len.max(values.len()));
        for (place, value) in aligned.iter_mut().zip(values) {
            *place = value;
        }
        aligned
    }
}

impl<T: Plain> Default for Aligned<T> {
    fn default() -> Self {
        Self::zeroed(0)
    }
}

impl<T: Plain> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold at least `len` elements, aligned to 64 bytes, and any bits are a `Plain`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Plain> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed uniquely.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl<T> std::fmt::Debug for Aligned<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Aligned({})", self.len)
    }
}

/// Rows of numbers that several threads write to at once, each to its own part.
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    /// Distance from one row to the next.
    pub(crate) stride: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Shared` only hands out pointers; whoever writes through them promises not to overlap.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(crate) fn new(numbers: &'a mut [T], stride: usize) -> Self {
        Self { start: numbers.as_mut_ptr(), len: numbers.len(), stride, borrow: PhantomData }
    }

    /// Whether so many rows are there.
    pub(crate) fn holds(&self, rows: usize) -> bool {
        rows * self.stride <= self.len
    }

    /// Where `row` begins. The pointer is good for the rows from here to the end.
    pub(crate) fn row(&self, row: usize) -> *mut T {
        debug_assert!(self.holds(row));
        self.start.wrapping_add(row * self.stride)
    }
}
