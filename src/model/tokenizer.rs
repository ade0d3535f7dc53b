//! Words to token ids, by the tokenizer that the encoder was trained with.
//!
//! What a text loses when it is longer than the encoder's window is told at [`Tokenizer::encode`].

mod long;
mod stretches;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use tokenizers::{EncodeInput, Encoding, PostProcessor as _, Token};

use super::ModelError;
use long::Word;

/// Texts of so many bytes for each token of the window are split in one go; longer ones hardly ever fit,
/// and are read word by word. English needs five bytes a token.
const WHOLE_BYTES: usize = 8;

/// A text for the encoder: one sequence, or two that belong together (question and comment).
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    first: &'a str,
    second: Option<&'a str>,
}

impl<'a> Input<'a> {
    /// One text.
    pub fn text(text: &'a str) -> Self {
        Self { first: text, second: None }
    }

    /// Two texts, read as a pair with a separator between them.
    pub fn pair(first: &'a str, second: &'a str) -> Self {
        Self { first, second: Some(second) }
    }

    /// The texts it is made of.
    pub(super) fn parts(&self) -> impl Iterator<Item = &'a str> {
        [Some(self.first), self.second].into_iter().flatten()
    }
}

/// Token ids of one text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Vocabulary ids.
    pub ids: Vec<u32>,
    /// 0 for the first sequence, 1 for the second.
    pub type_ids: Vec<u32>,
    /// Whether words were left out because the text is longer than the encoder's window.
    pub truncated: bool,
}

impl Tokens {
    /// How many there are: what reading the text costs.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nothing to read; never so where the tokenizer adds special tokens.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// The tokenizer of a bundle. It keeps nothing of what it reads, so one serves all threads.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    max_tokens: usize,
    truncated_texts: AtomicU64,
}

/// Reads the file, and a text and a pair with it: over some files the library panics only then.
fn open(path: &Path) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut inner = tokenizers::Tokenizer::from_file(path)?;
    inner.with_padding(None);
    inner.with_truncation(None)?;
    inner.encode_fast("a", true)?;
    inner.encode_fast(("a", "b"), true)?;
    Ok(inner)
}

impl Tokenizer {
    /// Loads `tokenizer.json`; texts are reduced to `max_tokens`, special tokens included.
    pub fn load(path: &Path, max_tokens: usize) -> Result<Self, ModelError> {
        // The library panics over some files that are no tokenizers (found by tests/fuzz.rs).
        let opened = std::panic::catch_unwind(|| open(path));
        let inner = opened.unwrap_or_else(|_| Err("it is no tokenizer".into())).map_err(error)?;
        Ok(Self { inner, max_tokens, truncated_texts: AtomicU64::new(0) })
    }

    /// Splits a text into tokens.
    ///
    /// The rule for a text with more tokens than the window holds. Kept are, in their order,
    /// - its **head**, half of the window: the subject stands there, and what people think matters most;
    /// - its **tail**, a quarter: people put the request, the deadline, or the error that ended it all there;
    /// - of the **middle**, in the last quarter, the sentences that say most: those with the rarest words
    ///   (a word piece's number in the vocabulary is its rank by frequency) that stand in no part kept
    ///   already, by the room that they take. Lines repeated in a log count once, numbers not at all.
    ///
    /// The shares are such because the features are means over all tokens: what gets half of the window gets
    /// half of the say. The words that the writer began with should have it, and sentences found amid a
    /// pasted log should never outweigh them.
    ///
    /// Cuts fall between words, that is at white space; a word of more than 64 bytes (an address, a path,
    /// ideographs without spaces) may also be cut before a punctuation mark or an ideograph. Only a word
    /// that alone has more tokens than the whole share is cut anywhere. Of a pair the longer text is reduced
    /// first, until both are equally long, and each by this rule.
    ///
    /// The work has a bound whatever comes: for each token of its share a part reads at most 40 bytes of
    /// words, and the middle is looked through to 32 KiB; of a longer one, 64 pieces spread evenly over it.
    ///
    /// `truncated` says that at least one word, or a part of one, was left out. White space and control
    /// characters are no words.
    pub fn encode(&self, input: &Input<'_>) -> Result<Tokens, ModelError> {
        let short = input.first.len() + input.second.map_or(0, str::len) <= self.max_tokens * WHOLE_BYTES;
        if short {
            let whole: EncodeInput<'_> = match input.second {
                None => input.first.into(),
                Some(second) => (input.first, second).into(),
            };
            let encoding = self.inner.encode_fast(whole, true).map_err(error)?;
            if encoding.len() <= self.max_tokens {
                return Ok(tokens(&encoding, false));
            }
        }
        self.encode_by_words(input, short)
    }

    /// Where the words of a text stand that [`Tokenizer::encode`] keeps of it, in order, in bytes: what
    /// stands between white space, in pieces where it is long. All of them if the text fits.
    pub fn words_kept(&self, text: &str) -> Result<Vec<Range<usize>>, ModelError> {
        let special = self.inner.get_post_processor().map_or(0, |p| p.added_tokens(false));
        let window = self.max_tokens.saturating_sub(special);
        let words = match self.whole(text, window)? {
            Some(words) => words,
            None => self.reduce(text, window)?,
        };
        Ok(words.into_iter().map(|word| word.place).collect())
    }

    /// Texts so far of which words were left out.
    pub fn truncated_texts(&self) -> u64 {
        self.truncated_texts.load(Ordering::Relaxed)
    }

    /// [`Tokenizer::encode`] for what may be longer than the window, or is `known` to be.
    fn encode_by_words(&self, input: &Input<'_>, known: bool) -> Result<Tokens, ModelError> {
        let special = self.inner.get_post_processor().map_or(0, |p| p.added_tokens(input.second.is_some()));
        let window = self.max_tokens.saturating_sub(special);
        let first = match input.second {
            None if known => None,
            _ => self.whole(input.first, window)?,
        };
        let second = input.second.map(|text| self.whole(text, window)).transpose()?;
        let length =
            |words: &Option<Vec<Word>>| words.as_ref().map_or(window + 1, |words| long::ids(words).len());
        let shares = shares(length(&first), second.as_ref().map_or(0, length), window);
        let truncated =
            length(&first) > shares.0 || second.as_ref().is_some_and(|words| length(words) > shares.1);
        let fit = |text: &str, words: Option<Vec<Word>>, share: usize| match words.as_deref().map(long::ids) {
            Some(ids) if ids.len() <= share => Ok(ids),
            _ => self.reduce(text, share).map(|words| long::ids(&words)),
        };
        let first = sequence(&fit(input.first, first, shares.0)?, 0);
        let second = match (input.second, second) {
            (Some(text), Some(words)) => Some(sequence(&fit(text, words, shares.1)?, 1)),
            _ => None,
        };
        if truncated {
            self.truncated_texts.fetch_add(1, Ordering::Relaxed);
        }
        Ok(tokens(&self.inner.post_process(first, second, true).map_err(error)?, truncated))
    }
}

/// How many tokens each of two texts may have: the longer one is reduced first, until they are equal.
fn shares(first: usize, second: usize, window: usize) -> (usize, usize) {
    let half = window / 2;
    if first + second <= window {
        (first, second)
    } else if first <= second {
        let first = first.min(half);
        (first, window - first)
    } else {
        let second = second.min(half);
        (window - second, second)
    }
}

fn tokens(encoding: &Encoding, truncated: bool) -> Tokens {
    Tokens { ids: encoding.get_ids().to_vec(), type_ids: encoding.get_type_ids().to_vec(), truncated }
}

fn sequence(ids: &[u32], type_id: u32) -> Encoding {
    let tokens = ids.iter().map(|id| Token::new(*id, String::new(), (0, 0))).collect();
    Encoding::from_tokens(tokens, type_id)
}

fn error(error: tokenizers::Error) -> ModelError {
    ModelError::Tokenizer(error.to_string())
}
