//! Layer norm forward and backward, and sums over rows, against the definitions in f64.

use proptest::prelude::*;

use crate::testing::{Guarded, Numbers, cases, close};
use crate::training::{LayerNorm, arithmetics};

struct Case {
    width: usize,
    input: Vec<f32>,
    addend: Vec<f32>,
    gain: Vec<f32>,
    shift: Vec<f32>,
    gradient: Vec<f32>,
}

impl Case {
    fn new(seed: u64, rows: usize, width: usize) -> Self {
        let mut numbers = Numbers(seed);
        let mut rows = || numbers.floats(rows * width, 2.0);
        let (input, addend, gradient) = (rows(), rows(), rows());
        let gain = numbers.floats(width, 2.0);
        Self { width, input, addend, gain, shift: numbers.floats(width, 2.0), gradient }
    }

    /// Units and 1 / deviation of a row.
    fn units(&self, row: usize) -> (Vec<f64>, f64) {
        let places = row * self.width..(row + 1) * self.width;
        let sums: Vec<f64> = places.map(|i| f64::from(self.input[i]) + f64::from(self.addend[i])).collect();
        let mean = sums.iter().sum::<f64>() / self.width as f64;
        let variance = sums.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / self.width as f64;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        (sums.iter().map(|x| (x - mean) * scale).collect(), scale)
    }

    /// The gradient of a row of sums, by the Jacobian of the definition.
    fn backward(&self, row: usize) -> Vec<f64> {
        let (units, scale) = self.units(row);
        let outer = &self.gradient[row * self.width..(row + 1) * self.width];
        let inner: Vec<f64> =
            outer.iter().zip(&self.gain).map(|(&g, &gain)| f64::from(g) * f64::from(gain)).collect();
        let count = self.width as f64;
        let entry = |i: usize, j: usize| {
            let same = if i == j { 1.0 } else { 0.0 };
            scale * (same - 1.0 / count - units[i] * units[j] / count)
        };
        (0..self.width).map(|j| (0..self.width).map(|i| inner[i] * entry(i, j)).sum()).collect()
    }
}

struct Found {
    units: Guarded<f32>,
    scales: Guarded<f32>,
    output: Guarded<f32>,
    gradient: Guarded<f32>,
    gain: Guarded<f32>,
    shift: Guarded<f32>,
}

fn near(isa: crate::Isa, what: &str, found: f32, expected: f64, tolerance: f64) {
    assert!(close(found, expected, tolerance), "{isa}: {what}: {found}, not {expected} within {tolerance}");
}

fn check(seed: u64, rows: usize, width: usize) {
    let case = Case::new(seed, rows, width);
    for (isa, arithmetic) in arithmetics() {
        let mut found = Found {
            units: Guarded::of(&case.input),
            scales: Guarded::new(rows, 0.0),
            output: Guarded::new(rows * width, 0.0),
            gradient: Guarded::of(&case.gradient),
            gain: Guarded::new(width, 7.0),
            shift: Guarded::new(width, 7.0),
        };
        let how = LayerNorm { gain: &case.gain, shift: &case.shift, eps: 1e-5 };
        let Found { units, scales, output, gradient, gain, shift } = &mut found;
        arithmetic.layer_norm(how, Some(&case.addend), units, scales, output);
        arithmetic.layer_norm_backward(&case.gain, (units, scales), gradient, (gain, shift));
        let mut sums = vec![(0.0, 0.0, 0.0); width];
        for row in 0..rows {
            let ((expected, scale), backward) = (case.units(row), case.backward(row));
            near(isa, "scale", scales[row], scale, 1e-5 * scale);
            for i in 0..width {
                let place = row * width + i;
                // What is rounded in the sums grows by the scale.
                let tolerance = 2e-6 * (1.0 + scale);
                near(isa, "unit", units[place], expected[i], tolerance);
                let whole = expected[i] * f64::from(case.gain[i]) + f64::from(case.shift[i]);
                near(isa, "output", output[place], whole, 3.0 * tolerance);
                near(isa, "gradient", gradient[place], backward[i], 4.0 * scale * 4.0 * tolerance);
                let outer = f64::from(case.gradient[place]);
                sums[i].0 += outer * expected[i];
                sums[i].1 += outer;
                sums[i].2 += tolerance * 2.0;
            }
        }
        for (i, (along, sum, tolerance)) in sums.into_iter().enumerate() {
            near(isa, "gain", gain[i], along, tolerance + 1e-5);
            near(isa, "shift", shift[i], sum, tolerance + 1e-5);
        }
        let mut sums = Guarded::new(width, 7.0);
        arithmetic.column_sums(&case.gradient, &mut sums);
        assert_eq!(*sums, **shift, "{isa}");
    }
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn layer_norm_and_its_gradient_are_those_of_the_definition(
        seed: u64, rows in 0usize..9, width in 2usize..70
    ) {
        check(seed, rows, width);
    }
}

#[test]
fn without_an_addend_the_rows_are_normalised_as_they_are() {
    for (isa, arithmetic) in arithmetics() {
        let (mut units, mut scales, mut output) = ([1.0, 3.0], [0.0], [0.0; 2]);
        let how = LayerNorm { gain: &[2.0, 2.0], shift: &[5.0, 5.0], eps: 0.0 };
        arithmetic.layer_norm(how, None, &mut units, &mut scales, &mut output);
        assert_eq!((units, scales, output), ([-1.0, 1.0], [1.0], [3.0, 7.0]), "{isa}");
    }
}
