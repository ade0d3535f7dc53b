//! Fitting a head: softmax regression over the features of a frozen encoder.

use candle_core::{D, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss, ops};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::prior::Frequencies;
use crate::pause;

/// How a head is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitSettings {
    /// Weight of the L2 penalty: the loss is mean cross-entropy + l2 / 2 · |weight|².
    pub l2: f64,
    /// Steps of AdamW, each over at most [`BATCH`] rows.
    pub steps: usize,
    /// Largest learning rate; it falls to nothing along a half cosine.
    pub rate: f64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self { l2: 0.1, steps: 150, rate: 0.03 }
    }
}

/// Rows that one step sees. Up to as many it sees them all, and the fit is that of full batches; of more it
/// sees them in turns, so that time does not grow with the rows: 150 steps go 12 times through 100,000.
const BATCH: usize = 8_192;

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

    /// These rows, each column less its mean and divided by its deviation.
    fn standardised(&self, rows: &[usize], (means, deviations): &(Vec<f32>, Vec<f32>)) -> Vec<f32> {
        let mut values = Vec::with_capacity(rows.len() * self.width);
        for &row in rows {
            let columns = self.row(row).iter().zip(means).zip(deviations);
            values.extend(columns.map(|((x, mean), deviation)| (x - mean) / deviation));
        }
        values
    }

    /// Mean and standard deviation of each column over these rows; a constant column gets the deviation 1.
    fn moments(&self, chosen: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let rows = chosen.len().max(1) as f64;
        let mut sum = vec![0f64; self.width];
        let mut squares = vec![0f64; self.width];
        for &row in chosen {
            for (i, x) in self.row(row).iter().enumerate() {
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

/// Where a fit begins, and what its penalty draws back to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Beginning<'a> {
    /// Zero.
    Zero,
    /// What is known of labels from their descriptions: a class without rows stays where this has it, and is
    /// expected to come all the same (see [`Frequencies`]).
    Described(&'a Linear),
    /// A head that has been fitted before: a class without rows stays where it was, since rows of others say
    /// nothing against it. `extra` is added to the logits of each text, a row for each.
    Former {
        /// Its weights.
        linear: &'a Linear,
        /// What a text's own words add.
        extra: &'a Features,
    },
}

impl<'a> Beginning<'a> {
    fn linear(self) -> Option<&'a Linear> {
        match self {
            Self::Zero => None,
            Self::Described(linear) | Self::Former { linear, .. } => Some(linear),
        }
    }

    /// What is added to the logits of rows, for each the numbers of all classes.
    fn extra(self, rows: &[usize], classes: usize) -> candle_core::Result<Option<Tensor>> {
        let Self::Former { extra, .. } = self else { return Ok(None) };
        let values: Vec<f32> = rows.iter().flat_map(|&row| extra.row(row)).copied().collect();
        Tensor::from_vec(values, (rows.len(), classes), &Device::Cpu).map(Some)
    }
}

/// Fits a linear map on the given rows. `labels[row]` is below `classes`. Features are standardised
/// while fitting and the scaling is folded into the result. Takes rows in an order that is always the same, so
/// the same rows in the same order give the same head.
pub(super) fn fit(
    from: Beginning<'_>,
    features: &Features,
    labels: &[usize],
    rows: &[usize],
    classes: usize,
    settings: FitSettings,
) -> candle_core::Result<Linear> {
    let device = Device::Cpu;
    let moments = features.moments(rows);
    let begin = Begin::new(from, &moments, rows.iter().map(|row| labels[*row]))?;
    let width = features.width();
    let batch = |rows: &[usize]| {
        let x = Tensor::from_vec(features.standardised(rows, &moments), (rows.len(), width), &device)?;
        let y: Vec<u32> = rows.iter().map(|&row| labels[row] as u32).collect();
        Ok::<_, candle_core::Error>((
            x,
            Tensor::from_vec(y, rows.len(), &device)?,
            from.extra(rows, classes)?,
        ))
    };
    let mut turns = Turns::new(rows);
    let (mut x, mut y, mut extra) = batch(turns.next())?;
    let (weight, bias) = variables(begin.as_ref(), classes, width)?;
    let params = ParamsAdamW { lr: settings.rate, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vec![weight.clone(), bias.clone()], params)?;
    for step in 0..settings.steps {
        pause::here();
        if step > 0 && turns.are_needed() {
            (x, y, extra) = batch(turns.next())?;
        }
        let progress = step as f64 / settings.steps as f64;
        optimizer.set_learning_rate(settings.rate * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()));
        let mut logits = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
        if let Some(extra) = &extra {
            logits = (logits + extra)?;
        }
        let mut moved = weight.as_tensor().clone();
        if let Some(begin) = &begin {
            logits = logits.broadcast_add(&begin.among_rows)?;
            moved = (moved - &begin.weight)?;
        }
        let entropy = loss::nll(&ops::log_softmax(&logits, D::Minus1)?, &y)?;
        let penalty = (moved.sqr()?.sum_all()? * (settings.l2 / 2.0))?;
        optimizer.backward_step(&(entropy + penalty)?)?;
    }
    let scaled = weight.flatten_all()?.to_vec1::<f32>()?;
    let mut fitted = unscale(scaled, bias.to_vec1()?, &moments.0, &moments.1);
    if let Some(begin) = begin {
        fitted.bias.iter_mut().zip(begin.expected).for_each(|(bias, expected)| *bias += expected);
    }
    Ok(fitted)
}

/// Weight and bias that a fit begins with.
fn variables(begin: Option<&Begin>, classes: usize, width: usize) -> candle_core::Result<(Var, Var)> {
    match begin {
        Some(begin) => Ok((Var::from_tensor(&begin.weight)?, Var::from_tensor(&begin.bias)?)),
        None => {
            let zeros = |shape: &[usize]| Var::zeros(shape, candle_core::DType::F32, &Device::Cpu);
            Ok((zeros(&[classes, width])?, zeros(&[classes])?))
        }
    }
}

/// Where a fit begins that has a prior, over standardised features.
struct Begin {
    weight: Tensor,
    bias: Tensor,
    /// Added to the logits while rows are fitted.
    among_rows: Tensor,
    /// Added to the bias in the end.
    expected: Vec<f32>,
}

impl Begin {
    /// `None` where it begins at zero.
    fn new(
        from: Beginning<'_>,
        (means, deviations): &(Vec<f32>, Vec<f32>),
        labels: impl Iterator<Item = usize>,
    ) -> candle_core::Result<Option<Self>> {
        let Some(prior) = from.linear() else { return Ok(None) };
        let (classes, width) = (prior.bias.len(), means.len());
        let frequencies = match from {
            Beginning::Former { .. } => Frequencies::as_before(labels, classes),
            _ => Frequencies::of(labels, classes),
        };
        let mut weight = prior.weight.clone();
        let mut bias = prior.bias.clone();
        for (row, bias) in weight.chunks_exact_mut(width.max(1)).zip(&mut bias) {
            for ((w, mean), deviation) in row.iter_mut().zip(means).zip(deviations) {
                *bias += *w * mean;
                *w *= deviation;
            }
        }
        let tensor = |values: Vec<f32>| Tensor::from_vec(values, classes, &Device::Cpu);
        Ok(Some(Self {
            weight: Tensor::from_vec(weight, (classes, width), &Device::Cpu)?,
            bias: tensor(bias)?,
            among_rows: tensor(frequencies.among_rows)?,
            expected: frequencies.expected,
        }))
    }
}

/// Rows in turns of at most [`BATCH`]; after the last comes the first again, in another order.
struct Turns {
    rows: Vec<usize>,
    next: usize,
    order: StdRng,
}

impl Turns {
    fn new(rows: &[usize]) -> Self {
        Self { rows: rows.to_vec(), next: rows.len(), order: StdRng::seed_from_u64(0) }
    }

    /// Whether not all rows come every time.
    fn are_needed(&self) -> bool {
        self.rows.len() > BATCH
    }

    fn next(&mut self) -> &[usize] {
        if !self.are_needed() {
            return &self.rows;
        }
        // Less than a whole turn is left over for the next time round.
        if self.next + BATCH > self.rows.len() {
            self.rows.shuffle(&mut self.order);
            self.next = 0;
        }
        let turn = &self.rows[self.next..self.next + BATCH];
        self.next += BATCH;
        turn
    }
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
        let linear = fit(Beginning::Zero, &features, &labels, &rows, 3, settings).unwrap();
        for row in rows {
            let logits = linear.logits(features.row(row));
            let best = (0..3).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
            assert_eq!(best, labels[row]);
        }
    }

    #[test]
    fn more_rows_than_a_step_sees_are_learnt_in_turns() {
        let mut features = Features::new(2);
        let labels: Vec<usize> = (0..3 * BATCH).map(|row| row % 2).collect();
        for (row, label) in labels.iter().enumerate() {
            let wobble = f32::from((row * 7 % 11) as u16) / 20.0;
            features.push(&[*label as f32 + wobble, wobble]);
        }
        let rows: Vec<usize> = (0..labels.len()).collect();
        let settings = FitSettings { l2: 0.001, steps: 40, ..FitSettings::default() };
        let linear = fit(Beginning::Zero, &features, &labels, &rows, 2, settings).unwrap();
        let right = rows.iter().filter(|row| {
            let logits = linear.logits(features.row(**row));
            usize::from(logits[1] > logits[0]) == labels[**row]
        });
        assert_eq!(right.count(), rows.len());
        let mut turns = Turns::new(&rows);
        let mut seen: Vec<usize> = (0..3).flat_map(|_| turns.next().to_vec()).collect();
        seen.sort_unstable();
        assert_eq!(seen, rows, "each row once, before one comes again");
    }

    #[test]
    fn the_same_rows_give_the_same_head() {
        let (features, labels) = corners();
        let rows: Vec<usize> = (0..labels.len()).collect();
        let fitted = || fit(Beginning::Zero, &features, &labels, &rows, 3, FitSettings::default()).unwrap();
        assert_eq!(fitted(), fitted());
    }
}
