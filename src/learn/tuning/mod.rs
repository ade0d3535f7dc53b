//! Tuning the encoder with all heads at once.
//!
//! Every batch is split over the cores: each thread runs its share forward and backward with one
//! core of its own (`trainer.rs`), gradients are summed, and the optimizer's work is shared out. The
//! encoder is written out both ways (`network.rs`, `layer.rs`); candle's graph begins at its features and
//! has the heads and the loss (`heads.rs`). A text has a label for some heads and none for others. The
//! embedding is held to what the base model says of the same text, so that search does not pay for what
//! triage learns.

mod heads;
mod layer;
mod network;
mod optimizer;
mod trainer;

use deskhand_kernels::training::Factors;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::model::weights::Weights;
use crate::model::{EncoderSpec, Tokens};
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
    /// Seeds every draw.
    pub seed: u64,
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
            seed: 1,
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

/// A text with what is known of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The text.
    pub tokens: Tokens,
    /// For each head the index of its label, where there is one.
    pub labels: Vec<Option<u32>>,
    /// What the base model makes of the text, unit length.
    pub embedding: Vec<f32>,
}

/// A head in training: number of labels and weight of its loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadShape {
    /// Number of labels.
    pub labels: usize,
    /// Weight of its loss.
    pub weight: f64,
}

/// The id that stands for a masked word in BERT vocabularies.
const MASK: u32 = 103;
/// Ids below this are special or unused; they are never masked.
const FIRST_WORD: u32 = 999;

/// What happened in one pass over the texts.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    /// Which, from 1.
    pub number: usize,
    /// Mean loss of a text.
    pub loss: f64,
}

/// What happens while tuning.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// So many steps are done, out of so many.
    Done(usize, usize),
    /// A pass over the texts is over.
    Epoch(Epoch),
}

/// Tunes the encoder's layers in place; `watch` hears of every step. The heads that were trained along are
/// thrown away: they are fitted again on the tuned features, by the same method as on a frozen encoder.
pub fn tune(
    spec: &EncoderSpec,
    weights: &mut Weights,
    samples: &[Sample],
    heads: &[HeadShape],
    settings: &TuneSettings,
    threads: usize,
    watch: &dyn Fn(Step),
) -> candle_core::Result<()> {
    let mut trainer = Trainer::new(spec, weights, heads, *settings, threads)?;
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let total = settings.epochs * samples.len().div_ceil(settings.batch.max(1));
    let mut step = 0;
    for number in 1..=settings.epochs {
        order.shuffle(&mut rng);
        let mut loss = 0.0;
        for chosen in order.chunks(settings.batch.max(1)) {
            let batch: Vec<Sample> =
                chosen.iter().map(|&i| masked(&samples[i], settings.word_dropout, &mut rng)).collect();
            loss += trainer.step(&batch, schedule(step, total))?;
            step += 1;
            watch(Step::Done(step, total));
        }
        watch(Step::Epoch(Epoch { number, loss: loss / samples.len().max(1) as f64 }));
    }
    trainer.store(weights)
}

/// The text with a share of its words masked.
fn masked(sample: &Sample, share: f32, rng: &mut StdRng) -> Sample {
    let mut sample = sample.clone();
    for id in &mut sample.tokens.ids {
        if *id >= FIRST_WORD && rng.random::<f32>() < share {
            *id = MASK;
        }
    }
    sample
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
