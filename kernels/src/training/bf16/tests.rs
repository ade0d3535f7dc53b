//! Rounding to bfloat16; the products are in `product/tests.rs`.

use super::*;
use crate::testing::Numbers;

/// The nearest of the two neighbours in bfloat16, by distance in f64; the even one where both are as near.
fn nearest(x: f32) -> f32 {
    let below = x.to_bits() & 0xffff_0000;
    let neighbours =
        [below, below.wrapping_add(0x1_0000)].map(|bits| (bits, f64::from(f32::from_bits(bits))));
    let [(low, a), (high, b)] = neighbours;
    let (to_low, to_high) = ((f64::from(x) - a).abs(), (f64::from(x) - b).abs());
    let even = if low >> 16 & 1 == 0 { low } else { high };
    let bits = if to_low == to_high {
        even
    } else if to_low < to_high {
        low
    } else {
        high
    };
    f32::from_bits(bits)
}

#[test]
fn numbers_are_rounded_to_the_nearest_and_halves_to_the_even_one() {
    let mut numbers = Numbers(1);
    for _ in 0..10_000 {
        let x = f32::from_bits(numbers.word() as u32 & 0xbfff_ffff);
        assert_eq!(f32::from_bits(round(x)), nearest(x), "{x:e}");
        let half = f32::from_bits(x.to_bits() & 0xffff_0000 | 0x8000);
        assert_eq!(f32::from_bits(round(half)), nearest(half), "{half:e}");
    }
    for x in [0.0, -0.0, 1.0, -2.5, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(f32::from_bits(round(x)).to_bits(), x.to_bits());
    }
    assert_eq!(f32::from_bits(round(f32::MAX)), f32::INFINITY);
    for bits in [0x7f80_0001, 0xff80_0001, 0x7fff_ffff, 0xffff_ffff] {
        assert!(f32::from_bits(round(f32::from_bits(bits))).is_nan(), "{bits:x}");
    }
}
