//! The heads that are trained along, and the loss.

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::ops;
use deskhand_kernels::training::Arithmetic;

use super::optimizer::Optimizer;
use super::{HeadShape, Sample, TuneSettings};
use crate::learn::fit::Linear;

/// How sharply texts are told apart by the contrastive loss: cosines are divided by this. Khosla et al.,
/// "Supervised Contrastive Learning" (2020), use .1 too.
const CONTRAST: f64 = 0.1;

/// Linear heads over the features, and what the loss is made of.
pub(super) struct Heads {
    shapes: Vec<HeadShape>,
    features: usize,
    hidden: usize,
    settings: TuneSettings,
    /// What a row of each label counts, by head.
    balance: Vec<Vec<f32>>,
    /// Weights and biases of one head after the other.
    pub(super) numbers: Vec<f32>,
    pub(super) optimizer: Optimizer,
}

/// How the heads do on texts that nothing is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Tally {
    /// Labels asked for.
    pub(super) asked: usize,
    /// Of these, wrong ones.
    pub(super) wrong: usize,
}

impl Heads {
    /// Heads that know nothing yet, for features whose last `hidden` numbers are the embedding.
    pub(super) fn new(
        shapes: &[HeadShape],
        (features, hidden): (usize, usize),
        settings: TuneSettings,
        samples: &[Sample],
    ) -> Self {
        let len = shapes.iter().map(|shape| shape.labels * (features + 1)).sum();
        let balance =
            (0..shapes.len()).map(|head| balance(head, shapes, samples, settings.balance)).collect();
        let optimizer = Optimizer::new(len, settings.weight_decay);
        Self {
            shapes: shapes.to_vec(),
            features,
            hidden,
            settings,
            balance,
            numbers: vec![0.0; len],
            optimizer,
        }
    }

    /// The heads as they stand.
    pub(super) fn linears(&self) -> Vec<Linear> {
        self.places()
            .map(|(weight, bias)| Linear::new(weight.to_vec(), bias.to_vec(), self.features))
            .collect()
    }

    /// What a row of each label counts, by head.
    #[cfg(test)]
    pub(super) fn balance(&self) -> &[Vec<f32>] {
        &self.balance
    }

    /// Weight and bias of each head.
    fn places(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let mut rest = self.numbers.as_slice();
        self.shapes.iter().map(move |shape| {
            let (weight, after) = rest.split_at(shape.labels * self.features);
            let (bias, after) = after.split_at(shape.labels);
            rest = after;
            (weight, bias)
        })
    }

    fn vars(&self) -> Result<Vec<(Var, Var)>> {
        self.places()
            .zip(&self.shapes)
            .map(|((weight, bias), shape)| {
                let weight = Var::from_slice(weight, (shape.labels, self.features), &Device::Cpu)?;
                Ok((weight, Var::from_slice(bias, shape.labels, &Device::Cpu)?))
            })
            .collect()
    }

    /// Moves the heads one step; gives the mean loss of the texts and its gradient by their features
    /// `[texts, features]`.
    pub(super) fn step(
        &mut self,
        arithmetic: &Arithmetic,
        features: Vec<f32>,
        texts: &[&Sample],
        rate: f64,
    ) -> Result<(f64, Vec<f32>)> {
        let features = Var::from_vec(features, (texts.len(), self.features), &Device::Cpu)?;
        let vars = self.vars()?;
        let loss = (self.loss(&vars, &features, texts)? * (1.0 / texts.len().max(1) as f64))?;
        let gradients = loss.backward()?;
        let flat = |var: &Var| match gradients.get(var) {
            Some(gradient) => gradient.flatten_all()?.to_vec1::<f32>(),
            None => Ok(vec![0.0; var.elem_count()]),
        };
        let of_heads: Vec<f32> = vars
            .iter()
            .flat_map(|(weight, bias)| [weight, bias])
            .map(flat)
            .collect::<Result<Vec<_>>>()?
            .concat();
        self.optimizer.step(arithmetic, &[rate], &[&of_heads], &mut self.numbers, 1);
        Ok((f64::from(loss.to_scalar::<f32>()?), flat(&features)?))
    }

    fn loss(&self, vars: &[(Var, Var)], features: &Tensor, texts: &[&Sample]) -> Result<Tensor> {
        let embedding = features.narrow(1, self.features - self.hidden, self.hidden)?;
        let norm = embedding.sqr()?.sum_keepdim(1)?.sqrt()?;
        let embedding = embedding.broadcast_div(&(norm + 1e-12)?)?;
        let mut loss = Tensor::zeros((), features.dtype(), &Device::Cpu)?;
        if self.settings.keep_embedding > 0.0 {
            loss = (loss + (self.drift(&embedding, texts)? * self.settings.keep_embedding)?)?;
        }
        if self.settings.contrastive > 0.0 {
            loss = (loss + (self.contrast(&embedding, texts)? * self.settings.contrastive)?)?;
        }
        for (number, (shape, (weight, bias))) in self.shapes.iter().zip(vars).enumerate() {
            let labelled = |(row, sample): (usize, &&Sample)| Some((row as u32, sample.labels[number]?));
            let (rows, labels): (Vec<u32>, Vec<u32>) = texts.iter().enumerate().filter_map(labelled).unzip();
            if rows.is_empty() {
                continue;
            }
            let counts: Vec<f32> = labels.iter().map(|&label| self.balance[number][label as usize]).collect();
            let counts = Tensor::new(counts, &Device::Cpu)?.unsqueeze(1)?;
            let labels = Tensor::new(labels, &Device::Cpu)?.unsqueeze(1)?;
            let rows = features.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?;
            let logits = rows.matmul(&weight.t()?)?.broadcast_add(bias)?;
            let log_probabilities = ops::log_softmax(&logits, D::Minus1)?;
            let hit = log_probabilities.gather(&labels, 1)?;
            let spread = (log_probabilities.sum_keepdim(1)? * (1.0 / shape.labels as f64))?;
            let smoothing = self.settings.label_smoothing;
            let entropy = ((hit * (1.0 - smoothing))? + (spread * smoothing)?)?.mul(&counts)?.sum_all()?;
            loss = (loss - (entropy * shape.weight)?)?;
        }
        Ok(loss)
    }

    /// 1 - cosine to the base model's embedding, summed over the texts that are held to it.
    fn drift(&self, embedding: &Tensor, texts: &[&Sample]) -> Result<Tensor> {
        let held = |(row, sample): (usize, &&Sample)| (!sample.embedding.is_empty()).then_some(row as u32);
        let rows: Vec<u32> = texts.iter().enumerate().filter_map(held).collect();
        if rows.is_empty() {
            return Tensor::zeros((), embedding.dtype(), &Device::Cpu);
        }
        let base: Vec<f32> = texts.iter().flat_map(|sample| sample.embedding.iter().copied()).collect();
        let base = Tensor::from_vec(base, (rows.len(), self.hidden), &Device::Cpu)?;
        let count = rows.len() as f64;
        let own = embedding.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?;
        (own * base)?.sum_all()?.affine(-1.0, count)
    }

    /// Supervised contrastive loss (Khosla et al. 2020, equation 2), summed over the texts that have one
    /// of their own group beside them: each is drawn to its own and away from the rest of the batch.
    fn contrast(&self, embedding: &Tensor, texts: &[&Sample]) -> Result<Tensor> {
        let groups: Vec<_> = texts.iter().map(|sample| group(sample, &self.shapes)).collect();
        let count = texts.len();
        let mut own = vec![0f32; count * count];
        let mut itself = vec![0f32; count * count];
        for row in 0..count {
            itself[row * count + row] = -1e9;
            let alike =
                |other: &usize| *other != row && groups[row].is_some() && groups[*other] == groups[row];
            let others: Vec<usize> = (0..count).filter(alike).collect();
            others.iter().for_each(|other| own[row * count + other] = 1.0 / others.len() as f32);
        }
        let own = Tensor::from_vec(own, (count, count), &Device::Cpu)?;
        let itself = Tensor::from_vec(itself, (count, count), &Device::Cpu)?;
        let scores = ((embedding.matmul(&embedding.t()?)? * (1.0 / CONTRAST))? + itself)?;
        (ops::log_softmax(&scores, D::Minus1)? * own)?.sum_all()?.neg()
    }

    /// How many labels of these texts the heads get wrong.
    pub(super) fn tally(&self, features: &[f32], texts: &[&Sample]) -> Tally {
        let mut tally = Tally::default();
        let linears = self.linears();
        for (features, sample) in features.chunks_exact(self.features.max(1)).zip(texts) {
            for ((linear, shape), label) in linears.iter().zip(&self.shapes).zip(&sample.labels) {
                let Some(label) = label.filter(|_| !shape.auxiliary) else { continue };
                let logits = linear.logits(features);
                let top = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
                tally.asked += 1;
                tally.wrong += usize::from(top != Some(label as usize));
            }
        }
        tally
    }
}

/// What makes texts alike: the label of the head that tells most apart.
pub(super) fn group(sample: &Sample, shapes: &[HeadShape]) -> Option<(usize, u32)> {
    let labelled = sample.labels.iter().enumerate().filter_map(|(head, label)| Some((head, (*label)?)));
    labelled.max_by_key(|&(head, _)| (shapes[head].labels, std::cmp::Reverse(head)))
}

/// (rows / (labels × rows of the label)) ^ `exponent` for each label; 1 where it has no rows.
fn balance(head: usize, shapes: &[HeadShape], samples: &[Sample], exponent: f64) -> Vec<f32> {
    let mut counts = vec![0usize; shapes[head].labels];
    for label in samples.iter().filter_map(|sample| sample.labels[head]) {
        counts[label as usize] += 1;
    }
    let mean = counts.iter().sum::<usize>() as f64 / counts.len().max(1) as f64;
    let share = |&count: &usize| if count == 0 { 1.0 } else { (mean / count as f64).powf(exponent) as f32 };
    counts.iter().map(share).collect()
}
