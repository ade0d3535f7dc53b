//! How long the encoder of the shipped bundle takes: texts of 16 to 256 tokens, one alone and many at
//! once, and tickets of all lengths as they come; on one core and on all, in 8 bits and in f32.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot start has nothing to report")]

use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deskhand::config::{EncoderKind, InferenceSettings};
use deskhand::model::{Input, Model, Tokens};

/// A text of `len` tokens out of the middle of the vocabulary.
fn text(len: usize) -> Tokens {
    let ids = (0..len).map(|i| 2_000 + 137 * i as u32 % 20_000).collect();
    Tokens { ids, type_ids: vec![0; len], truncated: false }
}

/// The sample tickets.
fn tickets(model: &Model) -> Vec<Tokens> {
    let file = fs::read_to_string("samples/tickets.jsonl").expect("the sample tickets");
    file.lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("a ticket");
            let part = |name: &str| row[name].as_str().unwrap_or_default().to_string();
            let words = format!("{}\n{}", part("subject"), part("body"));
            model.tokenizer().encode(&Input::text(&words)).expect("tokens")
        })
        .collect()
}

fn forward(c: &mut Criterion) {
    for (encoder, name) in [(EncoderKind::Int8, "int8"), (EncoderKind::F32, "f32")] {
        for (threads, cores) in [(NonZeroUsize::new(1), "one core"), (None, "all cores")] {
            let settings = InferenceSettings { threads, encoder, ..Default::default() };
            let model = Model::load(Path::new("models/default"), &settings).expect("the bundle");
            let mut group = c.benchmark_group(format!("{name} on {cores}"));
            group.sample_size(10);
            let mut bench = |case: String, texts: &[Tokens]| {
                let tokens: usize = texts.iter().map(|text| text.ids.len()).sum();
                group.throughput(Throughput::Elements(tokens as u64));
                group.bench_with_input(BenchmarkId::from_parameter(case), texts, |b, texts| {
                    b.iter(|| black_box(model.read_tokens_blocking(texts).expect("readings")));
                });
            };
            for len in [16, 64, 128, 256] {
                for count in [1, 8, 32] {
                    bench(format!("{len} tokens x {count}"), &vec![text(len); count]);
                }
            }
            bench("150 tickets".into(), &tickets(&model));
            group.finish();
        }
    }
}

criterion_group!(benches, forward);
criterion_main!(benches);
