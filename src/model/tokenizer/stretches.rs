//! The middle of a long text in stretches of a sentence or so, and which of them say most.

use std::collections::HashMap;
use std::ops::Range;

use super::words::words;

/// Bytes of the middle that are looked through at most.
const SEEN_BYTES: usize = 32 << 10;
/// In so many pieces, spread evenly.
const PIECES: usize = 64;
/// A stretch ends with a sentence or line if it has so many bytes then...
const SHORT: usize = 40;
/// ...and with any word from here on.
const LONG: usize = 200;
/// Tokens that a stretch is taken to have at least: few words are not better because they are few.
const LEAST_COST: f32 = 8.0;

/// What is left of the middle.
pub(super) struct Stretches {
    stretches: Vec<Stretch>,
    terms: Terms,
}

struct Stretch {
    words: Vec<Range<usize>>,
    /// Numbers of its terms, each once.
    terms: Vec<usize>,
    /// Tokens that it will take, roughly.
    cost: f32,
}

impl Stretches {
    /// The stretches of `region`. What its terms are worth is measured beside the rest of the text.
    pub(super) fn new(tokenizer: &tokenizers::Tokenizer, text: &str, region: Range<usize>) -> Self {
        let mut terms = Terms::new(tokenizer);
        let stretches = pieces(text, region.clone())
            .flat_map(|words| split(text, words))
            .map(|words| Stretch::new(text, words, &mut terms, tokenizer))
            .collect();
        for known in [&text[..region.start], &text[region.end..]] {
            let known: Vec<usize> = written(known).filter_map(|term| terms.find(&term)).collect();
            terms.forget(&known);
        }
        Self { stretches, terms }
    }

    /// Takes the words of the stretch that says most for its length, the first of equals. Its terms say
    /// nothing new from then on.
    pub(super) fn take_best(&mut self) -> Option<Vec<Range<usize>>> {
        let scores = self.stretches.iter().map(|stretch| self.terms.worth(&stretch.terms) / stretch.cost);
        let best = |a: (usize, f32), b: (usize, f32)| if b.1 > a.1 { b } else { a };
        let (at, _) = scores.enumerate().reduce(best)?;
        let taken = self.stretches.remove(at);
        self.terms.forget(&taken.terms);
        Some(taken.words)
    }
}

impl Stretch {
    fn new(
        text: &str,
        words: Vec<Range<usize>>,
        terms: &mut Terms,
        tokenizer: &tokenizers::Tokenizer,
    ) -> Self {
        let (mut numbers, mut cost) = (Vec::new(), 0.0);
        for word in &words {
            let word = &text[word.clone()];
            cost += word.chars().filter(|c| !c.is_alphanumeric()).count() as f32;
            for term in written(word) {
                let number = terms.number(term, tokenizer);
                cost += terms.list[number].cost;
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Self { words, terms: numbers, cost: cost.max(LEAST_COST) }
    }
}

/// What one term is worth and how many tokens it takes.
#[derive(Clone, Copy)]
struct Term {
    worth: f32,
    cost: f32,
}

/// All terms of the middle, by number.
struct Terms {
    numbers: HashMap<String, usize>,
    list: Vec<Term>,
    /// Where the vocabulary's words begin: it is sorted by frequency, and "the" is the first of them.
    commonest: u32,
    /// What the last word of the vocabulary is worth.
    most: f32,
}

impl Terms {
    fn new(tokenizer: &tokenizers::Tokenizer) -> Self {
        let commonest = tokenizer.token_to_id("the").unwrap_or(0);
        let words = tokenizer.get_vocab_size(false).saturating_sub(commonest as usize);
        Self { numbers: HashMap::new(), list: Vec::new(), commonest, most: (1.0 + words as f32).ln() }
    }

    fn find(&self, term: &str) -> Option<usize> {
        self.numbers.get(term).copied()
    }

    fn number(&mut self, term: String, tokenizer: &tokenizers::Tokenizer) -> usize {
        if let Some(number) = self.find(&term) {
            return number;
        }
        self.list.push(self.measure(&term, tokenizer));
        self.numbers.insert(term, self.list.len() - 1);
        self.list.len() - 1
    }

    /// By Zipf's law a word's frequency falls with its rank, so its information grows with the logarithm
    /// of it. A word that the vocabulary has only in parts counts as its rarest. Numbers and single letters
    /// say little out of their place.
    fn measure(&self, term: &str, tokenizer: &tokenizers::Tokenizer) -> Term {
        let letters = term.chars().count();
        let cost = |known: bool| if known { 1.0 } else { (letters as f32 / 3.0).max(2.0) };
        let id = tokenizer.token_to_id(term);
        let worth = match id {
            _ if letters < 2 || term.contains(|c: char| c.is_numeric()) => 0.0,
            Some(id) => (1.0 + id.saturating_sub(self.commonest) as f32).ln(),
            None => self.most,
        };
        Term { worth, cost: cost(id.is_some()) }
    }

    fn worth(&self, numbers: &[usize]) -> f32 {
        numbers.iter().map(|number| self.list[*number].worth).sum()
    }

    fn forget(&mut self, numbers: &[usize]) {
        numbers.iter().for_each(|number| self.list[*number].worth = 0.0);
    }
}

/// The terms of a text: runs of letters and digits, in lower case.
fn written(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|term| !term.is_empty()).map(str::to_lowercase)
}

/// The words of `region`, or of pieces spread evenly over it where it is long.
fn pieces(text: &str, region: Range<usize>) -> impl Iterator<Item = Vec<Range<usize>>> {
    let short = region.len() <= SEEN_BYTES;
    (0..if short { 1 } else { PIECES }).map(move |piece| match short {
        true => words(text, region.clone()).collect(),
        false => {
            let start = text.floor_char_boundary(region.start + piece * (region.len() / PIECES));
            let end = text.floor_char_boundary(start + SEEN_BYTES / PIECES);
            // The first and the last may be parts of words.
            let mut words: Vec<Range<usize>> = words(text, start..end).skip(1).collect();
            words.pop();
            words
        }
    })
}

/// Words grouped by sentences and lines.
fn split(text: &str, words: Vec<Range<usize>>) -> Vec<Vec<Range<usize>>> {
    let mut stretches = Vec::new();
    let mut current: Vec<Range<usize>> = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let line_ends = words.peek().is_none_or(|next| text[word.end..next.start].contains('\n'));
        let sentence_ends = text[word.clone()].ends_with(['.', '!', '?', ':', ';', '。', '！', '？']);
        let bytes = word.end - current.first().map_or(word.start, |first| first.start);
        current.push(word);
        if bytes >= LONG || (bytes >= SHORT && (line_ends || sentence_ends)) {
            stretches.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        stretches.push(current);
    }
    stretches
}
