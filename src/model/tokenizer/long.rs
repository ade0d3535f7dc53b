//! What is kept of a text that is longer than the window; the rule is told at [`Tokenizer::encode`].

use std::ops::Range;

use super::stretches::Stretches;
use super::words::words;
use super::{Tokenizer, error};
use crate::model::ModelError;

/// Bytes of words that are read at most for each token that there is room for. Words that have fewer
/// tokens than that are no language.
const READ_BYTES: usize = 40;
/// Stretches tried for the middle; three or four fill it.
const TRIES: usize = 12;
/// Fewer tokens than these say nothing that their surroundings don't.
const LEAST: usize = 8;

/// How much may be read.
#[derive(Clone, Copy)]
struct Room {
    tokens: usize,
    bytes: usize,
}

impl Room {
    fn for_tokens(tokens: usize) -> Self {
        Self { tokens, bytes: tokens * READ_BYTES }
    }

    fn less(self, used: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(used.tokens), bytes: self.bytes.saturating_sub(used.bytes) }
    }
}

/// A word that is kept: where it stands, and its tokens.
pub(super) struct Word {
    pub(super) place: Range<usize>,
    pub(super) ids: Vec<u32>,
}

/// The tokens of words, one after the other.
pub(super) fn ids(words: &[Word]) -> Vec<u32> {
    words.iter().flat_map(|word| word.ids.iter().copied()).collect()
}

/// Words of a text as far as there is room.
struct Filled {
    /// The words that fit.
    words: Vec<Word>,
    used: Room,
    /// The word that does not fit, as far as it was read.
    next: Option<(Range<usize>, Vec<u32>)>,
}

/// One end of a text.
struct End {
    words: Vec<Word>,
    used: Room,
    /// Up to where, or from where on, the text is in it.
    border: usize,
}

impl Tokenizer {
    /// All tokens of `text` if it has no more than these.
    pub(super) fn whole(&self, text: &str, tokens: usize) -> Result<Option<Vec<Word>>, ModelError> {
        let filled = self.fill(text, words(text, 0..text.len()), Room::for_tokens(tokens))?;
        Ok(filled.next.is_none().then_some(filled.words))
    }

    /// Head, tail and the best of the middle of a text that has more than so many tokens.
    pub(super) fn reduce(&self, text: &str, tokens: usize) -> Result<Vec<Word>, ModelError> {
        let tail = tokens / 4;
        let middle = if tail < LEAST { 0 } else { tail };
        let head = self.head(text, Room::for_tokens(tokens - tail - middle))?;
        let tail = self.tail(text, head.border, Room::for_tokens(tail))?;
        let room = Room::for_tokens(tokens).less(head.used).less(tail.used);
        let middle = self.middle(text, head.border..tail.border, room)?;
        Ok(head.words.into_iter().chain(middle).chain(tail.words).collect())
    }

    fn head(&self, text: &str, room: Room) -> Result<End, ModelError> {
        let filled = self.fill(text, words(text, 0..text.len()), room)?;
        Ok(match filled.next {
            Some((word, mut ids)) if filled.used.tokens == 0 => {
                ids.truncate(room.tokens);
                let used = Room { tokens: ids.len(), ..filled.used };
                End { border: word.end, words: vec![Word { place: word, ids }], used }
            }
            _ => {
                let border = filled.words.last().map_or(0, |word| word.place.end);
                End { words: filled.words, used: filled.used, border }
            }
        })
    }

    /// The end of what stands behind `from`.
    fn tail(&self, text: &str, from: usize, room: Room) -> Result<End, ModelError> {
        let end = text.trim_end().len().max(from);
        let start = text.floor_char_boundary(end.saturating_sub(room.bytes)).max(from);
        // The first word may be the end of one only.
        let behind: Vec<Range<usize>> = words(text, start..end).skip(usize::from(start > from)).collect();
        let filled = self.fill(text, behind.into_iter().rev(), room)?;
        Ok(match filled.next {
            Some((word, mut ids)) if filled.used.tokens == 0 => {
                ids.drain(..ids.len().saturating_sub(room.tokens));
                let used = Room { tokens: ids.len(), ..filled.used };
                End { border: word.start, words: vec![Word { place: word, ids }], used }
            }
            _ => {
                let border = filled.words.last().map_or(end, |word| word.place.start);
                End { words: filled.words.into_iter().rev().collect(), used: filled.used, border }
            }
        })
    }

    /// The stretches of `region` that say most beside what stands before and behind it.
    fn middle(&self, text: &str, region: Range<usize>, mut room: Room) -> Result<Vec<Word>, ModelError> {
        if room.tokens < LEAST {
            return Ok(Vec::new());
        }
        let mut chosen: Vec<Word> = Vec::new();
        let mut stretches = Stretches::new(&self.inner, text, region);
        for _ in 0..TRIES {
            let Some(words) = stretches.take_best() else { break };
            let filled = self.fill(text, words.into_iter(), room)?;
            chosen.extend(filled.words);
            room = room.less(filled.used);
            if room.tokens < LEAST {
                break;
            }
        }
        chosen.sort_by_key(|word| word.place.start);
        Ok(chosen)
    }

    /// Tokens of one word after the other while there is room.
    fn fill(
        &self,
        text: &str,
        words: impl Iterator<Item = Range<usize>>,
        room: Room,
    ) -> Result<Filled, ModelError> {
        let used = Room { tokens: 0, bytes: 0 };
        let mut filled = Filled { words: Vec::new(), used, next: None };
        for word in words {
            let left = room.less(filled.used);
            let read = &text[word.start..text.floor_char_boundary(word.end.min(word.start + left.bytes))];
            let encoding = self.inner.encode_fast(read, false).map_err(error)?;
            let ids = encoding.get_ids().to_vec();
            filled.used.bytes += read.len();
            if ids.len() > left.tokens || read.len() < word.len() {
                filled.next = Some((word, ids));
                break;
            }
            filled.used.tokens += ids.len();
            filled.words.push(Word { place: word, ids });
        }
        Ok(filled)
    }
}
