//! The way back through attention against the derivatives of the definition.

use proptest::prelude::*;

use crate::testing::{Guarded, Numbers, cases, close};
use crate::training::{Heads, arithmetics};

/// Queries, keys and values of every token, and the gradient of its context.
struct Case {
    heads: Heads,
    tokens: usize,
    attend: Vec<f32>,
    gradient: Vec<f32>,
}

impl Case {
    fn new(seed: u64, tokens: usize, heads: Heads) -> Self {
        let mut numbers = Numbers(seed);
        let part = heads.count * heads.width;
        let attend = numbers.floats(3 * tokens * part, 1.5);
        Self { heads, tokens, attend, gradient: numbers.floats(tokens * part, 1.0) }
    }

    /// Number `channel` of what a head has for `token`: a query (0), a key (1) or a value (2).
    fn place(&self, head: usize, token: usize, kind: usize, channel: usize) -> usize {
        let part = self.heads.count * self.heads.width;
        (3 * token + kind) * part + head * self.heads.width + channel
    }

    fn dot(&self, head: usize, (token, kind): (usize, usize), (other, other_kind): (usize, usize)) -> f64 {
        let at = |token, kind, channel| f64::from(self.attend[self.place(head, token, kind, channel)]);
        (0..self.heads.width).map(|c| at(token, kind, c) * at(other, other_kind, c)).sum()
    }

    /// P of the module's formulas.
    fn shares(&self, head: usize) -> Vec<Vec<f64>> {
        let row = |token| {
            let scores = |key| self.dot(head, (token, 0), (key, 1)) / (self.heads.width as f64).sqrt();
            let powers: Vec<f64> = (0..self.tokens).map(|key| scores(key).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|power| power / sum).collect()
        };
        (0..self.tokens).map(row).collect()
    }

    /// The gradient of a head's queries, keys and values, at their places.
    fn backward(&self, head: usize, to: &mut [f64]) {
        let shares = self.shares(head);
        let part = self.heads.count * self.heads.width;
        let width = self.heads.width;
        let outer = |token: usize, c: usize| f64::from(self.gradient[token * part + head * width + c]);
        let value = |token, c| f64::from(self.attend[self.place(head, token, 2, c)]);
        for token in 0..self.tokens {
            let slopes: Vec<f64> = (0..self.tokens)
                .map(|key| (0..width).map(|c| outer(token, c) * value(key, c)).sum())
                .collect();
            let mean: f64 = slopes.iter().zip(&shares[token]).map(|(slope, share)| slope * share).sum();
            for key in 0..self.tokens {
                let slope = shares[token][key] * (slopes[key] - mean) / (width as f64).sqrt();
                for c in 0..width {
                    to[self.place(head, token, 0, c)] +=
                        slope * f64::from(self.attend[self.place(head, key, 1, c)]);
                    to[self.place(head, key, 1, c)] +=
                        slope * f64::from(self.attend[self.place(head, token, 0, c)]);
                    to[self.place(head, key, 2, c)] += shares[token][key] * outer(token, c);
                }
            }
        }
    }

    fn check(&self) {
        let mut expected = vec![0.0; self.attend.len()];
        (0..self.heads.count).for_each(|head| self.backward(head, &mut expected));
        let size = expected.iter().fold(1.0f64, |most, x| most.max(x.abs()));
        for (isa, arithmetic) in arithmetics() {
            // An earlier text leaves the scratch full of what is no number.
            let spoilt = vec![f32::NAN; 3 * 40 * 40];
            let mut found = vec![0.0; spoilt.len()];
            arithmetic.attention_backward(
                Heads { count: 1, width: 40 },
                &spoilt,
                &spoilt[..1600],
                &mut found,
            );
            let (attend, gradient) = (Guarded::of(&self.attend), Guarded::of(&self.gradient));
            let mut found = Guarded::new(self.attend.len(), f32::NAN);
            arithmetic.attention_backward(self.heads, &attend, &gradient, &mut found);
            for (i, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
                assert!(close(found, expected, 4e-6 * size), "{isa}: {i}: {found}, not {expected}");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn gradients_of_attention_are_those_of_the_definition(
        seed: u64, tokens in 0usize..40, count in 1usize..4, width in 1usize..40
    ) {
        Case::new(seed, tokens, Heads { count, width }).check();
    }
}

#[test]
fn tokens_around_the_width_of_a_vector_have_the_right_gradients() {
    for tokens in [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 70] {
        Case::new(3, tokens, Heads { count: 2, width: 12 }).check();
    }
}
