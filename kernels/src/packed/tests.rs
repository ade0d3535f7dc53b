//! Unpacking by the definition of the layouts gives the matrices back.

use proptest::prelude::*;

use super::*;
use crate::testing::{Numbers, cases};

/// Matrices of as many columns of the layer as `parts` says, with their biases.
fn layers(seed: u64, depth: usize, parts: &[usize], int8: bool) -> Vec<(Matrix, Vec<f32>)> {
    let mut numbers = Numbers(seed);
    let mut values = |rows: usize| match int8 {
        true => Values::Int8 {
            weights: numbers.weights(rows * depth),
            scales: numbers.floats(rows, 0.01).into_iter().map(f32::abs).collect(),
        },
        false => Values::F32(numbers.floats(rows * depth, 1.0)),
    };
    let part = |&rows: &usize| {
        (Matrix { rows, columns: depth, values: values(rows) }, Numbers(seed ^ 1).floats(rows, 1.0))
    };
    parts.iter().map(part).collect()
}

fn borrowed(layers: &[(Matrix, Vec<f32>)]) -> Vec<(&Matrix, &[f32])> {
    layers.iter().map(|(matrix, bias)| (matrix, bias.as_slice())).collect()
}

/// For each column of the packed layer the part and row that it is made of, none for padding.
fn origins(parts: &[usize]) -> Vec<Option<(usize, usize)>> {
    let part = |(part, &rows): (usize, &usize)| {
        (0..rows.next_multiple_of(PANEL)).map(move |row| (row < rows).then_some((part, row)))
    };
    parts.iter().enumerate().flat_map(part).collect()
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_layer_in_f32_is_unpacked_as_it_was(
        seed: u64, depth in 1usize..150, parts in prop::collection::vec(1usize..80, 1..4), int8: bool,
        width in prop::sample::select(vec![8usize, 16, 32]),
    ) {
        let layers = layers(seed, depth, &parts, int8);
        let packed = PackedF32::new(&borrowed(&layers), width);
        let origins = origins(&parts);
        prop_assert_eq!((packed.depth, packed.columns), (depth, origins.len()));
        prop_assert_eq!((packed.weights.len(), packed.bias.len()), (depth * origins.len(), origins.len()));
        for (column, origin) in origins.into_iter().enumerate() {
            // Panels of `width` columns, in which those of one input stand side by side.
            let place = |k: usize| column / width * width * depth + k * width + column % width;
            let found: Vec<f32> = (0..depth).map(|k| packed.weights[place(k)]).collect();
            let expected = origin.map_or(vec![0.0; depth], |(part, row)| layers[part].0.row(row));
            prop_assert_eq!(found, expected);
            prop_assert_eq!(packed.bias[column], origin.map_or(0.0, |(part, row)| layers[part].1[row]));
        }
    }

    #[test]
    fn a_layer_in_8_bits_is_unpacked_as_it_was(
        seed: u64, depth in 1usize..150, parts in prop::collection::vec(1usize..80, 1..4), int8: bool,
    ) {
        let layers = layers(seed, depth, &parts, int8);
        let packed = PackedInt8::new(&borrowed(&layers));
        let origins = origins(&parts);
        prop_assert_eq!((packed.depth, packed.columns), (depth.next_multiple_of(DEPTH), origins.len()));
        prop_assert_eq!(packed.weights.len(), packed.depth * origins.len());
        for (column, origin) in origins.into_iter().enumerate() {
            // Strips of sixteen columns, in which four inputs of a column stand together.
            let strip = column / STRIP * STRIP * packed.depth;
            let place = |k: usize| strip + k / 4 * 4 * STRIP + column % STRIP * 4 + k % 4;
            let bytes: Vec<i8> = (0..packed.depth).map(|k| packed.weights[place(k)]).collect();
            let sum: i32 = bytes.iter().map(|&byte| i32::from(byte)).sum();
            prop_assert_eq!(packed.sum[column], sum as f32);
            prop_assert_eq!(packed.bias[column], origin.map_or(0.0, |(part, row)| layers[part].1[row]));
            prop_assert!(bytes[depth..].iter().all(|&byte| byte == 0));
            let Some((part, row)) = origin else {
                prop_assert!(bytes.iter().all(|&byte| byte == 0));
                continue;
            };
            // Half a step off at most; not at all where the matrix was in 8 bits.
            let scale = packed.scale[column];
            let off = if int8 { 0.0 } else { 0.501 * scale };
            for (byte, weight) in bytes.iter().zip(layers[part].0.row(row)) {
                prop_assert!((f32::from(*byte) * scale - weight).abs() <= off);
                prop_assert!(*byte >= -127);
            }
        }
    }
}

#[test]
fn rows_that_have_no_scale_are_packed_all_the_same() {
    let rows = [
        [0.0; 5],
        [1e-44; 5],
        [3e38, -3e38, 0.0, 1.0, 2.0],
        [f32::NAN; 5],
        [f32::INFINITY, 1.0, f32::NEG_INFINITY, 0.0, -1.0],
    ];
    let matrix = Matrix { rows: 5, columns: 5, values: Values::F32(rows.concat()) };
    let packed = PackedInt8::new(&[(&matrix, &[0.0; 5])]);
    let byte = |column: usize, k: usize| packed.weights[column * 4 + k / 4 * 4 * STRIP + k % 4];
    assert!((0..5).all(|k| byte(0, k) == 0));
    assert_eq!([byte(2, 0), byte(2, 1), byte(2, 2)], [127, -127, 0]);
    assert!(packed.scale[..3].iter().all(|scale| scale.is_finite() && *scale > 0.0));
}

#[test]
fn a_matrix_of_too_few_or_too_many_numbers_is_not_whole() {
    let of = |rows, columns, len| Matrix { rows, columns, values: Values::F32(vec![0.0; len]) }.is_whole();
    assert!(of(2, 3, 6));
    assert!(!of(2, 3, 5));
    assert!(!of(2, 3, 7));
    // A product of sizes that comes round to 0.
    assert!(!of(1 << (usize::BITS - 2), 4, 0));
}
