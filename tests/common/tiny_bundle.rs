//! A bundle small enough for tests: a BERT of two layers that reads letters. Its weights mean nothing,
//! but everything from the tokenizer to the checksums is as in a real bundle. The heads look at nothing
//! either, so that their answers are known: `Network`, medium impact, high urgency, mixed sentiment.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses it in its own way")]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use candle_core::{Device, Tensor};
use deskhand::model::weights::Weights;
use deskhand::model::{
    Base, BundleWriter, EncoderSpec, FORMAT, Head, HeadSpec, Manifest, P1Point, Reads, Thresholds,
};

const HIDDEN: usize = 32;
const INTERMEDIATE: usize = 48;
const LAYERS: usize = 2;
/// Entries of the fixture's vocabulary: letters, digits and punctuation, alone and as continuations.
const VOCABULARY: usize = 108;
/// Longest text in tokens.
pub const MAX_TOKENS: usize = 512;

/// What may differ from one small bundle to the next.
#[derive(Clone, Copy)]
pub struct Tiny {
    /// Version of the bundle.
    pub version: &'static str,
    /// What the head for the category says: 0 for `Network`, 1 for `Hardware`, 2 for `Access`.
    pub category: usize,
    /// Another number is another encoder.
    pub encoder: usize,
}

/// Writes the bundle to `dir`.
pub fn write(dir: &Path) {
    write_as(dir, Tiny { version: "1", category: 0, encoder: 0 });
}

/// Writes one that differs to `dir`.
pub fn write_as(dir: &Path, tiny: Tiny) {
    let category: [f32; 3] = std::array::from_fn(|label| if label == tiny.category { 4.0 } else { 0.0 });
    let heads = [
        head("category", Reads::Ticket, &["Network", "Hardware", "Access"], &category),
        head("impact", Reads::Ticket, &["high", "medium", "low"], &[0.0, 4.0, 0.0]),
        head("urgency", Reads::Ticket, &["high", "medium", "low"], &[4.0, 0.0, 0.0]),
        head(
            "sentiment",
            Reads::Survey,
            &["negative", "neutral", "positive", "mixed"],
            &[0.0, 0.0, 0.0, 3.0],
        ),
        head("aspect/speed", Reads::Survey, &["absent", "negative", "positive"], &[0.0, 3.0, 0.0]),
    ];
    let writer = BundleWriter::new(dir).unwrap();
    // In the program, so that it is found from every crate that uses this (`fuzz/` is another one).
    let tokenizer = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&tokenizer, include_bytes!("../fixtures/model/tokenizer.json")).unwrap();
    writer.tokenizer(tokenizer.path()).unwrap();
    writer.encoder(&weights(tiny.encoder)).unwrap();
    writer.heads(&heads, None).unwrap();
    let manifest = Manifest {
        format: FORMAT,
        name: "tiny".into(),
        version: tiny.version.into(),
        taxonomy: String::new(),
        languages: vec!["en".into()],
        base: Base { name: "no pretraining".into(), licence: "Apache-2.0".into() },
        encoder: encoder(),
        priority: Some(thresholds()),
        p1: p1(),
        search: None,
        heads: heads.iter().map(|head| head.spec().clone()).collect(),
        files: Default::default(),
    };
    writer.finish(manifest).unwrap();
}

fn thresholds() -> Thresholds {
    Thresholds::new(0.8, 0.4)
}

/// The answers' P(P1) is 0.017: enough where 9 of 10 must be found, too little for half of them.
fn p1() -> Vec<P1Point> {
    let point = |from, recall_at_least| P1Point { from, recall: 1.0, recall_at_least, precision: 0.5 };
    vec![point(0.5, 0.5), point(0.01, 0.9)]
}

fn encoder() -> EncoderSpec {
    EncoderSpec {
        architecture: "bert".into(),
        weights: String::new(),
        vocab_size: VOCABULARY,
        hidden_size: HIDDEN,
        layers: LAYERS,
        attention_heads: 4,
        intermediate_size: INTERMEDIATE,
        hidden_act: "gelu".into(),
        max_positions: MAX_TOKENS,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        taps: vec![LAYERS],
        max_tokens: MAX_TOKENS,
    }
}

/// A head that gives the same answer to every text.
fn head(task: &str, reads: Reads, labels: &[&str], bias: &[f32]) -> Head {
    let spec = HeadSpec {
        task: task.into(),
        reads,
        labels: labels.iter().map(ToString::to_string).collect(),
        temperature: 1.0,
        calibrated_on: None,
        thresholds: thresholds(),
    };
    Head::new(spec, encoder().features(), vec![0.0; labels.len() * encoder().features()], bias.to_vec())
        .unwrap()
}

fn weights(seed: usize) -> Weights {
    let mut weights = Weights::new();
    let mut add = |name: String, shape: &[usize]| {
        let count = shape.iter().product();
        let values: Vec<f32> = match name.rsplit_once("LayerNorm.").map(|(_, part)| part) {
            Some("weight") => vec![1.0; count],
            Some(_) => vec![0.0; count],
            // Anything that has no pattern will do; this needs no generator and is the same everywhere.
            None => (0..count)
                .map(|i| ((i * 7 + name.len() * 13 + seed * 1_001) as f32 * 12.9898).sin() * 0.5)
                .collect(),
        };
        weights.insert(name, Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
    };
    add("embeddings.word_embeddings.weight".into(), &[VOCABULARY, HIDDEN]);
    add("embeddings.position_embeddings.weight".into(), &[MAX_TOKENS, HIDDEN]);
    add("embeddings.token_type_embeddings.weight".into(), &[2, HIDDEN]);
    add("embeddings.LayerNorm.weight".into(), &[HIDDEN]);
    add("embeddings.LayerNorm.bias".into(), &[HIDDEN]);
    for layer in 0..LAYERS {
        let dense = [
            ("attention.self.query", HIDDEN, HIDDEN),
            ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN),
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", INTERMEDIATE, HIDDEN),
            ("output.dense", HIDDEN, INTERMEDIATE),
        ];
        for (part, out, into) in dense {
            add(format!("encoder.layer.{layer}.{part}.weight"), &[out, into]);
            add(format!("encoder.layer.{layer}.{part}.bias"), &[out]);
        }
        for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(format!("encoder.layer.{layer}.{part}.weight"), &[HIDDEN]);
            add(format!("encoder.layer.{layer}.{part}.bias"), &[HIDDEN]);
        }
    }
    weights
}
