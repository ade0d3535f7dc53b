#![allow(clippy::unwrap_used)]
//! The packed encoder gives what candle gives.

use candle_core::{DType, Device};
use candle_nn::{Init, VarBuilder, VarMap};
use candle_transformers::models::bert::BertModel;
use proptest::prelude::*;

use super::*;
use crate::model::CandleEncoder;
use crate::model::encoder::config;

/// A small BERT of random weights, in both encoders.
fn twins(spec: &EncoderSpec, precision: Precision, isa: Isa) -> (CandleEncoder, PackedEncoder) {
    let varmap = VarMap::new();
    let vars = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
    BertModel::load(vars, &config(spec).unwrap()).unwrap();
    let weights: Weights = varmap
        .data()
        .lock()
        .unwrap()
        .iter()
        .map(|(name, var)| {
            let noise = Init::Randn { mean: 0.0, stdev: 0.15 };
            let noise = noise.var(var.shape(), DType::F32, &Device::Cpu).unwrap();
            (name.clone(), (var.as_tensor() + noise.as_tensor()).unwrap())
        })
        .collect();
    let packed = PackedEncoder::new(spec, &weights, precision, Some(isa)).unwrap();
    (CandleEncoder::new(spec, weights).unwrap(), packed)
}

fn spec(width: usize, heads: usize, inner: usize, act: &str) -> EncoderSpec {
    EncoderSpec {
        architecture: "bert".into(),
        weights: String::new(),
        vocab_size: 60,
        hidden_size: width * heads,
        layers: 2,
        attention_heads: heads,
        intermediate_size: inner,
        hidden_act: act.into(),
        max_positions: 96,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        taps: vec![1, 2],
        max_tokens: 96,
    }
}

fn texts(ids: Vec<Vec<u32>>) -> Vec<Tokens> {
    ids.into_iter()
        .map(|ids| Tokens { type_ids: ids.iter().map(|id| id % 2).collect(), ids, truncated: false })
        .collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn in_f32_it_gives_what_candle_gives_on_any_shape_and_any_instructions(
        width in 1usize..40, heads in 1usize..4, inner in 1usize..150,
        act in prop::sample::select(vec!["gelu", "gelu_new", "relu"]),
        ids in prop::collection::vec(prop::collection::vec(0u32..60, 1..70), 1..5),
    ) {
        // A width of 1 is normalised to nothing but its sign.
        prop_assume!(width * heads > 3);
        let texts = texts(ids);
        for isa in available() {
            let (candle, packed) = twins(&spec(width, heads, inner, act), Precision::F32, isa);
            let expected = candle.forward(&texts, &mut Desk::default()).unwrap();
            let found = packed.forward(&texts, &mut Desk::default()).unwrap();
            for (a, b) in expected.iter().flatten().zip(found.iter().flatten()) {
                prop_assert!((a - b).abs() < 2e-4, "{isa}: {a} {b}");
            }
        }
    }

    #[test]
    fn in_8_bits_it_stays_close_to_candle_on_any_instructions(
        heads in 1usize..4, inner in 30usize..150,
        ids in prop::collection::vec(prop::collection::vec(0u32..60, 1..70), 1..5),
    ) {
        let texts = texts(ids);
        for isa in available() {
            let (candle, packed) = twins(&spec(32, heads, inner, "gelu"), Precision::Int8, isa);
            let expected = candle.forward(&texts, &mut Desk::default()).unwrap();
            let found = packed.forward(&texts, &mut Desk::default()).unwrap();
            for (a, b) in expected.iter().zip(&found) {
                prop_assert!(cosine(a, b) > 0.99, "{isa}: {}", cosine(a, b));
            }
        }
    }

    #[test]
    fn a_text_among_others_is_read_as_if_it_were_alone_to_the_bit(
        ids in prop::collection::vec(prop::collection::vec(0u32..60, 1..70), 1..6),
    ) {
        let texts = texts(ids);
        for precision in [Precision::F32, Precision::Int8] {
            let (_, packed) = twins(&spec(16, 2, 50, "gelu"), precision, Isa::detect());
            let mut desk = Desk::default();
            let together = packed.forward(&texts, &mut desk).unwrap();
            for (text, row) in texts.iter().zip(together) {
                let alone = packed.forward(std::slice::from_ref(text), &mut desk).unwrap();
                prop_assert_eq!(&alone[0], &row);
            }
        }
    }
}

#[test]
fn helpers_change_nothing_to_the_bit() {
    let texts = texts(vec![(0..60).collect(), (5..20).collect()]);
    for precision in [Precision::F32, Precision::Int8] {
        let (_, packed) = twins(&spec(16, 4, 150, "gelu"), precision, Isa::detect());
        let alone = packed.forward(&texts, &mut Desk::default()).unwrap();
        let mut desk = Desk::default();
        let team = desk.team.clone();
        team.open();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| team.help(&|| false));
            }
            for _ in 0..20 {
                assert_eq!(packed.forward(&texts, &mut desk).unwrap(), alone);
            }
            team.close();
        });
    }
}

#[test]
fn ids_that_the_vocabulary_does_not_have_are_refused() {
    let (_, packed) = twins(&spec(8, 1, 8, "gelu"), Precision::F32, Isa::Portable);
    let texts = texts(vec![vec![3, 60]]);
    let refused = packed.forward(&texts, &mut Desk::default()).unwrap_err();
    assert!(refused.to_string().contains("60"), "{refused}");
}

#[test]
fn a_missing_tensor_is_named() {
    let error =
        PackedEncoder::new(&spec(8, 1, 8, "gelu"), &Weights::new(), Precision::F32, None).unwrap_err();
    assert!(error.to_string().contains("embeddings.word_embeddings.weight"), "{error}");
}
