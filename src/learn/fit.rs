//! Fitting a head: softmax regression over the features of a frozen encoder.

use candle_core::{D, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss, ops};

/// How a head is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitSettings {
    /// Weight of the L2 penalty: the loss is mean cross-entropy + l2 / 2 · |weight|².
    pub l2: f64,
    /// Steps of full-batch AdamW.
    pub steps: usize,
    /// Largest learning rate; it falls to nothing along a half cosine.
    pub rate: f64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self { l2: 0.1, steps: 150, rate: 0.03 }
    }
}

/// A fitted linear map from features to logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// A row of `features` numbers for each class.
    pub weight: Vec<f32>,
    /// A number for each class.
    pub bias: Vec<f32>,
    features: usize,
}

impl Linear {
    /// A map with a row of `features` weights and a bias for each class.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, features: usize) -> Self {
        Self { weight, bias, features }
    }

    /// Logits of one text.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        self.weight
            .chunks_exact(self.features.max(1))
            .zip(&self.bias)
            .map(|(row, bias)| row.iter().zip(features).map(|(w, x)| w * x).sum::<f32>() + bias)
            .collect()
    }
}

/// Rows of features of equal length, in one block of memory.
#[derive(Debug, Clone, Default)]
pub struct Features {
    values: Vec<f32>,
    width: usize,
}

impl Features {
    /// No rows yet, each of `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { values: Vec::new(), width }
    }

    /// Adds a row; what is longer than the width is cut, what is shorter is filled with zeros.
    pub fn push(&mut self, row: &[f32]) {
        self.values.extend(row.iter().copied().chain(std::iter::repeat(0.0)).take(self.width));
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Row `index`; empty if there is no such row.
    pub fn row(&self, index: usize) -> &[f32] {
        let start = index * self.width;
        self.values.get(start..start + self.width).unwrap_or_default()
    }

    fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self::new(self.width);
        selected.values.reserve(rows.len() * self.width);
        for &row in rows {
            selected.values.extend_from_slice(self.row(row));
        }
        selected
    }

    /// Mean and standard deviation of each column; a constant column gets the deviation 1.
    fn moments(&self) -> (Vec<f32>, Vec<f32>) {
        let rows = self.len().max(1) as f64;
        let mut sum = vec![0f64; self.width];
        let mut squares = vec![0f64; self.width];
        for row in self.values.chunks_exact(self.width.max(1)) {
            for (i, x) in row.iter().enumerate() {
                sum[i] += f64::from(*x);
                squares[i] += f64::from(*x) * f64::from(*x);
            }
        }
        let deviation = |(sum, squares): (&f64, &f64)| {
            let variance = (squares / rows - (sum / rows).powi(2)).max(0.0);
            if variance < 1e-12 { 1.0 } else { variance.sqrt() as f32 }
        };
        let deviations = sum.iter().zip(&squares).map(deviation).collect();
        (sum.iter().map(|s| (s / rows) as f32).collect(), deviations)
    }
}

/// Fits a linear map on the given rows. `labels[row]` is below `classes`. Features are standardised
/// while fitting and the scaling is folded into the result. Starts from zero, so the same rows in the
/// same order give the same head.
pub fn fit(
    features: &Features,
    labels: &[usize],
    rows: &[usize],
    classes: usize,
    settings: FitSettings,
) -> candle_core::Result<Linear> {
    let device = Device::Cpu;
    let chosen = features.select(rows);
    let (means, deviations) = chosen.moments();
    let width = features.width();
    let x = Tensor::from_vec(chosen.values, (rows.len(), width), &device)?;
    let x = x
        .broadcast_sub(&Tensor::from_slice(&means, width, &device)?)?
        .broadcast_div(&Tensor::from_slice(&deviations, width, &device)?)?;
    let y: Vec<u32> = rows.iter().map(|&row| labels[row] as u32).collect();
    let y = Tensor::from_vec(y, rows.len(), &device)?;
    let weight = Var::zeros((classes, width), candle_core::DType::F32, &device)?;
    let bias = Var::zeros(classes, candle_core::DType::F32, &device)?;
    let params = ParamsAdamW { lr: settings.rate, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vec![weight.clone(), bias.clone()], params)?;
    for step in 0..settings.steps {
        let progress = step as f64 / settings.steps as f64;
        optimizer.set_learning_rate(settings.rate * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()));
        let logits = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
        let entropy = loss::nll(&ops::log_softmax(&logits, D::Minus1)?, &y)?;
        let penalty = (weight.sqr()?.sum_all()? * (settings.l2 / 2.0))?;
        optimizer.backward_step(&(entropy + penalty)?)?;
    }
    let scaled = weight.flatten_all()?.to_vec1::<f32>()?;
    Ok(unscale(scaled, bias.to_vec1()?, &means, &deviations))
}

/// Folds (x - mean) / deviation into weight and bias.
fn unscale(mut weight: Vec<f32>, mut bias: Vec<f32>, means: &[f32], deviations: &[f32]) -> Linear {
    for (row, bias) in weight.chunks_exact_mut(means.len().max(1)).zip(&mut bias) {
        for ((w, mean), deviation) in row.iter_mut().zip(means).zip(deviations) {
            *w /= deviation;
            *bias -= *w * mean;
        }
    }
    Linear { weight, bias, features: means.len() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Three classes around three corners, far from the origin and on unequal scales.
    fn corners() -> (Features, Vec<usize>) {
        let mut features = Features::new(2);
        let mut labels = Vec::new();
        for i in 0..60u32 {
            let class = (i % 3) as usize;
            let centre = [[100.0, 0.001], [101.0, 0.002], [100.0, 0.003]][class];
            let wobble = f32::from((i * 7 % 11) as u16) / 100.0;
            features.push(&[centre[0] + wobble, centre[1] + wobble / 1_000.0]);
            labels.push(class);
        }
        (features, labels)
    }

    #[test]
    fn separable_classes_are_learnt_whatever_the_scale_of_the_features() {
        let (features, labels) = corners();
        let rows: Vec<usize> = (0..labels.len()).collect();
        let settings = FitSettings { l2: 0.001, ..FitSettings::default() };
        let linear = fit(&features, &labels, &rows, 3, settings).unwrap();
        for row in rows {
            let logits = linear.logits(features.row(row));
            let best = (0..3).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
            assert_eq!(best, labels[row]);
        }
    }

    #[test]
    fn the_same_rows_give_the_same_head() {
        let (features, labels) = corners();
        let rows: Vec<usize> = (0..labels.len()).collect();
        let fitted = || fit(&features, &labels, &rows, 3, FitSettings::default()).unwrap();
        assert_eq!(fitted(), fitted());
    }
}
