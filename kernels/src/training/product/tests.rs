//! Products of any shape, with any factor transposed, are those of the definition.

use proptest::prelude::*;

use crate::Isa;
use crate::testing::{Guarded, Numbers, ULP, cases, close};
use crate::training::bf16::round;
use crate::training::{Arithmetic, Factors, Matrix, Onto, arithmetics};

#[derive(Debug, Clone)]
struct Case {
    seed: u64,
    rows: usize,
    depth: usize,
    columns: usize,
    transposed: (bool, bool),
    /// 0: nothing, 1: a bias, 2: what is there.
    onto: u8,
}

fn case(depth: impl Strategy<Value = usize>) -> impl Strategy<Value = Case> {
    (any::<u64>(), 1usize..130, depth, 1usize..80, any::<(bool, bool)>(), 0u8..3).prop_map(
        |(seed, rows, depth, columns, transposed, onto)| Case {
            seed,
            rows,
            depth,
            columns,
            transposed,
            onto,
        },
    )
}

/// A factor of rows × columns, and how its numbers lie in memory.
struct Factor {
    values: Guarded<f32>,
    shape: (usize, usize),
    transposed: bool,
}

impl Factor {
    fn new(numbers: &mut Numbers, shape: (usize, usize), transposed: bool) -> Self {
        Self { values: Guarded::of(&numbers.floats(shape.0 * shape.1, 2.0)), shape, transposed }
    }

    fn matrix(&self) -> Matrix<'_> {
        if self.transposed {
            Matrix::rows(&self.values, self.shape.0).transposed()
        } else {
            Matrix::rows(&self.values, self.shape.1)
        }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        let place = if self.transposed { column * self.shape.0 + row } else { row * self.shape.1 + column };
        self.values[place]
    }
}

impl Case {
    /// All sets of instructions, with factors as they are and rounded: the same sums, but of rounded factors.
    fn check(&self) {
        self.check_by(arithmetics(), |x| x);
        let rounded = Isa::ALL.into_iter().filter(|isa| isa.is_available());
        let rounded = rounded.map(|isa| (isa, Arithmetic::new(isa, Factors::Bf16)));
        let rounded = rounded.filter(|(_, arithmetic)| arithmetic.factors() == Factors::Bf16);
        self.check_by(rounded, |x| f32::from_bits(round(x)));
    }

    fn check_by(&self, ways: impl Iterator<Item = (Isa, Arithmetic)>, rounded: fn(f32) -> f32) {
        let numbers = &mut Numbers(self.seed);
        let a = Factor::new(numbers, (self.rows, self.depth), self.transposed.0);
        let b = Factor::new(numbers, (self.depth, self.columns), self.transposed.1);
        let bias = Guarded::of(&numbers.floats(self.columns, 3.0));
        let before = numbers.floats(self.rows * self.columns, 3.0);
        for (isa, arithmetic) in ways {
            let mut found = Guarded::of(&before);
            let onto = [Onto::Nothing, Onto::Bias(&bias), Onto::Itself][usize::from(self.onto)];
            arithmetic.product(a.matrix(), b.matrix(), onto, &mut found);
            for (i, &found) in found.iter().enumerate() {
                let (row, column) = (i / self.columns, i % self.columns);
                let base = [0.0, bias[column], before[i]][usize::from(self.onto)];
                let (mut sum, mut size) = (f64::from(base), f64::from(base.abs()));
                for k in 0..self.depth {
                    let product = f64::from(rounded(a.at(row, k))) * f64::from(rounded(b.at(k, column)));
                    sum += product;
                    size += product.abs();
                }
                // Each addition may cost half an ulp of the sum of the sizes.
                let tolerance = (self.depth + 2) as f64 * ULP / 2.0 * size;
                assert!(
                    close(found, sum, tolerance + f64::MIN_POSITIVE),
                    "{isa}: row {row}, column {column}: {found}, not {sum} within {tolerance}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn products_are_those_of_the_definition_on_any_shape(case in case(1usize..100)) {
        case.check();
    }
}

proptest! {
    #![proptest_config(cases(4))]
    #[test]
    fn products_deeper_than_a_slice_are_right_too(case in case(1020usize..1100)) {
        case.check();
    }
}

#[test]
#[should_panic(expected = "shapes fit together")]
fn factors_that_do_not_fit_are_refused() {
    let numbers = [0.0; 6];
    let (a, b) = (Matrix::rows(&numbers, 3), Matrix::rows(&numbers, 3));
    Arithmetic::new(Isa::Portable, Factors::F32).product(a, b, Onto::Nothing, &mut [0.0; 4]);
}
