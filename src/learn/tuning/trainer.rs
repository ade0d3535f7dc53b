//! Steps: a batch shared out to threads, their gradients summed, the weights moved.

use std::thread;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Var};
use candle_nn::Optimizer as _;

use super::heads::Heads;
use super::network::{Network, Pass};
use super::optimizer::Optimizer;
use super::{HeadShape, Sample, TuneSettings};
use crate::model::weights::Weights;
use crate::model::{EncoderSpec, Tokens};

/// Everything that is trained, and who does it.
pub(super) struct Trainer {
    network: Network,
    heads: Heads,
    settings: TuneSettings,
    optimizer: Optimizer,
    head_optimizer: candle_nn::AdamW,
    workers: Vec<Worker>,
}

/// What one thread has of its own. Its pool keeps candle, and the scratch of the kernels, on one thread.
struct Worker {
    pool: rayon::ThreadPool,
    pass: Pass,
    gradients: Vec<f32>,
}

impl Trainer {
    pub(super) fn new(
        spec: &EncoderSpec,
        weights: &Weights,
        shapes: &[HeadShape],
        settings: TuneSettings,
        threads: usize,
    ) -> Result<Self> {
        let layers = settings.layers.unwrap_or(spec.layers);
        let network = Network::new(spec, weights, layers, settings.precision.factors())?;
        let heads = Heads::new(shapes, spec.features(), spec.hidden_size, settings)?;
        let worker = |_| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            let pool = pool.map_err(candle_core::Error::wrap)?;
            Ok(Worker { pool, pass: Pass::default(), gradients: vec![0.0; network.len()] })
        };
        let workers = (0..threads.max(1)).map(worker).collect::<Result<_>>()?;
        let optimizer = Optimizer::new(network.len(), settings.weight_decay);
        let head_optimizer = heads.optimizer()?;
        Ok(Self { network, heads, settings, optimizer, head_optimizer, workers })
    }

    /// Writes the tuned tensors over those they came from.
    pub(super) fn store(&self, weights: &mut Weights) -> Result<()> {
        self.network.store(weights)
    }

    /// One step on a batch, at a share of the largest rates; gives the summed loss of its texts.
    pub(super) fn step(&mut self, batch: &[Sample], rate: f64) -> Result<f64> {
        let Self { network, heads, workers, .. } = self;
        let shares = shares(batch, workers.len());
        let busy = shares.len();
        let parts: Vec<Result<(f64, GradStore)>> = thread::scope(|scope| {
            let (network, heads) = (&*network, &*heads);
            let mut threads = Vec::new();
            for (share, worker) in shares.into_iter().zip(workers.iter_mut()) {
                threads.push(scope.spawn(move || worker.run(network, heads, &share, batch.len())));
            }
            threads.into_iter().map(joined).collect()
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
            self.head_optimizer.set_learning_rate(self.settings.head_rate * rate);
            self.head_optimizer.step(gradients)?;
        }
        let gradients: Vec<&[f32]> = workers[..busy].iter().map(|worker| &*worker.gradients).collect();
        let rate = self.settings.encoder_rate * rate;
        network.step(&mut self.optimizer, rate, &gradients, workers.len());
        Ok(loss * batch.len() as f64)
    }
}

impl Worker {
    /// Leaves the gradients of the encoder; gives the loss and the gradients of the heads.
    fn run(
        &mut self,
        network: &Network,
        heads: &Heads,
        share: &[&Sample],
        size: usize,
    ) -> Result<(f64, GradStore)> {
        let Self { pool, pass, gradients } = self;
        pool.install(|| {
            let texts: Vec<&Tokens> = share.iter().map(|sample| &sample.tokens).collect();
            let features = pass.forward(network, &texts)?;
            let shape = (texts.len(), features.len() / texts.len());
            let features = Var::from_vec(features, shape, &Device::Cpu)?;
            let (loss, mut of_heads) = heads.gradients(&features, share, size)?;
            if let Some(of_features) = of_heads.remove(&features) {
                pass.backward(network, &of_features.flatten_all()?.to_vec1()?, gradients);
            }
            Ok((loss, of_heads))
        })
    }
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
