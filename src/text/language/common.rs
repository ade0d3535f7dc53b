//! How many of a text's words are common ones of a language.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::function_words::{ENGLISH, FOREIGN};

/// By common word: the places in [`FOREIGN`] of the languages that have it; English has those with none.
static LANGUAGES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut languages: HashMap<&str, Vec<usize>> = ENGLISH.iter().map(|word| (*word, Vec::new())).collect();
    for (place, (_, words)) in FOREIGN.iter().enumerate() {
        words.iter().for_each(|word| languages.entry(word).or_default().push(place));
    }
    languages
});

/// Common words of one language in a text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) words: usize,
    /// Different ones among them.
    pub(super) distinct: usize,
}

impl Found {
    fn add(&mut self, words: usize) {
        self.words += words;
        self.distinct += 1;
    }
}

/// Common words of each language in a text.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) english: Found,
    /// In the order of [`FOREIGN`].
    foreign: Vec<Found>,
}

impl Common {
    pub(super) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for word in words.filter(|word| LANGUAGES.contains_key(word)) {
            *counts.entry(word).or_default() += 1;
        }
        let mut common = Self { english: Found::default(), foreign: vec![Found::default(); FOREIGN.len()] };
        for (word, count) in counts {
            match LANGUAGES.get(word).map(Vec::as_slice) {
                Some([]) => common.english.add(count),
                Some(places) => places.iter().for_each(|&place| common.foreign[place].add(count)),
                None => {}
            }
        }
        common
    }

    /// What was found of the foreign language with the most common words.
    pub(super) fn most_foreign(&self) -> Found {
        self.foreign.iter().copied().max_by_key(|found| found.words).unwrap_or_default()
    }

    /// The foreign language with the most common words, if it has any; among equals, as Danish and
    /// Norwegian often are, the one that the trigrams favour.
    pub(super) fn likeliest_foreign(&self, favoured: &str) -> (&'static str, Found) {
        let mut best = ("", Found::default());
        for ((code, _), &found) in FOREIGN.iter().zip(&self.foreign) {
            if found.words > best.1.words || found.words == best.1.words && *code == favoured {
                best = (code, found);
            }
        }
        best
    }
}
