//! Products of any shape give what their definition gives, finished in each way, and leave alone what they
//! were not asked for.

use proptest::prelude::*;

use super::*;
use crate::Isa;
use crate::kernels::Kernels;
use crate::packed::{DEPTH, Matrix, Values};
use crate::testing::{Guarded, Numbers, ULP, arranged, cases, close, finished, tables};

fn finishes() -> impl Strategy<Value = Finish> {
    prop_oneof![
        Just(Finish::Store),
        Just(Finish::Add),
        Just(Finish::Activate(Activation::Gelu)),
        Just(Finish::Activate(Activation::GeluTanh)),
        Just(Finish::Activate(Activation::Relu)),
    ]
}

/// A layer of several parts side by side, and the rows that it is to be applied to.
#[derive(Debug, Clone)]
struct Case {
    seed: u64,
    rows: usize,
    depth: usize,
    /// Columns of each part.
    parts: Vec<usize>,
    /// Panels to leave out at the left and at the right, where there are more.
    skip: (usize, usize),
    /// Columns of the output on the left and right that belong to others, and rows below.
    beside: (usize, usize),
    below: usize,
    finish: Finish,
}

fn case(depth: impl Strategy<Value = usize>, parts: usize) -> impl Strategy<Value = Case> {
    let parts = prop::collection::vec(1usize..70, 1..=parts);
    let around = ((0usize..2, 0usize..2), (0usize..40, 0usize..40), 0usize..3);
    (any::<u64>(), 0usize..=70, depth, parts, around, finishes()).prop_map(
        |(seed, rows, depth, parts, (skip, beside, below), finish)| Case {
            seed,
            rows,
            depth,
            parts,
            skip,
            beside,
            below,
            finish,
        },
    )
}

/// What one column of the packed layer stands for: a column of a part, or padding.
struct Column<T> {
    weights: Vec<T>,
    scale: f32,
    bias: f32,
}

impl Case {
    fn panels(&self) -> Range<usize> {
        let all = self.parts.iter().map(|columns| columns.div_ceil(PANEL)).sum::<usize>();
        self.skip.0.min(all - 1)..all - self.skip.1.min(all - 1 - self.skip.0.min(all - 1))
    }

    /// The matrices and biases of the parts, whose values `make` gives.
    fn layers(&self, mut make: impl FnMut(usize, usize) -> Values) -> Vec<(Matrix, Vec<f32>)> {
        let mut numbers = Numbers(self.seed ^ 1);
        let part = |&rows: &usize| {
            let matrix = Matrix { rows, columns: self.depth, values: make(rows, self.depth) };
            (matrix, numbers.floats(rows, 2.0))
        };
        self.parts.iter().map(part).collect()
    }

    /// Runs `product` into an output with strangers all around, and compares the numbers that it was asked
    /// for with `expected` (sum and its tolerance at a row and column), all others with what they were.
    fn check(
        &self,
        isa: Isa,
        product: impl FnOnce(Range<usize>, &Output),
        expected: impl Fn(usize, usize) -> (f64, f64),
    ) {
        let columns = self.parts.iter().map(|columns| columns.next_multiple_of(PANEL)).sum::<usize>();
        let stride = self.beside.0 + columns + self.beside.1;
        let before = Numbers(self.seed ^ 2).floats((self.rows + self.below) * stride, 3.0);
        let mut found = Guarded::of(&before);
        let first = found.as_mut_ptr().wrapping_add(self.beside.0);
        let panels = self.panels();
        product(panels.clone(), &Output { rows: self.rows, first, stride, finish: self.finish });
        for (i, (&found, &before)) in found.iter().zip(&before).enumerate() {
            let (row, column) = (i / stride, (i % stride).wrapping_sub(self.beside.0));
            let asked = row < self.rows && (panels.start * PANEL..panels.end * PANEL).contains(&column);
            if !asked {
                assert_eq!(found.to_bits(), before.to_bits(), "{isa}: wrote to row {row}, column {column}");
                continue;
            }
            let (sum, tolerance) = expected(row, column);
            let (value, tolerance) = finished(self.finish, sum, before, tolerance);
            assert!(
                close(found, value, tolerance + f64::MIN_POSITIVE),
                "{isa}: row {row}, column {column}: {found}, not {value} within {tolerance}"
            );
        }
    }
}

/// The columns of `layers` with their padding.
fn columns<T: Copy + Default>(
    layers: &[(Matrix, Vec<f32>)],
    row: impl Fn(&Matrix, usize) -> (Vec<T>, f32),
) -> Vec<Column<T>> {
    let padding = |depth| Column { weights: vec![T::default(); depth], scale: 0.0, bias: 0.0 };
    let part = |(matrix, bias): &(Matrix, Vec<f32>)| {
        let column = |i: usize| {
            let (weights, scale) = row(matrix, i);
            Column { weights, scale, bias: bias[i] }
        };
        let rest = matrix.rows..matrix.rows.next_multiple_of(PANEL);
        (0..matrix.rows).map(column).chain(rest.map(|_| padding(matrix.columns))).collect::<Vec<_>>()
    };
    layers.iter().flat_map(part).collect()
}

fn borrowed(layers: &[(Matrix, Vec<f32>)]) -> Vec<(&Matrix, &[f32])> {
    layers.iter().map(|(matrix, bias)| (matrix, bias.as_slice())).collect()
}

/// A product in f32, by all tables. Rounding may cost each of the `depth` additions half an ulp of the sum
/// of the products' sizes.
fn check_f32(case: &Case, spread: usize) {
    let mut numbers = Numbers(case.seed);
    let layers = case.layers(|rows, depth| Values::F32(numbers.floats(rows * depth, 1.0)));
    let columns = columns(&layers, |matrix, row| (matrix.row(row), 1.0));
    let stride = case.depth + spread;
    // The last row ends with its last number.
    let input = Guarded::of(&numbers.floats((case.rows * stride).saturating_sub(spread), 2.0));
    let expected = |row: usize, column: usize| {
        let Column { weights, bias, .. } = &columns[column];
        let products = input[row * stride..].iter().zip(weights).map(|(&a, &b)| f64::from(a) * f64::from(b));
        let (mut sum, mut size) = (f64::from(*bias), f64::from(bias.abs()));
        products.for_each(|product| {
            sum += product;
            size += product.abs();
        });
        (sum, (case.depth + 1) as f64 * ULP / 2.0 * size)
    };
    for (isa, kernels) in tables() {
        let packed = PackedF32::new(&borrowed(&layers), kernels.f32_columns);
        // SAFETY: `input` has the rows, `check` makes the output as large as it says.
        let product = |panels, output: &Output| unsafe {
            (kernels.linear_f32)((input.as_ptr(), stride), &packed, panels, output);
        };
        case.check(isa, product, expected);
    }
}

/// Activations in 8 bits: rows of bytes, each with its grid.
struct Input {
    bytes: Vec<u8>,
    grids: Vec<Grid>,
}

impl Input {
    /// Of `depth` bytes a row, one of them 255.
    fn new(seed: u64, rows: usize, depth: usize, extreme: bool) -> Self {
        let mut numbers = Numbers(seed);
        let mut bytes = numbers.bytes(rows * depth);
        if extreme {
            bytes.iter_mut().for_each(|byte| *byte = if *byte < 64 { 0 } else { 255 });
        }
        bytes.chunks_exact_mut(depth).for_each(|row| row[numbers.word() as usize % depth] = 255);
        let grid = |_| Grid { scale: 0.01 * (1.5 + numbers.float()), zero: (numbers.word() % 256) as f32 };
        Self { bytes, grids: (0..rows).map(grid).collect() }
    }

    /// Their product by `packed` with the kernels of `table`.
    fn product(&self, table: &Kernels, packed: &PackedInt8, panels: Range<usize>, output: &Output) {
        let rows = arranged(table, &self.bytes, packed.depth);
        let grids = Guarded::of(&self.grids);
        let stride = packed.depth * table.activation_bytes;
        let input = Rows8 { bytes: rows.as_ptr(), stride, grids: grids.as_ptr() };
        // SAFETY: the rows are filled up to a tile, and the output is as large as it says.
        unsafe { (table.linear_int8)(input, packed, panels, output) }
    }
}

/// A product in 8 bits, by all tables. The sums are integers; what is left is their rounding to f32, that of
/// the correction by the grid's zero (or by 128, where activations are taken signed), and of two factors.
fn check_int8(case: &Case, extreme: bool) {
    let mut numbers = Numbers(case.seed);
    let layers = case.layers(|rows, depth| {
        let weights = numbers.weights(rows * depth);
        let signs = weights.iter().map(|&weight| if weight < 0 { -127 } else { 127 });
        let weights = if extreme { signs.collect() } else { weights };
        Values::Int8 { weights, scales: (0..rows).map(|_| 0.02 * (1.5 + numbers.float())).collect() }
    });
    let columns = columns(&layers, |matrix, row| {
        let Values::Int8 { weights, scales } = &matrix.values else { unreachable!("made above") };
        (weights[row * matrix.columns..(row + 1) * matrix.columns].to_vec(), scales[row])
    });
    let input = Input::new(case.seed ^ 3, case.rows, case.depth, extreme);
    let expected = |row: usize, column: usize| {
        let Column { weights, scale, bias } = &columns[column];
        let bytes = &input.bytes[row * case.depth..(row + 1) * case.depth];
        let grid = input.grids[row];
        let sum: i32 = bytes.iter().zip(weights).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
        let offset: i32 = weights.iter().map(|&weight| i32::from(weight)).sum();
        let (sum, offset, zero) = (f64::from(sum), f64::from(offset), f64::from(grid.zero));
        let factor = f64::from(grid.scale) * f64::from(*scale);
        let value = factor * (sum - zero * offset) + f64::from(*bias);
        let size = factor * (sum.abs() + (zero + 256.0) * offset.abs());
        (value, 2.0 * ULP * (size + f64::from(bias.abs())))
    };
    let packed = PackedInt8::new(&borrowed(&layers));
    for (isa, kernels) in tables() {
        let product = |panels, output: &Output| input.product(&kernels, &packed, panels, output);
        case.check(isa, product, expected);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn products_in_f32_are_those_of_the_definition_on_any_shape(
        case in case(1usize..150, 3), spread in 0usize..9,
    ) {
        check_f32(&case, spread);
    }

    #[test]
    fn products_in_8_bits_are_those_of_the_definition_on_any_shape(
        case in case((1usize..5).prop_map(|lines| lines * DEPTH), 3), extreme: bool,
    ) {
        check_int8(&case, extreme);
    }
}

proptest! {
    #![proptest_config(cases(8))]
    #[test]
    fn products_as_deep_as_the_encoders_are_right_too(
        case in case(Just(if cfg!(miri) { 64 } else { 1536 }), 1), extreme: bool,
    ) {
        check_f32(&case, 0);
        check_int8(&case, extreme);
    }
}

#[test]
fn integer_sums_come_out_to_the_bit() {
    for (depth, seed) in [(64, 1), (192, 2), (384, 3)] {
        let weights = Numbers(seed).weights(PANEL * depth);
        let values = Values::Int8 { weights: weights.clone(), scales: vec![1.0; PANEL] };
        let matrix = Matrix { rows: PANEL, columns: depth, values };
        let packed = PackedInt8::new(&[(&matrix, &[0.0; PANEL])]);
        let mut input = Input::new(seed, 33, depth, false);
        input.grids.fill(Grid { scale: 1.0, zero: 0.0 });
        for (isa, kernels) in tables() {
            let mut found = Guarded::new(33 * PANEL, 0.0);
            let first = found.as_mut_ptr();
            let output = Output { rows: 33, first, stride: PANEL, finish: Finish::Store };
            input.product(&kernels, &packed, 0..1, &output);
            for (i, found) in found.iter().enumerate() {
                let (row, column) = (i / PANEL, i % PANEL);
                let bytes = &input.bytes[row * depth..(row + 1) * depth];
                let weights = &weights[column * depth..(column + 1) * depth];
                let sum: i32 = bytes.iter().zip(weights).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
                assert_eq!(*found, sum as f32, "{isa}: row {row}, column {column}");
            }
        }
    }
}

#[test]
fn weights_that_are_no_numbers_spoil_their_own_columns_only() {
    let mut weights = Numbers(4).floats(40 * 50, 1.0);
    weights[3 * 50 + 7] = f32::NAN;
    weights[33 * 50 + 49] = f32::INFINITY;
    let matrix = Matrix { rows: 40, columns: 50, values: Values::F32(weights) };
    let input = Guarded::of(&Numbers(5).floats(7 * 50, 1.0));
    let finish = Finish::Activate(Activation::GeluTanh);
    let spoilt = |i: usize| matches!(i % 64, 3 | 33);
    for (isa, kernels) in tables() {
        let packed = PackedF32::new(&[(&matrix, &[0.5; 40])], kernels.f32_columns);
        let mut found = Guarded::new(7 * 64, 0.0);
        let output = Output { rows: 7, first: found.as_mut_ptr(), stride: 64, finish };
        // SAFETY: seven rows of fifty numbers, and seven of sixty-four.
        unsafe { (kernels.linear_f32)((input.as_ptr(), 50), &packed, 0..2, &output) };
        assert!(found.iter().enumerate().all(|(i, x)| spoilt(i) || x.is_finite()), "{isa}");
        // In 8 bits all of the column rounds to something, whatever it is.
        let packed = PackedInt8::new(&[(&matrix, &[0.5; 40])]);
        let output = Output { rows: 7, first: found.as_mut_ptr(), stride: 64, finish };
        Input::new(6, 7, 64, false).product(&kernels, &packed, 0..2, &output);
        assert!(found.iter().enumerate().all(|(i, x)| spoilt(i) || x.is_finite()), "{isa}");
    }
}
