//! How long the shipped bundle takes to read texts of different length: one alone, and many at once.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot start has nothing to report")]

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deskhand::config::InferenceSettings;
use deskhand::model::{Input, Model};

/// About one token a word.
fn text(tokens: usize) -> String {
    let words = ["the", "printer", "on", "our", "floor", "does", "not", "print", "labels", "again"];
    words.iter().copied().cycle().take(tokens.saturating_sub(2)).collect::<Vec<_>>().join(" ")
}

fn forward(c: &mut Criterion) {
    let model = Model::load(Path::new("models/default"), &InferenceSettings::default()).expect("the bundle");
    let mut group = c.benchmark_group("forward");
    group.sample_size(10);
    for tokens in [16, 64, 128, 256] {
        let text = text(tokens);
        for count in [1, 32] {
            let inputs = vec![Input::text(&text); count];
            group.throughput(Throughput::Elements(count as u64));
            group.bench_with_input(
                BenchmarkId::new(format!("{tokens} tokens"), format!("{count} texts")),
                &inputs,
                |b, inputs| b.iter(|| black_box(model.read_blocking(inputs).expect("readings"))),
            );
        }
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
