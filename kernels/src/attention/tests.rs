//! Attention of any number of tokens and any width gives what its definition gives, and leaves alone what
//! is not the head's own.

use proptest::prelude::*;

use super::*;
use crate::testing::{Guarded, Numbers, cases, close, tables};

/// A text of `tokens` and a layer of `heads` heads; queries and keys of about `size`.
#[derive(Debug, Clone)]
struct Case {
    seed: u64,
    tokens: usize,
    heads: usize,
    width: usize,
    size: f32,
    /// Floats that queries, keys and values are padded with.
    padding: usize,
}

fn case(tokens: impl Strategy<Value = usize>) -> impl Strategy<Value = Case> {
    let size = prop_oneof![Just(0.0), 0.1f32..4.0, Just(1e3), Just(1e-20)];
    (any::<u64>(), tokens, 1usize..4, 1usize..70, size, 0usize..20).prop_map(
        |(seed, tokens, heads, width, size, padding)| Case { seed, tokens, heads, width, size, padding },
    )
}

impl Case {
    fn part(&self) -> usize {
        self.heads * self.width + self.padding
    }

    /// Queries, keys and values of each token; what pads them is no number, so that it shows where it is
    /// read. The memory ends with the last value.
    fn input(&self) -> Guarded<f32> {
        let mut numbers = Numbers(self.seed);
        let mut input = vec![f32::NAN; self.tokens * 3 * self.part()];
        for (i, part) in input.chunks_exact_mut(self.part()).enumerate() {
            let size = if i % 3 == 2 { 1.0 } else { self.size };
            part[..self.heads * self.width].copy_from_slice(&numbers.floats(self.heads * self.width, size));
        }
        Guarded::of(&input[..input.len() - self.padding])
    }

    fn head(&self, input: &[f32], output: &mut [f32], number: usize) -> Head {
        Head {
            tokens: self.tokens,
            width: self.width,
            input: input.as_ptr().wrapping_add(number * self.width),
            part: self.part(),
            input_stride: 3 * self.part(),
            output: output.as_mut_ptr().wrapping_add(number * self.width),
            output_stride: self.part(),
        }
    }

    /// softmax(Q Kᵀ / √width) V of one token, and the largest score.
    fn context(&self, input: &[f32], head: usize, token: usize) -> (Vec<f64>, f64) {
        let vector = |token: usize, part: usize| {
            let start = (3 * token + part) * self.part() + head * self.width;
            input[start..start + self.width].iter().map(|&x| f64::from(x))
        };
        let score = |key: usize| {
            let products = vector(token, 0).zip(vector(key, 1)).map(|(q, k)| q * k);
            products.sum::<f64>() / (self.width as f64).sqrt()
        };
        let scores: Vec<f64> = (0..self.tokens).map(score).collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        let mut context = vec![0.0; self.width];
        for (key, power) in powers.iter().enumerate() {
            context.iter_mut().zip(vector(key, 2)).for_each(|(to, value)| *to += power / sum * value);
        }
        (context, scores.iter().fold(0.0, |most, score| score.abs().max(most)))
    }

    /// All heads by all tables, in scratch that an earlier text has left full of what is no number.
    fn check(&self) {
        let input = self.input();
        let before = Numbers(self.seed ^ 1).floats(self.tokens * self.part() - self.padding, 1.0);
        for (isa, kernels) in tables() {
            let mut scratch = Scratch::default();
            let spoilt = vec![f32::NAN; 3 * 150 * 80];
            let width = 80;
            let earlier = Case { tokens: 150, width, heads: 1, padding: 0, ..self.clone() };
            let mut found = vec![0.0; 150 * width];
            // SAFETY: the pointers are to inputs and outputs of so many tokens, as below.
            unsafe { (kernels.attention)(&earlier.head(&spoilt, &mut found, 0), &mut scratch) };
            let mut found = Guarded::of(&before);
            let heads = 1.max(self.heads - 1);
            for head in 0..heads {
                unsafe { (kernels.attention)(&self.head(&input, &mut found, head), &mut scratch) };
            }
            let asked = |i: usize| i % self.part() < heads * self.width;
            for (i, (found, before)) in found.iter().zip(&before).enumerate().filter(|(i, _)| !asked(*i)) {
                assert_eq!(found.to_bits(), before.to_bits(), "{isa}: wrote to {i}");
            }
            for (token, head) in (0..self.tokens).flat_map(|t| (0..heads).map(move |h| (t, h))) {
                let (context, largest) = self.context(&input, head, token);
                let start = token * self.part() + head * self.width;
                for (&found, expected) in found[start..].iter().zip(context) {
                    // A score that is off makes its power off by as much again, relative to it.
                    let tolerance = 2e-6 + 4e-7 * largest * (self.width as f64).sqrt();
                    assert!(
                        close(found, expected, tolerance),
                        "{isa}: token {token}, head {head}: {found}, not {expected} within {tolerance}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]
    #[test]
    fn attention_is_that_of_the_definition_on_any_shape(case in case(1usize..40)) {
        case.check();
    }
}

proptest! {
    #![proptest_config(cases(6))]
    #[test]
    fn attention_over_long_texts_is_right_too(case in case(40usize..132)) {
        case.check();
    }
}

#[test]
fn one_token_of_one_head_gets_its_own_value() {
    for width in [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64] {
        Case { seed: 1, tokens: 1, heads: 1, width, size: 1.0, padding: 0 }.check();
    }
}

#[test]
fn numbers_of_texts_around_the_width_of_a_vector_are_right() {
    for tokens in [2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 63, 64, 65] {
        Case { seed: 2, tokens, heads: 2, width: 12, size: 1.0, padding: 8 }.check();
    }
}

#[test]
fn input_that_is_no_number_does_not_crash() {
    for filler in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        for (_, kernels) in tables() {
            let case = Case { seed: 3, tokens: 9, heads: 1, width: 5, size: 1.0, padding: 0 };
            let mut input = case.input();
            input.iter_mut().step_by(7).for_each(|x| *x = filler);
            let mut found = Guarded::new(9 * 5, 0.0);
            // SAFETY: as in `check`.
            unsafe { (kernels.attention)(&case.head(&input, &mut found, 0), &mut Scratch::default()) };
        }
    }
}
