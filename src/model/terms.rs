//! A text's own words as features, beside what the encoder makes of it.
//!
//! An encoder knows what words mean and a bag of words which ones were used; they err differently, and
//! heads that see both are better than either. Words, pairs of neighbours and pieces of words of three
//! to five characters are hashed into buckets, counted, and weighed by how rare they are (sublinear
//! TF-IDF, scaled to length 1).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use deskhand_kernels::{Matrix, Values};

use super::tokenizer::Input;
use super::weights::{self, Weights};

/// Buckets with their values, in ascending order, of Euclidean length 1 (or empty).
pub type TermRow = Vec<(u32, f32)>;

/// Characters of a text that count.
const MOST: usize = 4_000;
/// Characters of a piece of a word, with a blank before and after it.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Name of the weights of rarity in the file.
const RARITY: &str = "rarity";

/// How texts become rows: how rare the terms of each bucket are, ln((1 + texts) / (1 + texts with it)) + 1.
/// The number of buckets is a power of two.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    rarity: Vec<f32>,
}

impl Terms {
    /// Learns from texts how rare terms are.
    pub fn fit<'a>(texts: impl Iterator<Item = Input<'a>>, buckets: usize) -> Self {
        let buckets = buckets.next_power_of_two();
        let mut counts = vec![0u32; buckets];
        let mut total = 0u32;
        for text in texts {
            total += 1;
            count(&text, buckets).into_keys().for_each(|bucket| counts[bucket as usize] += 1);
        }
        let rarity = |&count: &u32| (((1.0 + f64::from(total)) / (1.0 + f64::from(count))).ln() + 1.0) as f32;
        Self { rarity: counts.iter().map(rarity).collect() }
    }

    /// Number of buckets.
    pub fn buckets(&self) -> usize {
        self.rarity.len()
    }

    /// The row of a text.
    pub fn row(&self, text: &Input<'_>) -> TermRow {
        let weighed = |(bucket, count): (u32, u32)| {
            (bucket, (1.0 + (count as f32).ln()) * self.rarity[bucket as usize])
        };
        let mut row: TermRow = count(text, self.buckets()).into_iter().map(weighed).collect();
        let length = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|(_, value)| *value /= length);
        row
    }
}

/// How often the terms of each bucket occur.
fn count(text: &Input<'_>, buckets: usize) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    let mask = buckets as u32 - 1;
    let mut put = |hash: u32| *counts.entry(hash & mask).or_default() += 1;
    for part in text.parts() {
        let part: String = part.chars().take(MOST).flat_map(char::to_lowercase).collect();
        let mut before: Option<&str> = None;
        let words = part.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|word| word.chars().nth(1).is_some()) {
            put(hash(b'w', [word]));
            if let Some(before) = before {
                put(hash(b'p', [before, " ", word]));
            }
            before = Some(word);
        }
        for word in part.split_whitespace() {
            let padded = format!(" {word} ");
            let starts: Vec<usize> = padded.char_indices().map(|(at, _)| at).chain([padded.len()]).collect();
            for length in PIECES {
                for piece in starts.windows(length + 1) {
                    put(hash(b'c', [&padded[piece[0]..piece[length]]]));
                }
            }
        }
    }
    counts
}

/// FNV-1a of 32 bits with its bits mixed (the finalizer of MurmurHash3), since only the low ones are used.
fn hash<'a>(kind: u8, parts: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut hash = 0x811c_9dc5u32;
    let mut take = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    take(kind);
    parts.into_iter().flat_map(str::bytes).for_each(take);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// What each bucket says for each label of a head, in 8 bits: a row for each bucket.
#[derive(Debug, Clone)]
pub struct TermWeights(Arc<Matrix>);

impl TermWeights {
    /// `weights` has a row of `labels` numbers for each bucket.
    ///
    /// # Errors
    /// Numbers that are no such rows.
    pub fn new(weights: Vec<f32>, labels: usize) -> candle_core::Result<Self> {
        let rows = weights.len() / labels.max(1);
        let tensor = Tensor::from_vec(weights, (rows, labels), &Device::Cpu)?;
        Ok(Self(Arc::new(weights::int8(&tensor)?)))
    }

    /// Adds what the terms say to the logits.
    pub fn add(&self, row: &[(u32, f32)], logits: &mut [f32]) {
        let Values::Int8 { weights, scales } = &self.0.values else { return };
        for &(bucket, value) in row {
            let start = bucket as usize * self.0.columns;
            let (Some(bytes), Some(scale)) =
                (weights.get(start..start + self.0.columns), scales.get(bucket as usize))
            else {
                continue;
            };
            let factor = value * scale;
            logits.iter_mut().zip(bytes).for_each(|(logit, &byte)| *logit += factor * f32::from(byte));
        }
    }

    /// The same weights for another label set: for each of its labels the place that it has here, or nothing,
    /// which the terms then say nothing about.
    ///
    /// # Errors
    /// None in practice: the numbers are as many as they were.
    pub fn relabelled(&self, places: &[Option<usize>]) -> candle_core::Result<Self> {
        let mut weights = Vec::with_capacity(self.0.rows * places.len());
        let mut row = vec![0.0; self.0.columns];
        for bucket in 0..self.0.rows {
            row.fill(0.0);
            self.add(&[(bucket as u32, 1.0)], &mut row);
            weights.extend(places.iter().map(|place| place.and_then(|place| row.get(place)).unwrap_or(&0.0)));
        }
        Self::new(weights, places.len())
    }

    /// Whether there is a row for each bucket and a number for each label.
    pub(super) fn fits(&self, buckets: usize, labels: usize) -> bool {
        self.0.rows == buckets && self.0.columns == labels && matches!(self.0.values, Values::Int8 { .. })
    }
}

/// Reads the terms of a bundle with the weights of its heads, by task.
pub(super) fn read(path: &Path) -> candle_core::Result<(Terms, HashMap<String, TermWeights>)> {
    let mut matrices = weights::read_matrices(path)?;
    let Some(Matrix { values: Values::F32(rarity), .. }) = matrices.remove(RARITY) else {
        candle_core::bail!("the tensor {RARITY} is missing");
    };
    if !rarity.len().is_power_of_two() {
        candle_core::bail!("{RARITY} has {} numbers, which is no power of two", rarity.len());
    }
    let heads = matrices.into_iter().map(|(task, matrix)| (task, TermWeights(Arc::new(matrix)))).collect();
    Ok((Terms { rarity }, heads))
}

/// Writes them.
pub(super) fn write<'a>(
    path: &Path,
    terms: &Terms,
    heads: impl Iterator<Item = (&'a str, &'a TermWeights)>,
) -> candle_core::Result<()> {
    let rarity = Tensor::from_slice(&terms.rarity, terms.buckets(), &Device::Cpu)?;
    let mut tensors = Weights::from([(RARITY.to_owned(), rarity)]);
    for (task, weights) in heads {
        tensors.insert(task.to_owned(), weights::tensor(&weights.0)?);
    }
    weights::write_int8(path, &tensors)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn terms() -> Terms {
        let texts = ["the printer is jammed", "the invoice is wrong", "the vpn drops"];
        Terms::fit(texts.iter().map(|text| Input::text(text)), 1 << 12)
    }

    fn dot(a: &TermRow, b: &TermRow) -> f32 {
        let b: BTreeMap<u32, f32> = b.iter().copied().collect();
        a.iter().filter_map(|(bucket, value)| Some(value * b.get(bucket)?)).sum()
    }

    #[test]
    fn texts_that_share_rare_words_are_more_alike_than_those_that_share_common_ones() {
        let terms = terms();
        let [one, rare, common] = ["printer jammed", "a jammed printer", "the vpn is the best"]
            .map(|text| terms.row(&Input::text(text)));
        assert!((dot(&one, &one) - 1.0).abs() < 1e-5);
        assert!(dot(&one, &rare) > dot(&one, &common) + 0.3);
    }

    #[test]
    fn words_that_are_spelt_a_little_differently_share_pieces() {
        let terms = terms();
        let [one, other] = ["pasword reset", "passwords resetting"].map(|text| terms.row(&Input::text(text)));
        assert!(dot(&one, &other) > 0.2);
    }

    #[test]
    fn a_text_without_words_has_no_terms() {
        assert!(terms().row(&Input::text("  \n")).is_empty());
        assert!(terms().row(&Input::text("")).is_empty());
    }

    #[test]
    fn weights_are_kept_through_the_file_within_the_precision_of_eight_bits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("terms.safetensors");
        let terms = Terms::fit([Input::text("one two three")].into_iter(), 8);
        let numbers: Vec<f32> = (0..24).map(|n| (n as f32 - 11.0) / 7.0).collect();
        let weights = TermWeights::new(numbers.clone(), 3).unwrap();
        write(&path, &terms, [("category", &weights)].into_iter()).unwrap();
        let (same, heads) = read(&path).unwrap();
        assert_eq!(same, terms);
        assert!(heads["category"].fits(8, 3) && !heads["category"].fits(8, 4));
        for bucket in 0..8 {
            let mut logits = [0.0; 3];
            heads["category"].add(&[(bucket, 1.0)], &mut logits);
            for (label, logit) in logits.iter().enumerate() {
                assert!((logit - numbers[bucket as usize * 3 + label]).abs() < 0.02);
            }
        }
        let wider = heads["category"].relabelled(&[Some(2), None, Some(0), Some(1)]).unwrap();
        let (mut before, mut after) = ([0.0; 3], [0.0; 4]);
        heads["category"].add(&[(5, 1.0)], &mut before);
        wider.add(&[(5, 1.0)], &mut after);
        for (label, place) in [(0, 2), (2, 0), (3, 1)] {
            assert!((after[label] - before[place]).abs() < 0.02, "{before:?} {after:?}");
        }
        assert!(after[1].abs() < 1e-6);
        // A bucket that is not there says nothing.
        heads["category"].add(&[(8, 1.0)], &mut [0.0; 3]);
    }
}
