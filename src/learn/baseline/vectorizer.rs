//! Texts to sparse TF-IDF vectors over words and pairs of neighbouring words.

use std::collections::HashMap;
use std::hash::Hash;

use rayon::prelude::*;

/// Words of one text that count; a mail thread beyond it adds hardly anything.
const MAX_WORDS: usize = 5_000;
/// Distinct words, or pairs, that are counted at once.
const MAX_COUNTED: usize = 4_000_000;

/// Features with their values, ordered by feature, of Euclidean length 1 (or empty).
pub(super) type SparseRow = Vec<(u32, f32)>;

#[derive(Debug)]
pub(super) struct Vectorizer {
    /// Every word that occurs often enough, to its number in alphabetical order.
    words: HashMap<String, u32>,
    /// The features among the words and among the pairs of words.
    word_features: HashMap<u32, u32>,
    pair_features: HashMap<(u32, u32), u32>,
    /// Inverse document frequency by feature.
    idf: Vec<f32>,
}

impl Vectorizer {
    /// Learns which words and pairs occur in at least `min_df` texts; of more than `max_features`
    /// the most frequent are kept.
    pub(super) fn fit<T: AsRef<str>>(texts: &[T], min_df: u32, max_features: usize) -> Self {
        let mut word_counts = DocumentCounts::default();
        for text in texts {
            word_counts.add(words(text.as_ref()).collect());
        }
        let mut frequent = word_counts.at_least(min_df);
        frequent.sort_unstable();
        let mut fitted = Self {
            words: HashMap::new(),
            word_features: HashMap::new(),
            pair_features: HashMap::new(),
            idf: Vec::new(),
        };
        let mut candidates = Vec::new();
        for (number, (word, count)) in frequent.into_iter().enumerate() {
            candidates.push((count, Feature::Word(number as u32)));
            fitted.words.insert(word, number as u32);
        }
        // A pair cannot be in more texts than either of its words, so only frequent words matter.
        let mut pair_counts = DocumentCounts::default();
        for text in texts {
            pair_counts.add(pairs(&fitted.numbers(text.as_ref())).collect());
        }
        let frequent = pair_counts.at_least(min_df).into_iter();
        candidates.extend(frequent.map(|(pair, count)| (count, Feature::Pair(pair))));
        candidates.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        candidates.truncate(max_features);
        for (feature, (count, candidate)) in candidates.into_iter().enumerate() {
            let feature = feature as u32;
            match candidate {
                Feature::Word(word) => fitted.word_features.insert(word, feature),
                Feature::Pair(pair) => fitted.pair_features.insert(pair, feature),
            };
            let idf = ((1.0 + texts.len() as f64) / (1.0 + f64::from(count))).ln() + 1.0;
            fitted.idf.push(idf as f32);
        }
        fitted
    }

    /// Number of features.
    pub(super) fn features(&self) -> usize {
        self.idf.len()
    }

    pub(super) fn transform_all<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Vec<SparseRow> {
        let row = |text: &T| self.transform(text.as_ref());
        texts.par_iter().map(row).collect()
    }

    pub(super) fn transform(&self, text: &str) -> SparseRow {
        let numbers = self.numbers(text);
        let of_words = numbers.iter().flatten().filter_map(|word| self.word_features.get(word));
        let of_pairs = pairs(&numbers).filter_map(|pair| self.pair_features.get(&pair));
        let mut found: Vec<u32> = of_words.copied().chain(of_pairs.copied()).collect();
        found.sort_unstable();
        let mut row: SparseRow = found
            .chunk_by(|a, b| a == b)
            .filter_map(|same| {
                let feature = *same.first()?;
                let idf = *self.idf.get(feature as usize)?;
                Some((feature, (1.0 + (same.len() as f32).ln()) * idf))
            })
            .collect();
        let length = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
        for (_, value) in &mut row {
            *value /= length;
        }
        row
    }

    /// The numbers of a text's words in their order, `None` for each that is not known.
    fn numbers(&self, text: &str) -> Vec<Option<u32>> {
        words(text).map(|word| self.words.get(&word).copied()).collect()
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Feature {
    Word(u32),
    Pair((u32, u32)),
}

/// In how many texts something occurs.
struct DocumentCounts<K>(HashMap<K, u32>);

impl<K> Default for DocumentCounts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Ord> DocumentCounts<K> {
    /// Counts one text's items, each once.
    fn add(&mut self, mut items: Vec<K>) {
        items.sort_unstable();
        items.dedup();
        for item in items {
            *self.0.entry(item).or_default() += 1;
        }
        // Lossy counting in the manner of Manku and Motwani (VLDB 2002): what was seen least goes,
        // and the memory stays bounded whatever the texts.
        let mut seen = 1;
        while self.0.len() > MAX_COUNTED {
            self.0.retain(|_, count| *count > seen);
            seen += 1;
        }
    }

    fn at_least(self, min_df: u32) -> Vec<(K, u32)> {
        let frequent = self.0.into_iter().filter(|(_, count)| *count >= min_df);
        frequent.collect()
    }
}

/// Runs of two or more letters, digits or `_`, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.chars().nth(1).is_some())
        .take(MAX_WORDS)
        .map(str::to_lowercase)
}

/// Neighbouring words that are both known.
fn pairs(numbers: &[Option<u32>]) -> impl Iterator<Item = (u32, u32)> {
    let neighbours = numbers.iter().zip(numbers.iter().skip(1));
    neighbours.filter_map(|(first, second)| first.zip(*second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_scikit_learn() {
        let texts = [
            "printer jams again, printer on fire",
            "the printer is out of paper",
            "vpn will not connect",
            "vpn connect fails since monday",
            "reset my password",
            "password expired, cannot sign in",
        ];
        // TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).
        let fitted = Vectorizer::fit(&texts, 2, usize::MAX);
        let values = |text| -> Vec<f32> {
            let row = fitted.transform(text);
            row.into_iter().map(|(_, value)| value).collect()
        };
        assert_eq!(fitted.features(), 4);
        assert_eq!(values(texts[0]), [1.0]);
        assert_eq!(values(texts[2]), [std::f32::consts::FRAC_1_SQRT_2; 2]);
        assert!(values("nothing of it").is_empty());
        assert_eq!(Vectorizer::fit(&texts, 1, usize::MAX).features(), 47);
    }

    #[test]
    fn the_most_frequent_features_are_kept_where_room_is_short() {
        let fitted = Vectorizer::fit(&["aa bb", "aa cc", "aa bb"], 1, 2);
        assert_eq!(fitted.features(), 2);
        assert_eq!(fitted.transform("aa").len(), 1);
        assert!(fitted.transform("cc").is_empty());
    }

    #[test]
    fn words_are_lower_cased_and_single_letters_left_out() {
        let found: Vec<String> = words("I can't PRINT: Übergröße x_1, 42!").collect();
        assert_eq!(found, ["can", "print", "übergröße", "x_1", "42"]);
    }
}
