//! Fitting what tells whether a passage answers.
//!
//! A ticket may lie near an article that is about its matter and says nothing of what it asks. How near is
//! learnt anew for this: over many knowledge bases, tickets with an answer are to lie near a passage that gives
//! it, and tickets without one far from every passage. Unlike the softmax of [`super::fit`], which compares the
//! passages of one ticket, this makes cosines of different tickets and bases comparable.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer as _, ParamsAdamW};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{RngExt, SeedableRng};

use super::Base;
use super::fit::{NEVER, turned};
use crate::learn::metrics::auroc;
use crate::model::{AnswerProjections, AnswerSpec, Projection};

/// The bases are left out in so many turns.
const TURNS: usize = 4;
/// Fewest bases that have at least [`FEWEST_GAPS`] tickets without an answer and as many with one.
const FEWEST_BASES: usize = 2 * TURNS;
const FEWEST_GAPS: usize = 10;
/// Steps of one fit. This and the numbers that follow were chosen by leaving out the bases that the default
/// bundle is fitted on, in turns; around them the figures hardly change.
const STEPS: usize = 100;
/// Tickets of each base in a step at most, with an answer and without.
const ANSWERED: usize = 192;
const GAPS: usize = 64;
/// Passages that a ticket without an answer is held away from: so many that lie nearest by plain embeddings.
const NEAREST: usize = 60;
/// The log odds of an answer are `SHARPNESS` × cosine − `BOUNDARY`.
const SHARPNESS: f64 = 12.0;
const BOUNDARY: f64 = 5.5;
/// Share of the numbers of each embedding that a step does not see.
const DROPPED: f32 = 0.3;
/// What it costs to leave the plain embedding: times the sum of squares of the difference from the identity.
const HOLD: f64 = 1e-3;
/// Rate of the first step; it falls to 0 in a straight line.
const RATE: f64 = 1e-3;
/// Tickets that are compared with all passages at a time.
const CHUNK: usize = 256;

/// What came of it.
#[derive(Debug, Clone)]
pub struct LearntAnswers {
    /// Fitted on all bases.
    pub projections: AnswerProjections,
    /// How well they tell.
    pub spec: AnswerSpec,
}

/// Steps of all fits.
pub(super) fn steps(bases: &[Base]) -> usize {
    if telling(bases).len() < FEWEST_BASES { 0 } else { (TURNS + 1) * STEPS }
}

/// Fits both projections; `None` where there are too few bases with gaps, or where on bases that were left out
/// they tell no better than plain embeddings.
pub(super) fn learn(
    bases: &[Base],
    size: usize,
    progress: &mut dyn FnMut(),
) -> Result<Option<LearntAnswers>> {
    let bases = telling(bases);
    if bases.len() < FEWEST_BASES {
        return Ok(None);
    }
    let (mut before, mut after) = (0.0, 0.0);
    let share = 1.0 / bases.len() as f64;
    for turn in 0..TURNS {
        let (left_out, others): (Vec<_>, Vec<_>) =
            bases.iter().copied().enumerate().partition(|(number, _)| number % TURNS == turn);
        let others: Vec<&Base> = others.into_iter().map(|(_, base)| base).collect();
        let trial = fit(&others, size, progress)?;
        for (_, base) in left_out {
            before += share * told(base, size, None)?;
            after += share * told(base, size, Some(&trial))?;
        }
    }
    if after <= before {
        return Ok(None);
    }
    let matrices = fit(&bases, size, progress)?;
    let count = |of: fn(&Base) -> usize| bases.iter().map(|base| of(base)).sum::<usize>();
    let gaps = count(|base| base.gaps.len());
    let tickets = gaps + count(|base| base.tickets.len());
    let spec = AnswerSpec { tickets, gaps, auroc_before: before, auroc_after: after };
    let [ticket, passage] = matrices.map(|matrix| {
        Projection::new(matrix.flatten_all()?.to_vec1()?, size)
            .ok_or_else(|| candle_core::Error::msg("it grew beyond all bounds"))
    });
    Ok(Some(LearntAnswers { projections: AnswerProjections { ticket: ticket?, passage: passage? }, spec }))
}

/// The bases that can teach it.
fn telling(bases: &[Base]) -> Vec<&Base> {
    bases.iter().filter(|base| base.gaps.len().min(base.tickets.len()) >= FEWEST_GAPS).collect()
}

/// The matrix for tickets and the one for passages.
type Matrices = [Tensor; 2];

/// The same numbers for the same input.
fn fit(bases: &[&Base], size: usize, progress: &mut dyn FnMut()) -> Result<Matrices> {
    let identity = Tensor::eye(size, DType::F32, &Device::Cpu)?;
    let (ticket, passage) = (Var::from_tensor(&identity)?, Var::from_tensor(&identity)?);
    let parameters = ParamsAdamW { lr: RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vec![ticket.clone(), passage.clone()], parameters)?;
    let near: Vec<Vec<Vec<usize>>> = bases.iter().map(|base| nearest(base, size)).collect::<Result<_>>()?;
    // Many tickets of one base say more than a few, but less than as many of many bases.
    let weight = |base: &Base| ((base.tickets.len() + base.gaps.len()) as f64).sqrt();
    let all: f64 = bases.iter().map(|base| weight(base)).sum();
    let mut rng = StdRng::seed_from_u64(0);
    for step in 0..STEPS {
        optimizer.set_learning_rate(RATE * (1.0 - step as f64 / STEPS as f64));
        let away = |matrix: &Tensor| (matrix - &identity)?.sqr()?.sum_all()? * HOLD;
        let mut sum = (away(&ticket)? + away(&passage)?)?;
        for (base, near) in bases.iter().zip(&near) {
            let loss = Batch::draw(base, near, size, &mut rng)?.loss(&ticket, &passage)?;
            sum = (sum + (loss * (weight(base) / all))?)?;
        }
        optimizer.backward_step(&sum)?;
        progress();
    }
    Ok([ticket.as_detached_tensor(), passage.as_detached_tensor()])
}

/// Some tickets of a base, and the passages that matter to them.
struct Batch {
    /// `[tickets, size]`, those with an answer first.
    tickets: Tensor,
    /// `[passages, size]`
    passages: Tensor,
    /// `[tickets, passages]`: 0 where the passage matters to the ticket, very negative elsewhere.
    elsewhere: Tensor,
    /// How many tickets have an answer.
    answered: usize,
}

impl Batch {
    fn draw(base: &Base, near: &[Vec<usize>], size: usize, rng: &mut StdRng) -> Result<Self> {
        let mut drawn = |count: usize, most: usize| {
            let mut drawn = index::sample(rng, count, most.min(count)).into_vec();
            drawn.sort_unstable();
            drawn
        };
        let answered = drawn(base.tickets.len(), ANSWERED);
        let gaps = drawn(base.gaps.len(), GAPS);
        let of_answers = answered.iter().map(|&place| base.passages_of(&base.tickets[place].answers));
        let matter: Vec<Vec<usize>> =
            of_answers.chain(gaps.iter().map(|&place| near[place].clone())).collect();
        let mut kept: Vec<usize> = matter.iter().flatten().copied().collect();
        kept.sort_unstable();
        kept.dedup();
        let mut elsewhere = vec![NEVER; matter.len() * kept.len()];
        for (row, passages) in elsewhere.chunks_mut(kept.len().max(1)).zip(&matter) {
            for passage in passages {
                row[kept.partition_point(|other| other < passage)] = 0.0;
            }
        }
        let embeddings = answered.iter().map(|&place| &base.tickets[place].embedding);
        let embeddings = embeddings.chain(gaps.iter().map(|&place| &base.gaps[place])).map(Vec::as_slice);
        let passages = kept.iter().map(|&place| &base.passages[place * size..(place + 1) * size]);
        Ok(Self {
            tickets: dropped(embeddings, size, rng)?,
            passages: dropped(passages, size, rng)?,
            elsewhere: Tensor::from_vec(elsewhere, (matter.len(), kept.len()), &Device::Cpu)?,
            answered: answered.len(),
        })
    }

    /// Cross-entropy; tickets with an answer count as much as those without.
    fn loss(&self, ticket: &Tensor, passage: &Tensor) -> Result<Tensor> {
        let cosines = turned(&self.tickets, ticket)?.matmul(&turned(&self.passages, passage)?.t()?)?;
        let nearest = (cosines + &self.elsewhere)?.max(D::Minus1)?;
        let odds = ((nearest * SHARPNESS)? - BOUNDARY)?;
        let gaps = odds.elem_count() - self.answered;
        let of_answered = softplus(&odds.narrow(0, 0, self.answered)?.neg()?)?.mean_all()?;
        let of_gaps = softplus(&odds.narrow(0, self.answered, gaps)?)?.mean_all()?;
        of_answered + of_gaps
    }
}

/// ln(1 + exp(x)), for any x.
fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

/// Embeddings without some of their numbers; cosines do not mind that the others are not scaled up.
fn dropped<'a>(embeddings: impl Iterator<Item = &'a [f32]>, size: usize, rng: &mut StdRng) -> Result<Tensor> {
    let numbers: Vec<f32> =
        embeddings.flatten().map(|&x| if rng.random::<f32>() < DROPPED { 0.0 } else { x }).collect();
    let rows = numbers.len() / size.max(1);
    Tensor::from_vec(numbers, (rows, size), &Device::Cpu)
}

/// For each ticket without an answer the passages that lie nearest by plain embeddings.
fn nearest(base: &Base, size: usize) -> Result<Vec<Vec<usize>>> {
    let passages = matrix(base.passages.chunks_exact(size), size)?;
    let cosines = matrix(base.gaps.iter().map(Vec::as_slice), size)?.matmul(&passages.t()?)?;
    let of_ticket = |cosines: Vec<f32>| {
        let mut places: Vec<usize> = (0..cosines.len()).collect();
        places.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]).then(a.cmp(&b)));
        places.truncate(NEAREST);
        places
    };
    Ok(cosines.to_vec2::<f32>()?.into_iter().map(of_ticket).collect())
}

/// AUROC of the nearest passage's cosine for tickets with an answer among those without.
fn told(base: &Base, size: usize, matrices: Option<&Matrices>) -> Result<f64> {
    let answered = base.tickets.iter().map(|ticket| (ticket.embedding.as_slice(), true));
    let tickets: Vec<(&[f32], bool)> =
        answered.chain(base.gaps.iter().map(|gap| (gap.as_slice(), false))).collect();
    let seen =
        |plain: Tensor, of: usize| matrices.map_or(Ok(plain.clone()), |both| turned(&plain, &both[of]));
    let passages = seen(matrix(base.passages.chunks_exact(size), size)?, 1)?.t()?;
    let mut scores = Vec::with_capacity(tickets.len());
    for chunk in tickets.chunks(CHUNK) {
        let asked = seen(matrix(chunk.iter().map(|(embedding, _)| *embedding), size)?, 0)?;
        let nearest: Vec<f32> = asked.matmul(&passages)?.max(D::Minus1)?.to_vec1()?;
        scores.extend(
            nearest.into_iter().zip(chunk).map(|(cosine, (_, answered))| (f64::from(cosine), *answered)),
        );
    }
    match auroc(&scores).map_err(candle_core::Error::wrap)? {
        Some(auroc) => Ok(auroc),
        None => candle_core::bail!("a base has tickets of one kind only"),
    }
}

/// `[rows, size]`
fn matrix<'a>(rows: impl Iterator<Item = &'a [f32]>, size: usize) -> Result<Tensor> {
    let numbers: Vec<f32> = rows.flatten().copied().collect();
    let rows = numbers.len() / size.max(1);
    Tensor::from_vec(numbers, (rows, size), &Device::Cpu)
}
