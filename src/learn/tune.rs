//! Tuning the encoder with all heads at once.
//!
//! Every batch is split over the cores: each thread runs its share forward and backward with one
//! core of its own, gradients are summed, and the optimizer's work is shared out by tensor. A text has
//! a label for some heads and none for others. The embedding is held to what the base model says
//! of the same text, so that search does not pay for what triage learns.

use std::thread;

use candle_core::backprop::GradStore;
use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, ops};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::network::Network;
use crate::model::weights::Weights;
use crate::model::{EncoderSpec, Padded, Tokens};

/// How the encoder is tuned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TuneSettings {
    /// Passes over all texts.
    pub epochs: usize,
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

/// Tunes the encoder's layers in place; `watch` hears of every step. The heads that were trained along are thrown away: they are fitted again on the tuned
/// features, by the same method as on a frozen encoder.
pub fn tune(
    spec: &EncoderSpec,
    weights: &mut Weights,
    samples: &[Sample],
    heads: &[HeadShape],
    settings: &TuneSettings,
    threads: usize,
    watch: &dyn Fn(Step),
) -> candle_core::Result<()> {
    let trainer = Trainer::new(spec, weights, heads, *settings, threads)?;
    let mut optimizers = trainer.optimizers()?;
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let total = settings.epochs * samples.len().div_ceil(settings.batch.max(1));
    let mut step = 0;
    for number in 1..=settings.epochs {
        order.shuffle(&mut rng);
        let mut loss = 0.0;
        for chosen in order.chunks(settings.batch.max(1)) {
            let batch: Vec<Sample> = chosen.iter().map(|&i| trainer.masked(&samples[i], &mut rng)).collect();
            let rate = schedule(step, total);
            loss += trainer.step(batch, &mut optimizers, rate)?;
            step += 1;
            watch(Step::Done(step, total));
        }
        watch(Step::Epoch(Epoch { number, loss: loss / samples.len().max(1) as f64 }));
    }
    trainer.network.store(weights);
    Ok(())
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

struct Trainer {
    network: Network,
    heads: Vec<(HeadShape, Var, Var)>,
    settings: TuneSettings,
    hidden: usize,
    pools: Vec<rayon::ThreadPool>,
}

/// Optimizers for shares of the tensors, each with the largest rate of its tensors.
type Optimizers = Vec<(AdamW, f64)>;

impl Trainer {
    fn new(
        spec: &EncoderSpec,
        weights: &Weights,
        shapes: &[HeadShape],
        settings: TuneSettings,
        threads: usize,
    ) -> candle_core::Result<Self> {
        let heads = shapes
            .iter()
            .map(|shape| {
                let weight = Var::zeros((shape.labels, spec.features()), DType::F32, &Device::Cpu)?;
                Ok((*shape, weight, Var::zeros(shape.labels, DType::F32, &Device::Cpu)?))
            })
            .collect::<candle_core::Result<_>>()?;
        let pools = (0..threads.max(1))
            .map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build())
            .collect::<Result<_, _>>()
            .map_err(candle_core::Error::wrap)?;
        let network = Network::new(spec, weights)?;
        Ok(Self { network, heads, settings, hidden: spec.hidden_size, pools })
    }

    fn optimizers(&self) -> candle_core::Result<Optimizers> {
        let params =
            |lr| ParamsAdamW { lr, weight_decay: self.settings.weight_decay, ..ParamsAdamW::default() };
        let mut optimizers = Vec::new();
        let vars = self.network.vars();
        let share = vars.len().div_ceil(self.pools.len()).max(1);
        for vars in vars.chunks(share) {
            let rate = self.settings.encoder_rate;
            optimizers.push((AdamW::new(vars.to_vec(), params(rate))?, rate));
        }
        let heads = self.heads.iter().flat_map(|(_, weight, bias)| [weight.clone(), bias.clone()]).collect();
        let rate = self.settings.head_rate;
        optimizers.push((AdamW::new(heads, params(rate))?, rate));
        Ok(optimizers)
    }

    fn masked(&self, sample: &Sample, rng: &mut StdRng) -> Sample {
        let mut sample = sample.clone();
        for id in &mut sample.tokens.ids {
            if *id >= FIRST_WORD && rng.random::<f32>() < self.settings.word_dropout {
                *id = MASK;
            }
        }
        sample
    }

    /// One step on a batch; gives the summed loss of its texts.
    fn step(
        &self,
        mut batch: Vec<Sample>,
        optimizers: &mut Optimizers,
        rate: f64,
    ) -> candle_core::Result<f64> {
        // Texts of like length go together, so that little is padded.
        batch.sort_by_key(|sample| sample.tokens.ids.len());
        let size = batch.len();
        let groups: Vec<&[Sample]> = shares(&batch, self.pools.len());
        let parts: Vec<candle_core::Result<(f64, GradStore)>> = thread::scope(|scope| {
            let workers: Vec<_> = groups
                .into_iter()
                .zip(&self.pools)
                .map(|(group, pool)| scope.spawn(move || pool.install(|| self.gradients(group, size))))
                .collect();
            workers.into_iter().map(joined).collect()
        });
        let mut loss = 0.0;
        let mut sum: Option<GradStore> = None;
        for part in parts {
            let (part_loss, gradients) = part?;
            loss += part_loss;
            match &mut sum {
                None => sum = Some(gradients),
                Some(sum) => sum.extend(gradients)?,
            }
        }
        if let Some(gradients) = &sum {
            thread::scope(|scope| {
                let workers: Vec<_> = optimizers
                    .iter_mut()
                    .map(|(optimizer, largest)| {
                        scope.spawn(move || {
                            optimizer.set_learning_rate(*largest * rate);
                            optimizer.step(gradients)
                        })
                    })
                    .collect();
                workers.into_iter().try_for_each(joined)
            })?;
        }
        Ok(loss * size as f64)
    }

    fn gradients(&self, group: &[Sample], size: usize) -> candle_core::Result<(f64, GradStore)> {
        let loss = (self.loss(group)? * (1.0 / size as f64))?;
        Ok((f64::from(loss.to_scalar::<f32>()?), loss.backward()?))
    }

    /// Loss of a group of texts, summed.
    fn loss(&self, group: &[Sample]) -> candle_core::Result<Tensor> {
        let texts: Vec<Tokens> = group.iter().map(|sample| sample.tokens.clone()).collect();
        let features = self.network.features(&Padded::new(&texts, &Device::Cpu)?)?;
        let mut loss = self.drift(&features, group)?;
        for (number, (shape, weight, bias)) in self.heads.iter().enumerate() {
            let labelled = |(row, sample): (usize, &Sample)| Some((row as u32, sample.labels[number]?));
            let (rows, labels): (Vec<u32>, Vec<u32>) = group.iter().enumerate().filter_map(labelled).unzip();
            if rows.is_empty() {
                continue;
            }
            let rows = Tensor::new(rows, &Device::Cpu)?;
            let labels = Tensor::new(labels, &Device::Cpu)?.unsqueeze(1)?;
            let logits = features.index_select(&rows, 0)?.matmul(&weight.t()?)?.broadcast_add(bias)?;
            let log_probabilities = ops::log_softmax(&logits, D::Minus1)?;
            let hit = log_probabilities.gather(&labels, 1)?.sum_all()?;
            let spread = (log_probabilities.sum_all()? * (1.0 / shape.labels as f64))?;
            let smoothing = self.settings.label_smoothing;
            let entropy = ((hit * (1.0 - smoothing))? + (spread * smoothing)?)?;
            loss = (loss - (entropy * shape.weight)?)?;
        }
        Ok(loss)
    }

    /// keep_embedding × (1 - cosine to the base model's embedding), summed.
    fn drift(&self, features: &Tensor, group: &[Sample]) -> candle_core::Result<Tensor> {
        let width = features.dim(1)?;
        let last = features.narrow(1, width - self.hidden, self.hidden)?;
        let base: Vec<f32> = group.iter().flat_map(|sample| sample.embedding.iter().copied()).collect();
        let base = Tensor::from_vec(base, (group.len(), self.hidden), &Device::Cpu)?;
        let norm = last.sqr()?.sum(1)?.sqrt()?;
        let cosine = ((last * base)?.sum(1)? / norm)?.sum_all()?;
        cosine.affine(-1.0, group.len() as f64)? * self.settings.keep_embedding
    }
}

/// A worker's result; its panic is an error like any other.
fn joined<T>(worker: thread::ScopedJoinHandle<'_, candle_core::Result<T>>) -> candle_core::Result<T> {
    worker.join().unwrap_or_else(|_| Err(candle_core::Error::Msg("a training thread panicked".into())))
}

/// Cuts a batch, sorted by length, into as many runs of about equal cost as there are threads.
fn shares(batch: &[Sample], threads: usize) -> Vec<&[Sample]> {
    let tokens: usize = batch.iter().map(|sample| sample.tokens.ids.len()).sum();
    let wanted = tokens.div_ceil(threads.max(1)).max(1);
    let mut shares = Vec::with_capacity(threads);
    let mut rest = batch;
    while !rest.is_empty() {
        let last = shares.len() + 1 >= threads;
        let mut cost = 0;
        let end = rest
            .iter()
            .position(|sample| {
                cost += sample.tokens.ids.len();
                !last && cost >= wanted
            })
            .map_or(rest.len(), |at| at + 1);
        let (share, after) = rest.split_at(end);
        shares.push(share);
        rest = after;
    }
    shares
}

#[cfg(test)]
mod tests;
