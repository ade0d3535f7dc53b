//! Whether the packed encoder answers as candle in f32 does: cosine of the embeddings, and for each head
//! the share of texts with the same label and with the same label and decision.
//!
//! `cargo bench --bench agreement -- tickets.jsonl …` reads files with `subject` and `body`, or `text`;
//! without files it reads the samples.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench reports on standard output")]

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use deskhand::config::{EncoderKind, InferenceSettings, TriageSettings};
use deskhand::model::{Input, Limits, Model, Reading};
use deskhand::triage::{Ticket, TicketRow, Triage};

fn main() -> anyhow::Result<()> {
    let files: Vec<PathBuf> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from).collect();
    let files = if files.is_empty() { vec![PathBuf::from("samples/tickets.jsonl")] } else { files };
    let reference = load(EncoderKind::Candle)?;
    let texts = texts(&files, &reference)?;
    println!("{} texts; candle in f32 is the measure", texts.len());
    let expected = read(&reference, &texts)?;
    for kind in [EncoderKind::F32, EncoderKind::Int8] {
        let model = load(kind)?;
        compare(&format!("{kind:?}"), &model, &expected, &read(&model, &texts)?);
    }
    Ok(())
}

fn load(encoder: EncoderKind) -> anyhow::Result<std::sync::Arc<Model>> {
    let settings = InferenceSettings { encoder, ..Default::default() };
    Ok(std::sync::Arc::new(Model::load(Path::new("models/default"), &settings)?))
}

/// The words of every row, cleaned as the service cleans them.
fn texts(files: &[PathBuf], model: &std::sync::Arc<Model>) -> anyhow::Result<Vec<String>> {
    let triage = Triage::new(std::sync::Arc::clone(model), TriageSettings::default(), None);
    let mut texts = Vec::new();
    for file in files {
        let content = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        for line in content.lines().filter(|line| !line.trim().is_empty()) {
            let row: TicketRow = serde_json::from_str(line).with_context(|| file.display().to_string())?;
            texts.push(triage.words(&Ticket::from(row)).text);
        }
    }
    Ok(texts)
}

fn read(model: &Model, texts: &[String]) -> anyhow::Result<Vec<Reading>> {
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
    Ok(model.read_blocking(&inputs)?)
}

fn compare(name: &str, model: &Model, expected: &[Reading], found: &[Reading]) {
    let cosines: Vec<f32> = expected
        .iter()
        .zip(found)
        .map(|(a, b)| a.embedding().iter().zip(b.embedding()).map(|(x, y)| x * y).sum())
        .collect();
    let mean = cosines.iter().sum::<f32>() / cosines.len().max(1) as f32;
    let least = cosines.iter().copied().fold(1.0, f32::min);
    println!("\n{name}: cosine mean {mean:.6}, least {least:.6}");
    println!("{:<28} {:>11} {:>23}", "head", "same label", "same label and decision");
    for head in model.heads() {
        let judged = |reading: &Reading| {
            let distribution = head.distribution(&reading.features, &reading.terms);
            let (label, confidence) = distribution.top();
            (label.to_string(), band(confidence, head.spec().thresholds.limits(label, None)))
        };
        let pairs = || expected.iter().zip(found).map(|(a, b)| (judged(a), judged(b)));
        let share = |count: usize| 100.0 * count as f64 / expected.len().max(1) as f64;
        println!(
            "{:<28} {:>10.2}% {:>22.2}%",
            head.spec().task,
            share(pairs().filter(|(a, b)| a.0 == b.0).count()),
            share(pairs().filter(|(a, b)| a == b).count()),
        );
    }
}

/// 2 from the threshold for `auto` on, 1 from that for `suggest`, else 0.
fn band(confidence: f32, limits: Limits) -> u8 {
    u8::from(confidence >= limits.auto) + u8::from(confidence >= limits.suggest)
}
