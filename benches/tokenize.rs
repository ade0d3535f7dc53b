//! How fast texts become tokens, on one thread and on all of them sharing one tokenizer, beside the crate
//! `tokenizers` alone. Elements are tokens as the encoder gets them, so of a long text only those kept.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot start has nothing to report")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deskhand::model::{Bundle, Input, Tokenizer};
use deskhand::text::with_subject;
use serde_json::Value;

const BUNDLE: &str = "models/default";
const TICKETS: &str = "samples/tickets.jsonl";

/// The sample tickets in three lengths: subjects, whole tickets, and one of a megabyte; and a megabyte
/// without a space, as attachments leave them.
fn texts() -> [(&'static str, Vec<String>); 4] {
    let file = fs::read_to_string(TICKETS).expect("the samples");
    let tickets: Vec<Value> =
        file.lines().map(|line| serde_json::from_str(line).expect("a ticket")).collect();
    let part = |ticket: &Value, name: &str| ticket[name].as_str().unwrap_or_default().to_string();
    let subjects: Vec<String> = tickets.iter().map(|ticket| part(ticket, "subject")).collect();
    let whole: Vec<String> =
        tickets.iter().map(|ticket| with_subject(&part(ticket, "subject"), &part(ticket, "body"))).collect();
    let mut long = whole.join("\n");
    while long.len() < 1 << 20 {
        long = format!("{long}\n{long}");
    }
    long.truncate(long.floor_char_boundary(1 << 20));
    let word = "x".repeat(1 << 20);
    [("short", subjects), ("typical", whole), ("1 MB", vec![long]), ("1 MB, one word", vec![word])]
}

fn encode(tokenizer: &Tokenizer, texts: &[String]) -> usize {
    texts.iter().map(|text| tokenizer.encode(&Input::text(text)).expect("tokens").ids.len()).sum()
}

/// Time until every one of `threads` threads has encoded all texts `rounds` times.
fn side_by_side(tokenizer: &Tokenizer, texts: &[String], threads: usize, rounds: u64) -> Duration {
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..rounds).for_each(|_| _ = black_box(encode(tokenizer, texts))));
        }
    });
    started.elapsed()
}

fn tokenize(c: &mut Criterion) {
    let tokenizer =
        Bundle::open(Path::new(BUNDLE)).and_then(|bundle| bundle.tokenizer()).expect("the bundle");
    let mut crates = tokenizers::Tokenizer::from_file(Path::new(BUNDLE).join("tokenizer.json")).expect("it");
    crates.with_padding(None);
    crates.with_truncation(None).expect("no truncation");
    let all = thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group("tokenize");
    group.sample_size(20);
    for (length, texts) in texts() {
        let tokens = encode(&tokenizer, &texts);
        for threads in [1, all] {
            group.throughput(Throughput::Elements((tokens * threads) as u64));
            group.bench_with_input(
                BenchmarkId::new(length, format!("{threads} threads")),
                &texts,
                |b, texts| b.iter_custom(|rounds| side_by_side(&tokenizer, texts, threads, rounds)),
            );
        }
        if texts.len() > 1 {
            group.throughput(Throughput::Elements(tokens as u64));
            group.bench_with_input(BenchmarkId::new(length, "the crate alone"), &texts, |b, texts| {
                b.iter(|| {
                    for text in texts {
                        black_box(crates.encode_fast(text.as_str(), true).expect("tokens"));
                    }
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, tokenize);
criterion_main!(benches);
