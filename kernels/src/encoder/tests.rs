//! Whole passes over encoders of odd shapes: what a plain forward in f64 gives, alone or beside others,
//! with or without help.

mod plain;

use proptest::prelude::*;

use super::*;
use crate::packed::Values;
use crate::testing::{Numbers, cases, tables};

const VOCABULARY: usize = 40;
const POSITIONS: usize = 80;

/// A checkpoint of random weights, made anew from its name at each call.
fn tensor(shape: &Shape, seed: u64, name: &str) -> Matrix {
    let (hidden, inner) = (shape.hidden, shape.inner);
    let (rows, columns) = match name {
        "embeddings.word_embeddings.weight" => (VOCABULARY, hidden),
        "embeddings.position_embeddings.weight" => (POSITIONS, hidden),
        "embeddings.token_type_embeddings.weight" => (2, hidden),
        _ if name.contains("LayerNorm") => (1, hidden),
        _ if name.ends_with("intermediate.dense.weight") => (inner, hidden),
        _ if name.ends_with("intermediate.dense.bias") => (1, inner),
        _ if name.ends_with("attention.output.dense.weight") => (hidden, hidden),
        _ if name.ends_with("output.dense.weight") => (hidden, inner),
        _ if name.ends_with("bias") => (1, hidden),
        _ => (hidden, hidden),
    };
    let seed = name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut values = Numbers(seed).floats(rows * columns, 0.4);
    if name.ends_with("LayerNorm.weight") {
        values.iter_mut().for_each(|x| *x += 1.0);
    }
    Matrix { rows, columns, values: Values::F32(values) }
}

fn encoder(shape: &Shape, seed: u64, precision: Precision, isa: Isa) -> Encoder {
    let made = Encoder::new(shape.clone(), precision, isa, &mut |name| Ok(tensor(shape, seed, name)));
    made.unwrap_or_else(|error| unreachable!("{error}"))
}

/// Token ids of some texts; types follow from the ids.
#[derive(Debug, Clone)]
struct Texts(Vec<(Vec<u32>, Vec<u32>)>);

impl Texts {
    fn new(texts: Vec<Vec<u32>>) -> Self {
        let types = |ids: &[u32]| ids.iter().map(|id| id % 2).collect();
        Self(texts.into_iter().map(|ids| (types(&ids), ids)).map(|(types, ids)| (ids, types)).collect())
    }

    fn all(&self) -> Vec<Text<'_>> {
        self.0.iter().map(|(ids, type_ids)| Text { ids, type_ids }).collect()
    }
}

fn texts(longest: usize, most: usize) -> impl Strategy<Value = Texts> {
    let text = prop::collection::vec(0..VOCABULARY as u32, 1..=longest);
    prop::collection::vec(text, 1..=most).prop_map(Texts::new)
}

fn shapes(widths: std::ops::Range<usize>) -> impl Strategy<Value = Shape> {
    let activation = prop::sample::select(vec![Activation::Gelu, Activation::GeluTanh, Activation::Relu]);
    (widths, 1usize..4, 1usize..100, 1usize..3, activation, any::<bool>()).prop_map(
        |(width, heads, inner, layers, activation, every)| Shape {
            hidden: width * heads,
            layers,
            heads,
            inner,
            activation,
            eps: 1e-12,
            taps: if every { (1..=layers).collect() } else { vec![layers] },
        },
    )
}

fn features(encoder: &Encoder, texts: &[Text<'_>], team: &Team, scratch: &mut Scratch) -> Vec<f32> {
    match encoder.forward(texts, team, scratch) {
        Ok(features) => features.to_vec(),
        Err(error) => unreachable!("{error}"),
    }
}

fn cosine(a: &[f32], b: &[f64]) -> f64 {
    let a: Vec<f64> = a.iter().map(|&x| x.into()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(&a, b) / (dot(&a, &a) * dot(b, b)).sqrt()
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn in_f32_the_features_are_those_of_a_plain_forward(
        shape in shapes(5..24), texts in texts(40, 4), seed: u64,
    ) {
        let expected = plain::forward(&shape, &|name| tensor(&shape, seed, name), &texts.all());
        for (isa, _) in tables() {
            let encoder = encoder(&shape, seed, Precision::F32, isa);
            let found = features(&encoder, &texts.all(), &Team::default(), &mut Scratch::default());
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.into_iter().zip(&expected) {
                prop_assert!((f64::from(found) - expected).abs() < 1e-4, "{}: {} {}", isa, found, expected);
            }
        }
    }

    #[test]
    fn in_8_bits_the_features_are_near_those_of_a_plain_forward(
        shape in shapes(24..40), texts in texts(40, 4), seed: u64,
    ) {
        let expected = plain::forward(&shape, &|name| tensor(&shape, seed, name), &texts.all());
        for (isa, _) in tables() {
            let encoder = encoder(&shape, seed, Precision::Int8, isa);
            let found = features(&encoder, &texts.all(), &Team::default(), &mut Scratch::default());
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.chunks(shape.hidden).zip(expected.chunks(shape.hidden)) {
                prop_assert!(cosine(found, expected) > 0.995, "{}: {}", isa, cosine(found, expected));
            }
        }
    }

    #[test]
    fn any_shape_is_read_alone_beside_others_and_with_help_to_the_same_bits(
        shape in shapes(1..24), texts in texts(70, 4), seed: u64,
    ) {
        for (isa, _) in tables() {
            for precision in [Precision::F32, Precision::Int8] {
                let encoder = encoder(&shape, seed, precision, isa);
                let (team, mut scratch) = (Team::default(), Scratch::default());
                let together = features(&encoder, &texts.all(), &team, &mut scratch);
                prop_assert!(together.iter().all(|x| x.is_finite()), "{isa}");
                let mut alone = Vec::new();
                team.open();
                std::thread::scope(|scope| {
                    scope.spawn(|| team.help(&|| false));
                    for text in texts.all() {
                        alone.extend(features(&encoder, &[text], &team, &mut scratch));
                    }
                    team.close();
                });
                prop_assert_eq!(&together, &alone, "{}", isa);
            }
        }
    }
}

#[test]
fn no_texts_have_no_features() {
    let shape = Shape {
        hidden: 6,
        layers: 1,
        heads: 2,
        inner: 5,
        activation: Activation::Gelu,
        eps: 1e-12,
        taps: vec![1],
    };
    for (isa, _) in tables() {
        for precision in [Precision::F32, Precision::Int8] {
            let encoder = encoder(&shape, 1, precision, isa);
            assert!(features(&encoder, &[], &Team::default(), &mut Scratch::default()).is_empty());
        }
    }
}

#[test]
fn scratch_of_another_encoder_is_made_large_enough() {
    let shape = |width: usize, inner: usize| Shape {
        hidden: 2 * width,
        layers: 1,
        heads: 2,
        inner,
        activation: Activation::Relu,
        eps: 1e-12,
        taps: vec![1],
    };
    let texts = Texts::new(vec![(0..33).collect(), (0..5).collect()]);
    for (isa, _) in tables() {
        let mut scratch = Scratch::default();
        for precision in [Precision::F32, Precision::Int8] {
            for (width, inner) in [(40, 90), (3, 200), (21, 7)] {
                let encoder = encoder(&shape(width, inner), 1, precision, isa);
                let found = features(&encoder, &texts.all(), &Team::default(), &mut scratch);
                // What others left in the padding may show in 8 bits: a scratch is for one encoder.
                if precision == Precision::F32 {
                    let mut fresh = Scratch::default();
                    let fresh = features(&encoder, &texts.all(), &Team::default(), &mut fresh);
                    assert_eq!(found, fresh, "{isa}");
                }
            }
        }
    }
}

#[test]
fn weights_that_are_no_numbers_do_not_crash() {
    let shape = Shape {
        hidden: 12,
        layers: 1,
        heads: 3,
        inner: 20,
        activation: Activation::GeluTanh,
        eps: 0.0,
        taps: vec![1],
    };
    let texts = Texts::new(vec![(0..9).collect()]);
    for filler in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 0.0] {
        let mut spoilt = |name: &str| {
            let mut matrix = tensor(&shape, 1, name);
            if let Values::F32(values) = &mut matrix.values {
                values.iter_mut().step_by(3).for_each(|x| *x = filler);
            }
            Ok(matrix)
        };
        for (isa, _) in tables() {
            for precision in [Precision::F32, Precision::Int8] {
                let encoder = Encoder::new(shape.clone(), precision, isa, &mut spoilt);
                let encoder = encoder.unwrap_or_else(|error| unreachable!("{error}"));
                features(&encoder, &texts.all(), &Team::default(), &mut Scratch::default());
            }
        }
    }
}
