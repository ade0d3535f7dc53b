//! A text without some of its words.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::{ModelError, Tokenizer};
use crate::text::{bare, says_something};

/// The words that the model reads of a text. Those that say something are numbered, each once, however
/// often and in whichever case it stands.
#[derive(Debug)]
pub(super) struct Variants<'a> {
    text: &'a str,
    words: Vec<Word>,
    /// For each numbered word, its places among `words`.
    numbered: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Word {
    /// With the punctuation around it.
    place: Range<usize>,
    /// Without.
    bare: Range<usize>,
}

impl<'a> Variants<'a> {
    pub(super) fn of(text: &'a str, tokenizer: &Tokenizer) -> Result<Self, ModelError> {
        let words: Vec<Word> = tokenizer
            .words_kept(text)?
            .into_iter()
            .map(|place| Word { bare: bare(text, place.clone()), place })
            .collect();
        let mut numbered: Vec<Vec<usize>> = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for (at, word) in words.iter().enumerate() {
            let written = &text[word.bare.clone()];
            if says_something(written) {
                let number = *numbers.entry(written.to_lowercase()).or_insert(numbered.len());
                if number == numbered.len() {
                    numbered.push(Vec::new());
                }
                numbered[number].push(at);
            }
        }
        Ok(Self { text, words, numbered })
    }

    /// How many words have a number.
    pub(super) fn len(&self) -> usize {
        self.numbered.len()
    }

    /// A word by its number, as it first stands.
    pub(super) fn alone(&self, number: usize) -> &'a str {
        self.places(number).next().map_or("", |place| &self.text[place])
    }

    /// Where a word stands in the text, in bytes.
    pub(super) fn places(&self, number: usize) -> impl Iterator<Item = Range<usize>> {
        let at = self.numbered.get(number).into_iter().flatten();
        at.map(|&at| self.words[at].bare.clone())
    }

    /// Where each of these words stands, with its number.
    pub(super) fn everywhere(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<(Range<usize>, usize)> {
        let of_word = |number| self.places(number).map(move |place| (place, number));
        numbers.into_iter().flat_map(of_word).collect()
    }

    /// What is read of the text, without these words; the punctuation around them stays.
    pub(super) fn without(&self, numbers: &[usize]) -> String {
        let mut out = String::with_capacity(self.text.len().min(4096));
        let mut gone: Vec<usize> =
            numbers.iter().filter_map(|&number| self.numbered.get(number)).flatten().copied().collect();
        gone.sort_unstable();
        let mut end = None;
        for (at, word) in self.words.iter().enumerate() {
            if let Some(end) = end {
                let between = &self.text[end..word.place.start];
                // Where words were left out between, a line ends.
                out.push_str(if between.trim().is_empty() { between } else { "\n" });
            }
            if gone.binary_search(&at).is_ok() {
                out.push_str(&self.text[word.place.start..word.bare.start]);
                out.push_str(&self.text[word.bare.end..word.place.end]);
            } else {
                out.push_str(&self.text[word.place.clone()]);
            }
            end = Some(word.place.end);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::Input;
    use crate::model::testing::TOKENIZER;

    /// The tokenizer of single letters, so the window holds thirty.
    fn tokenizer() -> Tokenizer {
        Tokenizer::load(TOKENIZER.as_ref(), 32).unwrap()
    }

    #[test]
    fn a_word_is_left_out_wherever_it_stands_and_punctuation_stays() {
        let tokenizer = tokenizer();
        let variants = Variants::of("VPN down\n(vpn), not lan", &tokenizer).unwrap();
        let words: Vec<&str> = (0..variants.len()).map(|word| variants.alone(word)).collect();
        assert_eq!(words, ["VPN", "down", "not", "lan"]);
        assert_eq!(variants.without(&[0, 3]), " down\n(), not ");
        assert_eq!(variants.places(0).collect::<Vec<_>>(), [0..3, 10..13]);
    }

    #[test]
    fn of_a_long_text_only_what_is_read_has_variants() {
        let tokenizer = tokenizer();
        let text = format!("head {}tail", "middle ".repeat(50));
        let variants = Variants::of(&text, &tokenizer).unwrap();
        let whole = variants.without(&[]);
        assert!(whole.len() < 50, "{whole}");
        let ids = |text: &str| tokenizer.encode(&Input::text(text)).unwrap().ids;
        assert_eq!(ids(&whole), ids(&text), "the rest reads the same");
    }
}
