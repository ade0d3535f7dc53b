//! Tuning the encoder with all heads at once.
//!
//! Every batch is split over the cores: each thread runs its share forward and backward with one
//! core of its own (`trainer.rs`), gradients are summed, and the optimizer's work is shared out. The
//! encoder is written out both ways (`network.rs`, `layer.rs`); candle's graph begins at its features and
//! has the heads and the loss (`heads.rs`). A text has a label for some heads and none for others. The
//! embedding is held to what the base model says of the same text, so that search does not pay for what
//! triage learns.

mod batches;
mod checkpoint;
mod heads;
mod layer;
mod network;
mod optimizer;
mod rounds;
mod trainer;

use std::path::Path;

use deskhand_kernels::training::Factors;
use serde::{Deserialize, Serialize};

use super::fit::Linear;
use crate::model::weights::Weights;
use crate::model::{EncoderSpec, Tokens};
use checkpoint::{Best, Progress};
use trainer::Trainer;

/// How the encoder is tuned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TuneSettings {
    /// Passes over all texts.
    pub epochs: usize,
    /// So many of the upper layers are tuned; absent: all.
    pub layers: Option<usize>,
    /// In which numbers the products are computed.
    pub precision: Precision,
    /// Texts a step.
    pub batch: usize,
    /// Largest learning rate of the encoder, after warming up over a twentieth of the steps; then it
    /// falls to nothing in a line.
    pub encoder_rate: f64,
    /// The same for the heads.
    pub head_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Share of the target that is spread over all labels.
    pub label_smoothing: f64,
    /// Share of words that are masked at random, so that no single word is learnt by heart.
    pub word_dropout: f32,
    /// Weight of 1 - cosine between a text's embedding and the base model's.
    pub keep_embedding: f64,
    /// Weight of the supervised contrastive loss over the embeddings of a batch; with it, texts of the same
    /// label are read side by side.
    pub contrastive: f64,
    /// How far rare labels count for more: their rows count (mean rows of a label / rows of this one) to
    /// this power; 0 counts all rows alike, 1 all labels.
    pub balance: f64,
    /// Each layer learns at this share of the rate of the layer above it.
    pub layer_decay: f64,
    /// One text in so many is held out: it tells which pass is the best and how far the heads can be trusted.
    pub held_out: usize,
    /// Stops after so many passes without fewer wrong labels on held-out texts. The best pass counts.
    pub patience: usize,
    /// Whether, once held-out texts have told how many passes are best and how far the heads can be trusted,
    /// all is tuned again on all texts for as many passes. Costs as much time again.
    pub refit: bool,
    /// Seeds every draw.
    pub seed: u64,
    /// Tuned so many times from the same beginning, each with the draws of another seed, `seed` and those after it;
    /// what counts is the mean of the numbers, where held-out texts do not say that one of them is better.
    /// Wortsman et al., "Model soups" (2022).
    pub rounds: usize,
}

impl Default for TuneSettings {
    fn default() -> Self {
        Self {
            epochs: 8,
            layers: None,
            precision: Precision::Mixed,
            batch: 32,
            encoder_rate: 2e-4,
            head_rate: 2e-3,
            weight_decay: 0.01,
            label_smoothing: 0.05,
            word_dropout: 0.1,
            keep_embedding: 2.0,
            contrastive: 0.0,
            balance: 0.25,
            layer_decay: 1.0,
            held_out: 8,
            patience: 4,
            refit: true,
            seed: 1,
            rounds: 1,
        }
    }
}

/// In which numbers the products of the encoder are computed, forward and backward. Weights, gradients and
/// everything between the products are in f32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// Factors are rounded to bfloat16 where the CPU is faster with it, sums are in f32.
    Mixed,
}

impl Precision {
    fn factors(self) -> Factors {
        match self {
            Self::F32 => Factors::F32,
            Self::Mixed => Factors::Bf16,
        }
    }
}

impl TuneSettings {
    /// What does well on about so many labelled rows. Few rows are read often and compared with each other
    /// (as SetFit does before it fits a head: Tunstall et al., "Efficient Few-Shot Learning Without Prompts",
    /// 2022, though here in one stage); of very many, a few passes tell all there is.
    pub fn for_rows(rows: usize) -> Self {
        // What a site searches with is its own bundle's embedding, made anew after a switch.
        let all = Self { keep_embedding: 0.5, ..Self::default() };
        match rows {
            0..500 => Self { epochs: 24, contrastive: 1.0, ..all },
            500..2_000 => Self { epochs: 8, contrastive: 1.0, ..all },
            // A sixteenth of so many tells enough, and what is held out of them is missed too little to tune
            // all again.
            2_000..20_000 => Self { epochs: 16, contrastive: 0.5, held_out: 16, refit: false, ..all },
            _ => Self { epochs: 3, held_out: 16, refit: false, ..all },
        }
    }
}

/// A text with what is known of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The text.
    pub tokens: Tokens,
    /// For each head the index of its label, where there is one.
    pub labels: Vec<Option<u32>>,
    /// What the base model makes of the text, unit length; empty where the text may drift from it.
    pub embedding: Vec<f32>,
    /// How often it is read in a pass; a fraction of 1 is its share of the passes.
    pub times: f64,
}

/// A head in training: number of labels and weight of its loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadShape {
    /// Number of labels.
    pub labels: usize,
    /// Weight of its loss.
    pub weight: f64,
    /// Whether it is only there for what it teaches the encoder: how it does decides nothing.
    pub auxiliary: bool,
}

/// What happened in one pass over the texts.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    /// Which, from 1.
    pub number: usize,
    /// Mean loss of a text.
    pub loss: f64,
    /// Share of wrong labels on held-out texts, over all heads; none where nothing is held out.
    pub wrong: Option<f64>,
}

/// What happens while tuning.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// So many steps are done, out of so many.
    Done(usize, usize),
    /// A pass over the texts is over.
    Epoch(Epoch),
    /// One of several tunings begins, of so many.
    Round(usize, usize),
    /// Of several tunings their mean had so many wrong labels on held-out texts, and the best of them so many.
    Mean(usize, usize),
    /// An interrupted tuning goes on after so many passes.
    Resumed(usize),
}

/// What is to be tuned, on what.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The encoder.
    pub spec: &'a EncoderSpec,
    /// Texts to learn from.
    pub samples: &'a [Sample],
    /// Texts that only tell when to stop and which pass was the best.
    pub held_out: &'a [Sample],
    /// Ends after so many passes instead of those of the settings; the rates fall to nothing by then.
    pub passes: Option<usize>,
    /// The heads that are trained along.
    pub heads: &'a [HeadShape],
    /// How.
    pub settings: &'a TuneSettings,
    /// Cores to use.
    pub threads: usize,
    /// Where the state is kept after each pass, to go on from if this is interrupted; each round has a file of its
    /// own beside it. Removed at the end.
    pub checkpoint: Option<&'a Path>,
}

impl Job<'_> {
    /// The last pass, if nothing ends it before.
    fn last(&self) -> usize {
        self.passes.unwrap_or(self.settings.epochs).min(self.settings.epochs)
    }
}

/// What came of tuning, besides the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The heads that were trained along, for the features of the tuned encoder.
    pub heads: Vec<Linear>,
    /// The pass that they and the weights are from.
    pub passes: usize,
}

/// Tunes the encoder's layers in place; `watch` hears of every step. The same seed and number of threads give the same numbers.
///
/// # Errors
/// Weights or texts that do not fit the encoder, or a checkpoint that cannot be written.
pub fn tune(job: &Job<'_>, weights: &mut Weights, watch: &dyn Fn(Step)) -> candle_core::Result<Tuned> {
    let mut trainer = Trainer::new(job, weights)?;
    let passes = rounds::tune(job, weights, &mut trainer, watch)?;
    Ok(Tuned { heads: trainer.store(weights)?, passes })
}

/// One tuning, from what `trainer` has; the pass that its numbers are from in the end, and their wrong labels on
/// held-out texts, 0 where nothing is held out.
fn round(
    job: &Job<'_>,
    weights: &Weights,
    trainer: &mut Trainer,
    watch: &dyn Fn(Step),
) -> candle_core::Result<(usize, usize)> {
    let settings = job.settings;
    let fingerprint = checkpoint::fingerprint(job, weights)?;
    let begun = job.checkpoint.and_then(|path| checkpoint::load(path, &fingerprint, trainer));
    if let Some(progress) = &begun {
        watch(Step::Resumed(progress.passes));
    }
    let mut progress = begun.unwrap_or_default();
    let last = job.last();
    while progress.passes < last && progress.stale < settings.patience.max(1) {
        let epoch = pass(job, trainer, &mut progress, watch)?;
        if let Some(path) = job.checkpoint {
            checkpoint::save(path, &fingerprint, trainer, &progress)?;
        }
        watch(Step::Epoch(epoch));
    }
    let (mut passes, mut wrong) = (progress.passes, 0);
    if let Some(best) = progress.best {
        (passes, wrong) = (best.pass, best.wrong);
        trainer.network.set_tuned(&best.encoder);
        trainer.heads.numbers = best.heads;
    }
    Ok((passes, wrong))
}

/// One pass over the texts, and a look at those held out.
fn pass(
    job: &Job<'_>,
    trainer: &mut Trainer,
    progress: &mut Progress,
    watch: &dyn Fn(Step),
) -> candle_core::Result<Epoch> {
    let settings = job.settings;
    let mut rng = batches::draws(settings.seed, progress.passes);
    let order = batches::order(job.samples, job.heads, settings, &mut rng);
    let size = settings.batch.max(1);
    let steps = order.len().div_ceil(size);
    let total = job.last() * steps;
    let texts = order.len().max(1);
    let mut loss = 0.0;
    for (number, chosen) in order.chunks(size).enumerate() {
        let text = |&i: &usize| batches::masked(&job.samples[i], settings.word_dropout, &mut rng);
        let batch: Vec<Sample> = chosen.iter().map(text).collect();
        let step = progress.passes * steps + number;
        loss += trainer.step(&batch, schedule(step, total))?;
        watch(Step::Done(step + 1, total));
    }
    progress.passes += 1;
    let mut share = None;
    if !job.held_out.is_empty() {
        let tally = trainer.tally(job.held_out)?;
        share = Some(tally.wrong as f64 / tally.asked.max(1) as f64);
        let fewest = progress.best.as_ref().map_or(usize::MAX, |best| best.wrong);
        progress.stale = if tally.wrong < fewest { 0 } else { progress.stale + 1 };
        // Of equals the later, which has seen more.
        if tally.wrong <= fewest {
            let (encoder, heads) = (trainer.network.tuned().to_vec(), trainer.heads.numbers.clone());
            progress.best = Some(Best { wrong: tally.wrong, pass: progress.passes, encoder, heads });
        }
    }
    Ok(Epoch { number: progress.passes, loss: loss / texts as f64, wrong: share })
}

/// Share of the largest rate: up over the first twentieth, then down to nothing.
fn schedule(step: usize, total: usize) -> f64 {
    let warm_up = (total / 20).max(1);
    if step < warm_up {
        (step + 1) as f64 / warm_up as f64
    } else {
        (total - step) as f64 / (total - warm_up).max(1) as f64
    }
}

#[cfg(test)]
mod tests;
