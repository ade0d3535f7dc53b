//! A bundle small enough for tests: a one-layer encoder of random weights that reads letters.
//!
//! Its embeddings mean nothing, but the same text always has the same one and different texts have
//! different ones, and everything from the tokenizer to the checksums is as in a real bundle.

#![allow(clippy::expect_used)]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::weights::Weights;
use super::{Base, Bundle, BundleWriter, EncoderSpec, FORMAT, Head, Manifest, Model, SearchWeights};
use crate::config::InferenceSettings;

/// Letters, digits and punctuation, alone and as continuations.
pub(crate) const TOKENIZER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/model/tokenizer.json");

/// Shape of the small encoder.
pub(crate) fn spec() -> EncoderSpec {
    EncoderSpec {
        architecture: "bert".into(),
        weights: String::new(),
        vocab_size: 108,
        hidden_size: 16,
        layers: 1,
        attention_heads: 2,
        intermediate_size: 24,
        hidden_act: "gelu".into(),
        max_positions: 512,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        taps: vec![1],
        max_tokens: 512,
    }
}

/// Writes a bundle with these heads to `dir`; another `seed` gives another encoder.
pub(crate) fn bundle(dir: &Path, seed: u64, heads: &[Head]) -> Bundle {
    bundle_with(dir, seed, heads, None)
}

fn bundle_with(dir: &Path, seed: u64, heads: &[Head], search: Option<&SearchWeights>) -> Bundle {
    let writer = BundleWriter::new(dir).expect("the bundle's folder can be made");
    writer.tokenizer(Path::new(TOKENIZER)).expect("the tokenizer can be copied");
    writer.encoder(&weights(seed)).expect("the weights can be written");
    if !heads.is_empty() {
        writer.heads(heads, None).expect("the heads can be written");
    }
    if let Some(search) = search {
        writer.search(search).expect("what it knows about search can be written");
    }
    let manifest = Manifest {
        format: FORMAT,
        name: "tiny".into(),
        version: seed.to_string(),
        taxonomy: String::new(),
        languages: vec!["en".into()],
        base: Base { name: "random weights".into(), licence: "Apache-2.0".into() },
        encoder: spec(),
        priority: None,
        p1: Vec::new(),
        search: None,
        heads: heads.iter().map(|head| head.spec().clone()).collect(),
        files: Default::default(),
    };
    writer.finish(manifest).expect("the bundle is complete")
}

/// The bundle of `seed` without heads, loaded, with one worker. Can be called on an async runtime.
pub(crate) fn model(seed: u64) -> Arc<Model> {
    model_with(seed, None)
}

/// The same with what it knows about search.
pub(crate) fn model_with(seed: u64, search: Option<SearchWeights>) -> Arc<Model> {
    let load = move || {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let path = dir.path().join("bundle");
        bundle_with(&path, seed, &[], search.as_ref());
        let settings = InferenceSettings { threads: NonZeroUsize::new(1), ..Default::default() };
        Arc::new(Model::load(&path, &settings).expect("the bundle can be loaded"))
    };
    // Loading waits for a first answer of the model, which a thread of the runtime must not.
    std::thread::spawn(load).join().expect("the bundle can be loaded")
}

/// Tensors by the names that BERT checkpoints use. Layer norms change nothing, the rest is random.
fn weights(seed: u64) -> Weights {
    let EncoderSpec { hidden_size: hidden, intermediate_size: inner, .. } = spec();
    let layer = "encoder.layer.0";
    let embeddings = [("word", spec().vocab_size), ("position", spec().max_positions), ("token_type", 2)];
    let tables = embeddings.map(|(name, rows)| (format!("embeddings.{name}_embeddings"), rows, hidden));
    let mut random = StdRng::seed_from_u64(seed);
    let mut weights = Weights::new();
    let mut draw = |name: String, rows: usize, columns: usize| {
        let values: Vec<f32> = (0..rows * columns).map(|_| random.random_range(-0.5..0.5)).collect();
        weights.insert(name, Tensor::from_vec(values, (rows, columns), &Device::Cpu).expect("it fits"));
    };
    for (name, rows, columns) in tables {
        draw(format!("{name}.weight"), rows, columns);
    }
    let linear = [
        ("attention.self.query", hidden, hidden),
        ("attention.self.key", hidden, hidden),
        ("attention.self.value", hidden, hidden),
        ("attention.output.dense", hidden, hidden),
        ("intermediate.dense", inner, hidden),
        ("output.dense", hidden, inner),
    ];
    for (name, rows, columns) in linear {
        draw(format!("{layer}.{name}.weight"), rows, columns);
    }
    let constant = |value: f32, len: usize| Tensor::full(value, len, &Device::Cpu).expect("it fits");
    for (name, rows, _) in linear {
        weights.insert(format!("{layer}.{name}.bias"), constant(0.0, rows));
    }
    for norm in ["embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"] {
        weights.insert(format!("{norm}.LayerNorm.weight"), constant(1.0, hidden));
        weights.insert(format!("{norm}.LayerNorm.bias"), constant(0.0, hidden));
    }
    weights
}
