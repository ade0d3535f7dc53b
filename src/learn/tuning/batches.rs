//! In which order texts are read, and with which words left out.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::heads::group;
use super::{HeadShape, Sample, TuneSettings};

/// The id that stands for a masked word in BERT vocabularies.
const MASK: u32 = 103;
/// Ids below this are special or unused; they are never masked.
const FIRST_WORD: u32 = 999;
/// Texts of one label that stand side by side where texts are compared with each other.
const ALIKE: usize = 4;

/// The draws of one pass. They depend on the seed and the number of the pass only, so that a training that
/// was interrupted goes on as if it had not been.
pub(super) fn draws(seed: u64, pass: usize) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(pass as u64))
}

/// The samples of a pass, as indices, batch after batch.
pub(super) fn order(
    samples: &[Sample],
    shapes: &[HeadShape],
    settings: &TuneSettings,
    rng: &mut StdRng,
) -> Vec<usize> {
    let mut order = drawn(samples, rng);
    order.shuffle(rng);
    if settings.contrastive <= 0.0 {
        return order;
    }
    // A text teaches nothing by comparison unless one of its own label is beside it.
    let mut groups: BTreeMap<Option<(usize, u32)>, Vec<usize>> = BTreeMap::new();
    order.into_iter().for_each(|i| groups.entry(group(&samples[i], shapes)).or_default().push(i));
    let mut runs: Vec<Vec<usize>> = groups
        .into_values()
        .flat_map(|group| group.chunks(ALIKE).map(<[usize]>::to_vec).collect::<Vec<_>>())
        .collect();
    runs.shuffle(rng);
    runs.concat()
}

/// Each sample as often as it is to be read; of those that are read less than once, or once more than others,
/// as many in every pass.
fn drawn(samples: &[Sample], rng: &mut StdRng) -> Vec<usize> {
    let mut alike: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (number, sample) in samples.iter().enumerate() {
        alike.entry(sample.times.to_bits()).or_default().push(number);
    }
    let mut order = Vec::with_capacity(samples.len());
    for (times, mut numbers) in alike {
        let mut left = (f64::from_bits(times).max(0.0) * numbers.len() as f64).round() as usize;
        numbers.shuffle(rng);
        while left > 0 && !numbers.is_empty() {
            let some = left.min(numbers.len());
            order.extend(&numbers[..some]);
            left -= some;
        }
    }
    order
}

/// The text with a share of its words masked.
pub(super) fn masked(sample: &Sample, share: f32, rng: &mut StdRng) -> Sample {
    let mut sample = sample.clone();
    for id in &mut sample.tokens.ids {
        if *id >= FIRST_WORD && rng.random::<f32>() < share {
            *id = MASK;
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tokens;

    fn read(times: f64) -> Sample {
        let tokens = Tokens { ids: vec![2_000], type_ids: vec![0], truncated: false };
        Sample { tokens, labels: Vec::new(), embedding: Vec::new(), times }
    }

    #[test]
    fn a_row_is_read_as_often_as_it_asks_for_and_of_fractions_others_in_each_pass() {
        let samples: Vec<Sample> = [1.0; 10].into_iter().chain([0.3; 10]).chain([2.5; 4]).map(read).collect();
        let pass = |number| {
            let order = order(&samples, &[], &TuneSettings::default(), &mut draws(1, number));
            let mut counts = vec![0; samples.len()];
            order.into_iter().for_each(|text| counts[text] += 1);
            counts
        };
        let passes: Vec<Vec<usize>> = (0..20).map(pass).collect();
        for counts in &passes {
            assert!(counts[..10].iter().all(|count| *count == 1));
            assert_eq!(counts[10..20].iter().sum::<usize>(), 3);
            assert!(counts[20..].iter().all(|count| (2..=3).contains(count)));
            assert_eq!(counts[20..].iter().sum::<usize>(), 10);
        }
        assert!((10..20).all(|text| passes.iter().any(|counts| counts[text] == 1)), "{passes:?}");
    }
}
