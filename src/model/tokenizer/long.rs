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

/// Words of a text as far as there is room.
struct Filled {
    /// Tokens of each word that fits.
    pieces: Vec<Vec<u32>>,
    used: Room,
    /// Where the last of these words stands.
    last: Range<usize>,
    /// The word that does not fit, as far as it was read.
    next: Option<(Range<usize>, Vec<u32>)>,
}

/// One end of a text.
struct End {
    ids: Vec<u32>,
    used: Room,
    /// Up to where, or from where on, the text is in it.
    border: usize,
}

impl Tokenizer {
    /// All tokens of `text` if it has no more than these.
    pub(super) fn whole(&self, text: &str, tokens: usize) -> Result<Option<Vec<u32>>, ModelError> {
        let filled = self.fill(text, words(text, 0..text.len()), Room::for_tokens(tokens))?;
        Ok(filled.next.is_none().then(|| filled.pieces.concat()))
    }

    /// Head, tail and the best of the middle of a text that has more than so many tokens.
    pub(super) fn reduce(&self, text: &str, tokens: usize) -> Result<Vec<u32>, ModelError> {
        let tail = tokens / 4;
        let middle = if tail < LEAST { 0 } else { tail };
        let head = self.head(text, Room::for_tokens(tokens - tail - middle))?;
        let tail = self.tail(text, head.border, Room::for_tokens(tail))?;
        let room = Room::for_tokens(tokens).less(head.used).less(tail.used);
        let middle = self.middle(text, head.border..tail.border, room)?;
        Ok([head.ids, middle, tail.ids].concat())
    }

    fn head(&self, text: &str, room: Room) -> Result<End, ModelError> {
        let filled = self.fill(text, words(text, 0..text.len()), room)?;
        Ok(match filled.next {
            Some((word, mut ids)) if filled.used.tokens == 0 => {
                ids.truncate(room.tokens);
                let used = Room { tokens: ids.len(), ..filled.used };
                End { ids, used, border: word.end }
            }
            _ => End { ids: filled.pieces.concat(), used: filled.used, border: filled.last.end },
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
                End { ids, used, border: word.start }
            }
            _ if filled.pieces.is_empty() => End { ids: Vec::new(), used: filled.used, border: end },
            _ => {
                let ids = filled.pieces.into_iter().rev().flatten().collect();
                End { ids, used: filled.used, border: filled.last.start }
            }
        })
    }

    /// The stretches of `region` that say most beside what stands before and behind it.
    fn middle(&self, text: &str, region: Range<usize>, mut room: Room) -> Result<Vec<u32>, ModelError> {
        if room.tokens < LEAST {
            return Ok(Vec::new());
        }
        let mut chosen: Vec<(usize, Vec<u32>)> = Vec::new();
        let mut stretches = Stretches::new(&self.inner, text, region);
        for _ in 0..TRIES {
            let Some(words) = stretches.take_best() else { break };
            let start = words.first().map_or(0, |word| word.start);
            let filled = self.fill(text, words.into_iter(), room)?;
            chosen.push((start, filled.pieces.concat()));
            room = room.less(filled.used);
            if room.tokens < LEAST {
                break;
            }
        }
        chosen.sort_by_key(|(start, _)| *start);
        Ok(chosen.into_iter().flat_map(|(_, ids)| ids).collect())
    }

    /// Tokens of one word after the other while there is room.
    fn fill(
        &self,
        text: &str,
        words: impl Iterator<Item = Range<usize>>,
        room: Room,
    ) -> Result<Filled, ModelError> {
        let used = Room { tokens: 0, bytes: 0 };
        let mut filled = Filled { pieces: Vec::new(), used, last: 0..0, next: None };
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
            filled.pieces.push(ids);
            filled.last = word;
        }
        Ok(filled)
    }
}
