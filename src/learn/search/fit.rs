//! Fitting the projection.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer as _, ParamsAdamW};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{RngExt, SeedableRng};

use super::Base;
use crate::model::Projection;

/// Steps of one fit. Each of the numbers here was chosen by cross-validation over the tickets that the default
/// bundle is fitted on; around them the figures hardly change.
pub(super) const STEPS: usize = 150;
/// Tickets of each base in a step.
const TICKETS: usize = 192;
/// Passages of each base that a step compares with at most, the right ones besides.
const PASSAGES: usize = 2_500;
/// Cosines are multiplied by this before the softmax.
const SHARPNESS: f64 = 20.0;
/// What it costs to leave the plain embedding: times the sum of squares of the difference from the identity.
const HOLD: f64 = 0.1;
const RATE: f64 = 1e-3;
/// Far below every cosine.
pub(super) const NEVER: f32 = -1e4;

/// Fits a projection on all tickets of `bases`; the same numbers for the same input.
pub(super) fn fit(bases: &[Base], size: usize, progress: &mut dyn FnMut(usize)) -> Result<Projection> {
    let identity = Tensor::eye(size, DType::F32, &Device::Cpu)?;
    let matrix = Var::from_tensor(&identity)?;
    let parameters = ParamsAdamW { lr: RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vec![matrix.clone()], parameters)?;
    let total: usize = bases.iter().map(|base| base.tickets.len()).sum();
    let mut rng = StdRng::seed_from_u64(0);
    for step in 0..STEPS {
        let mut sum = ((matrix.as_tensor() - &identity)?.sqr()?.sum_all()? * HOLD)?;
        for base in bases.iter().filter(|base| !base.tickets.is_empty()) {
            let batch = Batch::draw(base, size, &mut rng)?;
            let share = base.tickets.len() as f64 / total.max(1) as f64;
            sum = (sum + (batch.loss(&matrix)? * share)?)?;
        }
        optimizer.backward_step(&sum)?;
        progress(step + 1);
    }
    let numbers = matrix.as_tensor().flatten_all()?.to_vec1()?;
    match Projection::new(numbers, size) {
        Some(projection) => Ok(projection),
        None => candle_core::bail!("it grew beyond all bounds"),
    }
}

/// Some tickets of a base, and passages to compare them with.
struct Batch {
    /// `[tickets, size]`
    tickets: Tensor,
    /// `[passages, size]`
    passages: Tensor,
    /// `[tickets, passages]`: 0 where the passage answers the ticket, very negative elsewhere.
    elsewhere: Tensor,
}

impl Batch {
    fn draw(base: &Base, size: usize, rng: &mut StdRng) -> Result<Self> {
        let drawn = index::sample(rng, base.tickets.len(), TICKETS.min(base.tickets.len()));
        let tickets: Vec<_> = drawn.into_iter().map(|place| &base.tickets[place]).collect();
        let share = PASSAGES as f64 / base.article_of.len().max(1) as f64;
        let kept: Vec<usize> = (0..base.article_of.len())
            .filter(|&place| {
                let article = base.article_of[place];
                rng.random_bool(share.min(1.0)) || tickets.iter().any(|t| t.answers.contains(&article))
            })
            .collect();
        let rows = kept.iter().flat_map(|&place| &base.passages[place * size..(place + 1) * size]);
        let elsewhere = tickets.iter().flat_map(|ticket| {
            let right = |place: &usize| ticket.answers.contains(&base.article_of[*place]);
            kept.iter().map(move |place| if right(place) { 0.0 } else { NEVER })
        });
        let (count, device) = (tickets.len(), &Device::Cpu);
        let embeddings = tickets.iter().flat_map(|ticket| ticket.embedding.iter().copied());
        Ok(Self {
            tickets: Tensor::from_iter(embeddings, device)?.reshape((count, size))?,
            passages: Tensor::from_iter(rows.copied(), device)?.reshape((kept.len(), size))?,
            elsewhere: Tensor::from_iter(elsewhere, device)?.reshape((count, kept.len()))?,
        })
    }

    /// That a passage of the right article is found: the softmax over all passages, those of right articles
    /// summed (Miech et al., "End-to-End Learning of Visual Representations from Uncurated Instructional
    /// Videos", 2020).
    fn loss(&self, matrix: &Tensor) -> Result<Tensor> {
        let cosines = turned(&self.tickets, matrix)?.matmul(&turned(&self.passages, matrix)?.t()?)?;
        let logits = (cosines * SHARPNESS)?;
        let right = (&logits + &self.elsewhere)?.log_sum_exp(D::Minus1)?;
        (logits.log_sum_exp(D::Minus1)? - right)?.mean_all()
    }
}

/// Embeddings as the projection turns them, at unit length.
pub(super) fn turned(embeddings: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    let projected = embeddings.matmul(matrix)?;
    let norms = (projected.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    projected.broadcast_div(&norms)
}
