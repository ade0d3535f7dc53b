//! Whether tickets are about something else than before: how far their mean embedding has moved.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// Shuffles from which the chance is estimated: enough to tell .005 from .02.
const SHUFFLES: usize = 199;

/// How far the mean of embeddings at unit length has moved, as the cosine distance of the two means (0 to 2), and
/// how likely so far a way is if both windows are of the same kind: the share of shuffles of all embeddings over
/// both windows in which the means are as far apart (permutation test; the draws are the same every time). `None`
/// where a window has none.
#[must_use]
pub fn moved(before: &[Vec<f32>], after: &[Vec<f32>]) -> Option<(f64, f64)> {
    let width = before.first()?.len();
    if after.is_empty() || before.iter().chain(after).any(|vector| vector.len() != width) {
        return None;
    }
    let mut all: Vec<&[f32]> = before.iter().chain(after).map(Vec::as_slice).collect();
    let total = sum(&all, width);
    let distance_at = |all: &[&[f32]]| {
        let first = sum(&all[..before.len()], width);
        let second: Vec<f64> = total.iter().zip(&first).map(|(all, first)| all - first).collect();
        1.0 - cosine(&first, &second)
    };
    let distance = distance_at(&all);
    let mut order = StdRng::seed_from_u64(0);
    let mut as_far = 0;
    for _ in 0..SHUFFLES {
        all.shuffle(&mut order);
        as_far += usize::from(distance_at(&all) >= distance - 1e-12);
    }
    Some((distance, (as_far + 1) as f64 / (SHUFFLES + 1) as f64))
}

fn sum(vectors: &[&[f32]], width: usize) -> Vec<f64> {
    let mut sum = vec![0.0; width];
    for vector in vectors {
        sum.iter_mut().zip(*vector).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    sum
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms < 1e-12 { 1.0 } else { dot(a, b) / norms }
}
