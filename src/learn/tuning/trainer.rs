//! Steps: a batch shared out to threads, their gradients summed, the weights moved.

use std::thread;

use candle_core::Result;

use super::heads::{Heads, Tally};
use super::network::{Network, Pass};
use super::optimizer::Optimizer;
use super::{Job, Sample, TuneSettings};
use crate::learn::fit::Linear;
use crate::model::Tokens;
use crate::model::weights::Weights;

/// Texts that are read at a time where nothing is trained.
const READ: usize = 128;

/// Everything that is trained, and who does it.
pub(super) struct Trainer {
    pub(super) network: Network,
    pub(super) heads: Heads,
    pub(super) optimizer: Optimizer,
    settings: TuneSettings,
    workers: Vec<Worker>,
}

/// What one thread has of its own. Its pool keeps candle, and the scratch of the kernels, on one thread.
struct Worker {
    pool: rayon::ThreadPool,
    pass: Pass,
    gradients: Vec<f32>,
}

impl Trainer {
    pub(super) fn new(job: &Job<'_>, weights: &Weights) -> Result<Self> {
        let (spec, settings) = (job.spec, *job.settings);
        let layers = settings.layers.unwrap_or(spec.layers);
        let network = Network::new(spec, weights, layers, settings.precision.factors())?;
        let heads = Heads::new(job.heads, (spec.features(), spec.hidden_size), settings, job.samples);
        let worker = |_| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            let pool = pool.map_err(candle_core::Error::wrap)?;
            Ok(Worker { pool, pass: Pass::default(), gradients: vec![0.0; network.len()] })
        };
        let workers = (0..job.threads.max(1)).map(worker).collect::<Result<_>>()?;
        let optimizer = Optimizer::new(network.len(), settings.weight_decay);
        Ok(Self { network, heads, optimizer, settings, workers })
    }

    /// Writes the tuned tensors over those they came from; gives the heads.
    pub(super) fn store(&self, weights: &mut Weights) -> Result<Vec<Linear>> {
        self.network.store(weights)?;
        Ok(self.heads.linears())
    }

    /// One step on a batch, at a share of the largest rates; gives the summed loss of its texts.
    pub(super) fn step(&mut self, batch: &[Sample], rate: f64) -> Result<f64> {
        let shares = shares(batch, self.workers.len());
        let features = self.forward(&shares)?;
        let Self { network, heads, workers, settings, .. } = self;
        let texts: Vec<&Sample> = shares.iter().flatten().copied().collect();
        let width = features.len() / texts.len().max(1);
        let arithmetic = network.arithmetic();
        let head_rate = settings.head_rate * rate;
        // The loss is over the whole batch, since texts are compared with each other; it costs next to nothing.
        let Some(first) = workers.first() else { return Ok(0.0) };
        let (loss, gradient) = first.pool.install(|| heads.step(arithmetic, features, &texts, head_rate))?;
        let mut rest = gradient.as_slice();
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for (share, worker) in shares.iter().zip(workers.iter_mut()) {
                let (own, after) = rest.split_at(share.len() * width);
                rest = after;
                let network = &*network;
                threads.push(scope.spawn(move || {
                    let Worker { pool, pass, gradients } = worker;
                    pool.install(|| pass.backward(network, own, gradients));
                    Ok(())
                }));
            }
            threads.into_iter().try_for_each(joined)
        })?;
        let gradients: Vec<&[f32]> =
            workers[..shares.len()].iter().map(|worker| &*worker.gradients).collect();
        let rates = rates(settings, network.tuned_layers(), rate);
        network.step(&mut self.optimizer, &rates, &gradients, workers.len());
        Ok(loss * batch.len() as f64)
    }

    /// How many labels of these texts the heads get wrong.
    pub(super) fn tally(&mut self, samples: &[Sample]) -> Result<Tally> {
        let mut sum = Tally::default();
        for chunk in samples.chunks(READ) {
            let shares = shares(chunk, self.workers.len());
            let features = self.forward(&shares)?;
            let texts: Vec<&Sample> = shares.iter().flatten().copied().collect();
            let tally = self.heads.tally(&features, &texts);
            sum = Tally { asked: sum.asked + tally.asked, wrong: sum.wrong + tally.wrong };
        }
        Ok(sum)
    }

    /// Features `[texts, features]`, of one share after the other.
    fn forward(&mut self, shares: &[Vec<&Sample>]) -> Result<Vec<f32>> {
        let network = &self.network;
        let parts: Vec<Vec<f32>> = thread::scope(|scope| {
            let mut threads = Vec::new();
            for (share, Worker { pool, pass, .. }) in shares.iter().zip(&mut self.workers) {
                threads.push(scope.spawn(move || {
                    let texts: Vec<&Tokens> = share.iter().map(|sample| &sample.tokens).collect();
                    pool.install(|| pass.forward(network, &texts))
                }));
            }
            threads.into_iter().map(joined).collect::<Result<_>>()
        })?;
        Ok(parts.concat())
    }
}

/// A rate for each tuned layer, the top one last.
fn rates(settings: &TuneSettings, layers: usize, share: f64) -> Vec<f64> {
    let below_top = |layer: usize| i32::try_from(layers - 1 - layer).unwrap_or(i32::MAX);
    (0..layers)
        .map(|layer| settings.encoder_rate * share * settings.layer_decay.powi(below_top(layer)))
        .collect()
}

/// A worker's result; its panic is an error like any other.
fn joined<T>(worker: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    worker.join().unwrap_or_else(|_| Err(candle_core::Error::Msg("a training thread panicked".into())))
}

/// What a text costs: products by its length, attention by the square of it.
fn cost(sample: &Sample) -> usize {
    let len = sample.tokens.ids.len();
    len * (ATTENTION + len)
}

/// Tokens of a text whose attention takes as long as everything else.
const ATTENTION: usize = 1_000;

/// Shares of a batch of about equal cost, no more than there are threads: the dearest text first, each to
/// whoever has least.
pub(super) fn shares(batch: &[Sample], threads: usize) -> Vec<Vec<&Sample>> {
    let mut texts: Vec<&Sample> = batch.iter().collect();
    texts.sort_by_key(|sample| std::cmp::Reverse(cost(sample)));
    let mut shares = vec![(0, Vec::new()); threads.clamp(1, batch.len().max(1))];
    for text in texts {
        if let Some(share) = shares.iter_mut().min_by_key(|(cost, _)| *cost) {
            share.0 += cost(text);
            share.1.push(text);
        }
    }
    shares.into_iter().map(|(_, texts)| texts).filter(|texts| !texts.is_empty()).collect()
}
