//! How long a step of tuning the shipped encoder takes: a batch of sample tickets forward, backward and
//! through the optimizer, on as many threads as there are cores, beside the same as a graph of candle's own
//! operations. The fastest step counts as well as the median: it is what a quiet machine would take.
//!
//! `cargo bench --bench tune`; `-- --threads N` for another number of threads.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench reports on standard output")]

use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use candle_core::Tensor;
use candle_core::backprop::GradStore;
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use deskhand::config::InferenceSettings;
use deskhand::learn::tuning::{HeadShape, Job, Precision, Sample, Step, TuneSettings, tune};
use deskhand::model::weights::Weights;
use deskhand::model::{Bundle, EncoderSpec, Input, Model, Tokens};

#[path = "../src/learn/tuning/tests/stock.rs"]
mod stock;
use stock::Stock;

const TEXTS: usize = 32;
/// Steps that count, after the first ones.
const STEPS: usize = 9;
const WARM_UP: usize = 2;
const LABELS: usize = 30;

fn main() -> anyhow::Result<()> {
    let threads = threads()?;
    let bundle = Bundle::open(Path::new("models/default"))?;
    let samples = samples()?;
    let tokens: usize = samples.iter().map(|sample| sample.tokens.ids.len()).sum();
    println!(
        "{TEXTS} tickets with {tokens} tokens, {threads} threads; the median of {STEPS} steps and the fastest"
    );
    let report = |name: &str, steps: Vec<Duration>| {
        let (median, fastest) = (steps[steps.len() / 2].as_secs_f64(), steps[0].as_secs_f64());
        let share = |seconds: f64| 1e6 * seconds * threads as f64 / tokens as f64;
        println!(
            "{name:<12} {:>8.1} ms a step {:>8.0} tokens/s {:>8.0} µs a token and thread, at best {:>6.0}",
            1e3 * median,
            tokens as f64 / median,
            share(median),
            share(fastest)
        );
        fastest
    };
    let spec = &bundle.manifest().encoder;
    let weights = bundle.encoder_weights()?;
    let ours = report("f32", own(spec, &weights, &samples, Precision::F32, threads)?);
    let mixed = report("mixed", own(spec, &weights, &samples, Precision::Mixed, threads)?);
    let stock = report("stock candle", graph(spec, &weights, &samples, threads)?);
    println!(
        "as fast as the stock graph, at best: f32 {:.1} times, mixed {:.1} times",
        stock / ours,
        stock / mixed
    );
    Ok(())
}

fn threads() -> anyhow::Result<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--threads").skip(1);
    match arguments.next() {
        Some(number) => number.parse().context("--threads needs a number"),
        None => Ok(InferenceSettings::default().worker_count()),
    }
}

/// The first sample tickets, each with a label and what the model says of it now.
fn samples() -> anyhow::Result<Vec<Sample>> {
    let model = Model::load(Path::new("models/default"), &InferenceSettings::default())?;
    let file = std::fs::read_to_string("samples/tickets.jsonl")?;
    let sample = |(number, line): (usize, &str)| {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let part = |name: &str| row[name].as_str().unwrap_or_default().to_string();
        let words = format!("{}\n{}", part("subject"), part("body"));
        let tokens = model.tokenizer().encode(&Input::text(&words))?;
        let reading = model.read_tokens_blocking(std::slice::from_ref(&tokens))?.remove(0);
        let labels = vec![Some((number % LABELS) as u32)];
        Ok(Sample { tokens, labels, embedding: reading.embedding(), times: 1.0 })
    };
    file.lines().take(TEXTS).enumerate().map(sample).collect()
}

/// The steps of [`tune`], fastest first.
fn own(
    spec: &EncoderSpec,
    weights: &Weights,
    samples: &[Sample],
    precision: Precision,
    threads: usize,
) -> anyhow::Result<Vec<Duration>> {
    let epochs = WARM_UP + STEPS;
    let settings = TuneSettings { epochs, precision, batch: TEXTS, ..TuneSettings::default() };
    let heads = [HeadShape { labels: LABELS, weight: 1.0, auxiliary: false }];
    let ends = Mutex::new(vec![Instant::now()]);
    let hear = |step| {
        if let (Step::Done(..), Ok(mut ends)) = (step, ends.lock()) {
            ends.push(Instant::now());
        }
    };
    let job = Job {
        spec,
        samples,
        held_out: &[],
        passes: None,
        heads: &heads,
        settings: &settings,
        threads,
        checkpoint: None,
    };
    tune(&job, &mut weights.clone(), &hear)?;
    let ends = ends.into_inner()?;
    Ok(sorted(ends.windows(2).map(|pair| pair[1] - pair[0]).collect()))
}

/// The steps of the stock graph, fastest first, each thread with a share of texts of about the same length.
fn graph(
    spec: &EncoderSpec,
    weights: &Weights,
    samples: &[Sample],
    threads: usize,
) -> anyhow::Result<Vec<Duration>> {
    let stock = Stock::new(spec, weights)?;
    let vars: Vec<_> = stock.vars().iter().map(|(_, var)| var.clone()).collect();
    let mut optimizers = vars
        .chunks(vars.len().div_ceil(threads))
        .map(|vars| AdamW::new(vars.to_vec(), ParamsAdamW { lr: 1e-5, ..ParamsAdamW::default() }))
        .collect::<candle_core::Result<Vec<_>>>()?;
    let mut texts: Vec<&Tokens> = samples.iter().map(|sample| &sample.tokens).collect();
    texts.sort_by_key(|text| text.ids.len());
    let shares = shares(&texts, threads);
    let pools = shares
        .iter()
        .map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build())
        .collect::<Result<Vec<_>, _>>()?;
    let mut times = Vec::new();
    for _ in 0..WARM_UP + STEPS {
        let begin = Instant::now();
        let parts = thread::scope(|scope| {
            let run = |share| backward(&stock, share);
            let workers: Vec<_> = shares
                .iter()
                .zip(&pools)
                .map(|(share, pool)| scope.spawn(move || pool.install(|| run(share))))
                .collect();
            workers.into_iter().map(joined).collect::<anyhow::Result<Vec<_>>>()
        })?;
        let mut parts = parts.into_iter();
        let mut gradients = parts.next().context("a share")?;
        parts.try_for_each(|part| gradients.extend(part))?;
        thread::scope(|scope| {
            let gradients = &gradients;
            let workers: Vec<_> = optimizers
                .iter_mut()
                .map(|optimizer| scope.spawn(move || Ok(optimizer.step(gradients)?)))
                .collect();
            workers.into_iter().try_for_each(joined)
        })?;
        times.push(begin.elapsed());
    }
    Ok(sorted(times))
}

fn backward(stock: &Stock<'_>, texts: &[&Tokens]) -> anyhow::Result<GradStore> {
    let features: Tensor = stock.features(texts)?;
    Ok(features.sqr()?.mean_all()?.backward()?)
}

fn joined<T>(worker: thread::ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    worker.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked"))
}

/// Runs of texts with about equally many tokens.
fn shares<'a>(texts: &'a [&'a Tokens], threads: usize) -> Vec<&'a [&'a Tokens]> {
    let tokens: usize = texts.iter().map(|text| text.ids.len()).sum();
    let mut sum = 0;
    let share = |text: &&Tokens| {
        sum += text.ids.len();
        (sum - 1) * threads / tokens
    };
    let numbers: Vec<usize> = texts.iter().map(share).collect();
    let runs = numbers.chunk_by(|a, b| a == b).map(<[usize]>::len);
    runs.scan(texts, |rest, len| {
        let (run, after) = rest.split_at(len);
        *rest = after;
        Some(run)
    })
    .collect()
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.drain(..WARM_UP);
    times.sort();
    times
}
