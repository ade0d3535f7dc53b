//! Plain Rust: the twin that the instructions are tested against.

use super::{Block, Rounded, SIDE, Sums};

pub(crate) struct Portable;

impl Rounded for Portable {
    #[inline(always)]
    unsafe fn tile(a: *const Block, b: *const Block, blocks: usize, sums: &mut Sums) {
        // SAFETY: two strips of each are there.
        let (a, b) =
            unsafe { (std::slice::from_raw_parts(a, 2 * blocks), std::slice::from_raw_parts(b, 2 * blocks)) };
        for (row, sums) in sums.0.iter_mut().enumerate() {
            *sums = [0.0; 2 * SIDE];
            for (half, sums) in sums.chunks_exact_mut(SIDE).enumerate() {
                let (a, b) = (&a[row / SIDE * blocks..][..blocks], &b[half * blocks..][..blocks]);
                for (a, b) in a.iter().zip(b) {
                    for (&pair, b) in a.0[row % SIDE].iter().zip(&b.0) {
                        add(pair, b, sums);
                    }
                }
            }
        }
    }
}

/// Adds the products of one pair by those of all columns.
#[inline(always)]
fn add(pair: u32, b: &[u32; SIDE], sums: &mut [f32]) {
    let halves = |pair: u32| (f32::from_bits(pair << 16), f32::from_bits(pair & 0xffff_0000));
    let (first, second) = halves(pair);
    for (sum, &b) in sums.iter_mut().zip(b) {
        let (x, y) = halves(b);
        *sum += first * x + second * y;
    }
}
