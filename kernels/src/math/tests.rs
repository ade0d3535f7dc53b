//! exp and the activations against f64.

use proptest::prelude::*;

use super::*;
use crate::Isa;
use crate::linear::{Finish, Output};
use crate::packed::{Matrix, PANEL, PackedF32, Values};
use crate::testing::{ACTIVATION_ERROR, Guarded, Job, Numbers, activated, cases, close, run_on, tables};

/// e to the power of each number, in place.
struct Powers(Guarded<f32>);

impl Job for Powers {
    #[inline(always)]
    unsafe fn run<V: Vector>(&mut self) {
        for i in (0..self.0.len()).step_by(V::LANES) {
            // SAFETY: the length is a multiple of sixteen.
            unsafe {
                let at = self.0.as_mut_ptr().add(i);
                exp(V::load(at)).store(at);
            }
        }
    }
}

fn check_exp(x: &[f32]) {
    for isa in Isa::ALL {
        let mut powers = Powers(Guarded::of(x));
        if !run_on(isa, &mut powers) {
            continue;
        }
        for (&x, &found) in x.iter().zip(powers.0.iter()) {
            let expected = f64::from(x.clamp(-87.0, 88.0)).exp();
            assert!(close(found, expected, 2.5e-7 * expected), "{isa}: exp({x}) = {found}, not {expected}");
        }
    }
}

/// Through a product by 1, as the encoder calls it.
fn check_activations(x: &[f32]) {
    for (isa, kernels) in tables() {
        let one = Matrix { rows: 1, columns: 1, values: Values::F32(vec![1.0]) };
        let weights = PackedF32::new(&[(&one, &[0.0])], kernels.f32_columns);
        let input = Guarded::of(x);
        for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
            let mut found = Guarded::new(x.len() * PANEL, f32::NAN);
            let finish = Finish::Activate(activation);
            let output = Output { rows: x.len(), first: found.as_mut_ptr(), stride: PANEL, finish };
            // SAFETY: each number is a row of its own.
            unsafe { (kernels.linear_f32)((input.as_ptr(), 1), &weights, 0..1, &output) };
            for (&x, &found) in x.iter().zip(found.iter().step_by(PANEL)) {
                let expected = activated(activation, x.into());
                let tolerance = ACTIVATION_ERROR * f64::from(x.abs().max(1.0));
                assert!(
                    close(found, expected, tolerance),
                    "{isa}: {activation:?}({x}) = {found}, not {expected}"
                );
            }
        }
    }
}

/// Numbers from `low` to `high`, so many that a multiple of sixteen comes out.
fn grid(low: f32, high: f32) -> Vec<f32> {
    let steps = if cfg!(miri) { 64 } else { 16_384 };
    (0..steps).map(|i| low + (high - low) * i as f32 / (steps - 1) as f32).collect()
}

#[test]
fn exp_is_right_to_a_quarter_millionth_over_its_whole_range() {
    check_exp(&grid(-87.0, 88.0));
    check_exp(&grid(-1.0, 1.0));
}

#[test]
fn exp_of_what_is_out_of_range_is_that_of_the_border() {
    let ends = [-88.0, -1e9, -1e30, f32::MIN, f32::NEG_INFINITY, 89.0, 1e30, f32::MAX, f32::INFINITY];
    check_exp(&ends.into_iter().cycle().take(16).collect::<Vec<_>>());
}

#[test]
fn activations_are_right_to_four_ten_millionths() {
    check_activations(&grid(-12.0, 12.0));
    check_activations(&grid(-0.01, 0.01));
}

#[test]
fn activations_of_huge_and_tiny_numbers_are_numbers() {
    let sizes = [1e-45, 1e-38, 1e-30, 1e-10, 100.0, 1e4, 1e10, 1e18];
    check_activations(&sizes.into_iter().flat_map(|x| [x, -x]).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn exp_and_activations_are_right_anywhere(seed: u64, size in 0f32..88.0) {
        let x = Numbers(seed).floats(64, size);
        check_exp(&x);
        check_activations(&x);
    }
}
