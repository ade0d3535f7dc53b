//! The heads that are trained along, and the loss.

use candle_core::backprop::GradStore;
use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, ops};

use super::{HeadShape, Sample, TuneSettings};

/// Linear heads over the features, and what the loss is made of.
pub(super) struct Heads {
    heads: Vec<(HeadShape, Var, Var)>,
    settings: TuneSettings,
    hidden: usize,
}

impl Heads {
    /// Heads that know nothing yet, for features whose last `hidden` numbers are the embedding.
    pub(super) fn new(
        shapes: &[HeadShape],
        features: usize,
        hidden: usize,
        settings: TuneSettings,
    ) -> Result<Self> {
        let head = |shape: &HeadShape| {
            let weight = Var::zeros((shape.labels, features), DType::F32, &Device::Cpu)?;
            Ok((*shape, weight, Var::zeros(shape.labels, DType::F32, &Device::Cpu)?))
        };
        let heads = shapes.iter().map(head).collect::<Result<_>>()?;
        Ok(Self { heads, settings, hidden })
    }

    /// An optimizer for the heads.
    pub(super) fn optimizer(&self) -> Result<AdamW> {
        let TuneSettings { weight_decay, .. } = self.settings;
        let vars = self.heads.iter().flat_map(|(_, weight, bias)| [weight.clone(), bias.clone()]).collect();
        AdamW::new(vars, ParamsAdamW { weight_decay, ..ParamsAdamW::default() })
    }

    /// Loss of some texts with the features `[texts, features]`, summed and divided by `size`; with the
    /// gradients of heads and features.
    pub(super) fn gradients(
        &self,
        features: &Var,
        texts: &[&Sample],
        size: usize,
    ) -> Result<(f64, GradStore)> {
        let loss = (self.loss(features, texts)? * (1.0 / size as f64))?;
        Ok((f64::from(loss.to_scalar::<f32>()?), loss.backward()?))
    }

    fn loss(&self, features: &Tensor, texts: &[&Sample]) -> Result<Tensor> {
        let mut loss = self.drift(features, texts)?;
        for (number, (shape, weight, bias)) in self.heads.iter().enumerate() {
            let labelled = |(row, sample): (usize, &&Sample)| Some((row as u32, sample.labels[number]?));
            let (rows, labels): (Vec<u32>, Vec<u32>) = texts.iter().enumerate().filter_map(labelled).unzip();
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
    fn drift(&self, features: &Tensor, texts: &[&Sample]) -> Result<Tensor> {
        let width = features.dim(1)?;
        let last = features.narrow(1, width - self.hidden, self.hidden)?;
        let base: Vec<f32> = texts.iter().flat_map(|sample| sample.embedding.iter().copied()).collect();
        let base = Tensor::from_vec(base, (texts.len(), self.hidden), &Device::Cpu)?;
        let norm = last.sqr()?.sum(1)?.sqrt()?;
        let cosine = ((last * base)?.sum(1)? / norm)?.sum_all()?;
        cosine.affine(-1.0, texts.len() as f64)? * self.settings.keep_embedding
    }
}
