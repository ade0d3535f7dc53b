//! Layer norm and rounding to 8 bits, of rows of any width and size.

use proptest::prelude::*;

use super::*;
use crate::Isa;
use crate::kernels::Kernels;
use crate::packed::{DEPTH, PANEL, padded};
use crate::testing::{Guarded, Numbers, bytes_of, cases, close, tables};

/// Rows of some kinds that the encoder may meet, and a few that it should not.
fn rows(width: impl Strategy<Value = usize>) -> impl Strategy<Value = Vec<f32>> {
    let size = prop_oneof![Just(1e-30f32), Just(1e-6), 0.1f32..10.0, Just(1e6), Just(1e15)];
    (any::<u64>(), width, size, 0..6).prop_map(|(seed, width, size, kind)| {
        let row = Numbers(seed).floats(width, size);
        match kind {
            0 => row.into_iter().map(f32::abs).collect(),
            1 => row.into_iter().map(|x| -x.abs()).collect(),
            2 => row.into_iter().map(|x| x + 3.0 * size).collect(),
            // One number that is far from the others.
            3 => row.into_iter().enumerate().map(|(i, x)| if i == 0 { 1e3 * x } else { x }).collect(),
            _ => row,
        }
    })
}

/// The layer norm of `row`, padded; what stood in the padding before is of no account.
fn normed(kernels: &Kernels, row: &[f32], gain: &[f32], shift: &[f32], eps: f32) -> Vec<f32> {
    let stride = padded(row.len());
    let whole = |values: &[f32], rest: f32| {
        let mut whole = values.to_vec();
        whole.resize(stride, rest);
        Guarded::of(&whole)
    };
    let (mut found, gain, shift) = (whole(row, 7.5), whole(gain, 0.0), whole(shift, 0.0));
    let weights = (gain.as_ptr(), shift.as_ptr());
    // SAFETY: all three are as long as `stride`.
    unsafe { (kernels.layer_norm)(found.as_mut_ptr(), row.len(), stride, weights, eps) };
    found.to_vec()
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn layer_norm_is_that_of_the_definition_and_clears_the_padding(row in rows(1usize..140), seed: u64) {
        let (gain, shift) = (Numbers(seed).floats(row.len(), 2.0), Numbers(seed ^ 1).floats(row.len(), 2.0));
        let eps = 1e-12;
        let count = row.len() as f64;
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        let deviation = (variance + f64::from(eps)).sqrt();
        let size = row.iter().fold(0.0, |most, &x| f64::from(x.abs()).max(most));
        for (isa, kernels) in tables() {
            let found = normed(&kernels, &row, &gain, &shift, eps);
            prop_assert!(found[row.len()..].iter().all(|&x| x == 0.0), "{isa}: padding");
            for (i, &found) in found.iter().take(row.len()).enumerate() {
                let (gain, shift) = (f64::from(gain[i]), f64::from(shift[i]));
                let unit = (f64::from(row[i]) - mean) / deviation;
                // The mean is off by a few roundings of the largest number, which the division enlarges.
                let tolerance = 4e-7 * (1.0 + size / deviation) * gain.abs() * (1.0 + unit.abs()) + 1e-6;
                let expected = unit * gain + shift;
                prop_assert!(
                    close(found, expected, tolerance),
                    "{isa}: {i}: {found}, not {expected} within {tolerance}"
                );
            }
        }
    }

    #[test]
    fn rounding_to_8_bits_is_that_of_the_definition(row in rows((1usize..7).prop_map(|n| n * PANEL))) {
        check_rounding(&row);
    }
}

/// The grids of all tables are the same; their bytes differ only where a number lies on the border of two
/// steps, by one; and no number is further from its byte than half a step.
fn check_rounding(row: &[f32]) {
    let depth = row.len().next_multiple_of(DEPTH);
    let input = Guarded::of(row);
    let mut twin = None;
    for (isa, kernels) in tables() {
        let mut arranged = Guarded::new(depth * kernels.activation_bytes, 0);
        let mut rest = Guarded::new(depth * kernels.activation_bytes, 0);
        let places = (arranged.as_mut_ptr(), Some(rest.as_mut_ptr()));
        // SAFETY: a row of floats and two of bytes in the table's form.
        let grid = unsafe { (kernels.quantize)(input.as_ptr(), row.len(), depth, places.0, places.1) };
        let bytes = bytes_of(&kernels, &arranged, depth);
        check_rest(isa, row, &bytes, &bytes_of(&kernels, &rest, depth), grid);
        assert!(grid.scale.is_normal() && grid.scale > 0.0, "{isa}: {grid:?}");
        assert!((0.0..=255.0).contains(&grid.zero) && grid.zero.fract() == 0.0, "{isa}: {grid:?}");
        check_bytes(isa, row, &bytes, grid);
        let (first_grid, first_bytes) = twin.get_or_insert_with(|| (grid, bytes.clone()));
        assert_eq!(grid, *first_grid, "{isa}");
        assert!(bytes.iter().zip(first_bytes).all(|(&a, &mut b)| a.abs_diff(b) <= 1), "{isa}");
    }
}

/// Bytes and rest together are a row in nearly 16 bits: off by half a step of a step, or by a whole one
/// where the rounded zero of the grid has pushed a number beyond its last step.
fn check_rest(isa: Isa, row: &[f32], bytes: &[u8], rest: &[u8], grid: Grid) {
    let value = |byte: u8, grid: Grid| f64::from(grid.scale) * (f64::from(byte) - f64::from(grid.zero));
    for ((&x, &byte), &rest) in row.iter().zip(bytes).zip(rest) {
        let found = value(byte, grid) + value(rest, grid.rest());
        let off = (f64::from(x) - found).abs() / f64::from(grid.scale);
        assert!(off < 1.0 / 255.0 + 1e-4, "{isa}: {x} became {found}, {off} steps off, {grid:?}");
    }
}

fn check_bytes(isa: Isa, row: &[f32], bytes: &[u8], grid: Grid) {
    for (&x, &byte) in row.iter().zip(bytes) {
        let place = f64::from(x) / f64::from(grid.scale) + f64::from(grid.zero);
        // The place itself is rounded to f32 once or twice: 255 at most.
        assert!(
            (place - f64::from(byte)).abs() < 0.5 + 1e-4,
            "{isa}: {x} became {byte}, its place is {place}, {grid:?}"
        );
    }
}

#[test]
fn constant_huge_and_tiny_rows_are_normalised_to_numbers() {
    for width in [1, 5, 8, 33, 64] {
        for x in [0.0, -0.0, 1.0, -7.3, 0.1, 1e-45, 1e-38, 1e18, 1e30, -1e30] {
            for (isa, kernels) in tables() {
                let (gain, shift) = (vec![1.5; width], vec![0.25; width]);
                let found = normed(&kernels, &vec![x; width], &gain, &shift, 1e-12);
                assert!(found.iter().all(|x| x.is_finite()), "{isa}: {width} times {x}: {found:?}");
            }
        }
    }
}

#[test]
fn constant_huge_and_tiny_rows_are_rounded_to_bytes() {
    for x in [0.0, -0.0, 1.0, -7.3, 1e-45, 1e-38, -1e-38, 1e18, 1e38, -1e38] {
        check_rounding(&[x; 96]);
    }
    let mut mixed = [0.0; 64];
    (mixed[0], mixed[63]) = (-1.6e38, 1.6e38);
    check_rounding(&mixed);
}

#[test]
fn rows_that_are_no_numbers_do_not_crash() {
    for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        for (_, kernels) in tables() {
            let mut row = Numbers(1).floats(64, 1.0);
            row.iter_mut().step_by(5).for_each(|place| *place = x);
            normed(&kernels, &row, &[1.0; 64], &[1.0; 64], 1e-12);
            let input = Guarded::of(&row);
            let mut arranged = Guarded::new(64 * kernels.activation_bytes, 0);
            // SAFETY: a row of floats and one of bytes in the table's form.
            unsafe { (kernels.quantize)(input.as_ptr(), 64, 64, arranged.as_mut_ptr(), None) };
        }
    }
}
