//! Numbers with watched ends: behind the last one begins a page that nobody may touch, so that reading or
//! writing on is a crash even from assembly, which no sanitizer sees; before the first one stand bytes that
//! must stay as they are.

use std::ops::{Deref, DerefMut};

/// Bytes before the first number, and what they are.
const FRONT: usize = 256;
const CANARY: u8 = 0xa5;

pub(crate) struct Guarded<T: Copy> {
    pages: Pages,
    start: *mut T,
    len: usize,
}

impl<T: Copy> Guarded<T> {
    pub(crate) fn new(len: usize, fill: T) -> Self {
        Self::from_fn(len, |_| fill)
    }

    pub(crate) fn of(values: &[T]) -> Self {
        Self::from_fn(values.len(), |i| values[i])
    }

    fn from_fn(len: usize, number: impl Fn(usize) -> T) -> Self {
        let bytes = len * size_of::<T>();
        let pages = Pages::new(FRONT + bytes);
        let start = pages.end().wrapping_sub(bytes);
        // SAFETY: so many bytes lie before the end; the start is aligned, since the end is to a page.
        unsafe {
            start.sub(FRONT).write_bytes(CANARY, FRONT);
            let start = start.cast::<T>();
            (0..len).for_each(|i| start.add(i).write(number(i)));
            Self { pages, start, len }
        }
    }
}

impl<T: Copy> Deref for Guarded<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: written in `new`, and there until `pages` is dropped.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T: Copy> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl<T: Copy> Drop for Guarded<T> {
    fn drop(&mut self) {
        let front = self.start.cast::<u8>().wrapping_sub(FRONT);
        // SAFETY: written in `new`.
        let front = unsafe { std::slice::from_raw_parts(front, FRONT) };
        if !std::thread::panicking() {
            assert!(front.iter().all(|&byte| byte == CANARY), "written before the first number");
        }
    }
}

use pages::Pages;

#[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
mod pages {
    use std::ffi::c_void;

    unsafe extern "C" {
        fn mmap(at: *mut c_void, len: usize, access: i32, flags: i32, file: i32, offset: i64) -> *mut c_void;
        fn mprotect(at: *mut c_void, len: usize, access: i32) -> i32;
        fn munmap(at: *mut c_void, len: usize) -> i32;
    }

    const NO_ACCESS: i32 = 0;
    const READ_AND_WRITE: i32 = 3;
    const PRIVATE_AND_ANONYMOUS: i32 = 0x22;
    /// The largest page that Linux has on any CPU in question.
    const PAGE: usize = 1 << 16;

    pub(super) struct Pages {
        start: *mut c_void,
        len: usize,
    }

    impl Pages {
        pub(super) fn new(bytes: usize) -> Self {
            let len = bytes.next_multiple_of(PAGE);
            // SAFETY: new memory of our own, of which the last page is locked.
            unsafe {
                let start =
                    mmap(std::ptr::null_mut(), len + PAGE, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0);
                assert_ne!(start.addr(), usize::MAX, "no memory");
                let pages = Self { start, len };
                assert_eq!(mprotect(pages.end().cast(), PAGE, NO_ACCESS), 0);
                pages
            }
        }

        /// Where the page begins that nobody may touch.
        pub(super) fn end(&self) -> *mut u8 {
            self.start.cast::<u8>().wrapping_add(self.len)
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: mapped in `new`, with the locked page.
            unsafe { munmap(self.start, self.len + PAGE) };
        }
    }
}

/// Elsewhere plain memory that ends with the last number: Miri sees by itself who goes on.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
mod pages {
    use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

    pub(super) struct Pages {
        start: *mut u8,
        layout: Layout,
    }

    impl Pages {
        pub(super) fn new(bytes: usize) -> Self {
            let Ok(layout) = Layout::from_size_align(bytes.next_multiple_of(64), 64) else {
                unreachable!("tests are small");
            };
            // SAFETY: of more than no bytes, since there are always those in front.
            let start = unsafe { alloc(layout) };
            if start.is_null() {
                handle_alloc_error(layout);
            }
            Self { start, layout }
        }

        pub(super) fn end(&self) -> *mut u8 {
            self.start.wrapping_add(self.layout.size())
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: allocated in `new` with this layout.
            unsafe { dealloc(self.start, self.layout) };
        }
    }
}

#[test]
fn numbers_end_where_the_locked_page_begins() {
    let numbers = Guarded::of(&[1f32, 2.0, 3.0]);
    assert_eq!(numbers.as_ptr_range().end.cast(), numbers.pages.end().cast_const());
    assert_eq!(*numbers, [1.0, 2.0, 3.0]);
}

#[test]
#[should_panic(expected = "written before the first number")]
fn writing_before_the_first_number_is_seen() {
    let mut numbers = Guarded::new(3, 0u8);
    // SAFETY: the byte before belongs to the same memory.
    unsafe { numbers.as_mut_ptr().sub(1).write(0) };
}
