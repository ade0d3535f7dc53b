//! Words to token ids, by the tokenizer that the encoder was trained with.

use std::path::Path;

use super::ModelError;

/// Longest text handed to the tokenizer, in characters for each token that fits. English needs about
/// five; what lies beyond twenty is far outside the encoder's window whatever it says.
const CHARS_PER_TOKEN: usize = 20;

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
}

/// Token ids of one text, special tokens included.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Vocabulary ids.
    pub ids: Vec<u32>,
    /// 0 for the first sequence, 1 for the second.
    pub type_ids: Vec<u32>,
    /// Whether words were left out because the text is longer than the encoder's window.
    pub truncated: bool,
}

/// The tokenizer of a bundle; cheap to share between threads.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    max_tokens: usize,
}

impl Tokenizer {
    /// Loads `tokenizer.json`; texts are cut to `max_tokens`, special tokens included.
    pub fn load(path: &Path, max_tokens: usize) -> Result<Self, ModelError> {
        let mut inner =
            tokenizers::Tokenizer::from_file(path).map_err(|e| ModelError::Tokenizer(e.to_string()))?;
        inner.with_padding(None);
        let truncation = tokenizers::TruncationParams { max_length: max_tokens, ..Default::default() };
        inner.with_truncation(Some(truncation)).map_err(|e| ModelError::Tokenizer(e.to_string()))?;
        Ok(Self { inner, max_tokens })
    }

    /// Splits a text into tokens. The rule for long ones: the beginning is kept (of a pair, the
    /// longer text is cut first), and `truncated` says so.
    pub fn encode(&self, input: &Input<'_>) -> Result<Tokens, ModelError> {
        let limit = self.max_tokens * CHARS_PER_TOKEN;
        let (first, first_cut) = head(input.first, limit);
        let encoding = match input.second {
            None => self.inner.encode_fast(first, true),
            Some(second) => self.inner.encode_fast((first, head(second, limit).0), true),
        }
        .map_err(|e| ModelError::Tokenizer(e.to_string()))?;
        let second_cut = input.second.is_some_and(|text| head(text, limit).1);
        Ok(Tokens {
            ids: encoding.get_ids().to_vec(),
            type_ids: encoding.get_type_ids().to_vec(),
            truncated: first_cut || second_cut || !encoding.get_overflowing().is_empty(),
        })
    }
}

/// The first `limit` characters of `text`, and whether that left something out.
fn head(text: &str, limit: usize) -> (&str, bool) {
    match text.char_indices().nth(limit) {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    }
}
