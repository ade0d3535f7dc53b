//! Cutting one section into pieces of the right length.

use super::measure::{chunks, words};
use super::section::{Part, Piece, Section};
use super::sentences::sentences;
use super::{MAX_WORDS, TARGET_WORDS};
use crate::text::BlockKind;

/// Text that stays in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) text: String,
    /// Its length, 1 to [`MAX_WORDS`].
    pub(super) words: usize,
    /// What lies between it and the unit before it.
    pub(super) joint: Joint,
}

/// What lies between two units of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// The end of a block.
    Block,
    /// The end of a list item, with another one behind it; or the line that introduces a list.
    Item,
    /// A line break in a block.
    Line,
    /// The end of a sentence.
    Sentence,
    /// White space amid a sentence that is too long to stay whole.
    Word,
    /// Nothing: one run of characters that is too long to stay whole.
    Letter,
}

impl Joint {
    /// What is written between the two when they stay together.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Block | Self::Item | Self::Line => "\n",
            Self::Sentence | Self::Word => " ",
            Self::Letter => "",
        }
    }

    /// How bad it is to cut here: as bad as missing the target by so many words.
    fn reluctance(self) -> usize {
        match self {
            Self::Block => 0,
            Self::Item => 20,
            Self::Line | Self::Sentence => 40,
            Self::Word => 80,
            Self::Letter => 120,
        }
    }
}

/// Cuts a section into pieces.
pub(super) fn pieces(section: Section) -> Vec<Piece> {
    let Section { path, mut units } = section;
    let mut pieces: Vec<Piece> = Vec::new();
    for begin in beginnings(&units).into_iter().rev() {
        let part = Part::new(path.clone(), &units.split_off(begin));
        pieces.push(Piece::new(part));
    }
    pieces.reverse();
    pieces
}

/// Where the pieces begin that come closest to the target, each cut weighed by how much it tears
/// apart: the least sum of squares, found as the line breaks of a paragraph are (Knuth and Plass,
/// "Breaking Paragraphs into Lines", 1981).
fn beginnings(units: &[Unit]) -> Vec<usize> {
    // For each end: the least cost up to it, and where the last piece then begins.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for end in 1..=units.len() {
        let mut length = 0;
        let mut choice = (usize::MAX, end - 1);
        for begin in (0..end).rev() {
            length += units[begin].words;
            if length > MAX_WORDS && begin + 1 < end {
                break;
            }
            let tear = match begin {
                0 => 0,
                _ => units[begin].joint.reluctance(),
            };
            let cost = best[begin].0 + length.abs_diff(TARGET_WORDS).pow(2) + tear.pow(2);
            if cost <= choice.0 {
                choice = (cost, begin);
            }
        }
        best.push(choice);
    }
    let mut found = Vec::new();
    let mut end = units.len();
    while end > 0 {
        end = best[end].1;
        found.push(end);
    }
    found.reverse();
    found
}

/// The units of a block: list items and code stay whole if they can, other text is taken sentence by
/// sentence. The first unit's joint is [`Joint::Block`].
pub(super) fn units(kind: BlockKind, text: &str) -> Vec<Unit> {
    let whole = matches!(kind, BlockKind::ListItem | BlockKind::Code);
    if whole && words(text) <= MAX_WORDS {
        return unit(text.trim_matches('\n').trim_end(), Joint::Block).into_iter().collect();
    }
    let mut units = Vec::new();
    for line in text.lines() {
        for (at, sentence) in line_parts(kind, line).into_iter().enumerate() {
            let joint = match at {
                _ if units.is_empty() => Joint::Block,
                0 => Joint::Line,
                _ => Joint::Sentence,
            };
            units.extend(sentence_units(sentence, joint));
        }
    }
    units
}

/// The sentences of a line; a line of code is one.
fn line_parts(kind: BlockKind, line: &str) -> Vec<&str> {
    match kind {
        BlockKind::Code => vec![line.trim_end()],
        _ => sentences(line),
    }
}

/// A sentence as one unit, or as several where it is too long.
fn sentence_units(sentence: &str, joint: Joint) -> Vec<Unit> {
    if words(sentence) <= MAX_WORDS {
        return unit(sentence, joint).into_iter().collect();
    }
    let mut end = None;
    let mut units = Vec::new();
    for chunk in chunks(sentence, TARGET_WORDS) {
        let start = chunk.as_ptr() as usize - sentence.as_ptr() as usize;
        let joint = match end {
            None => joint,
            Some(end) if end == start => Joint::Letter,
            Some(_) => Joint::Word,
        };
        end = Some(start + chunk.len());
        units.extend(unit(chunk, joint));
    }
    units
}

fn unit(text: &str, joint: Joint) -> Option<Unit> {
    let words = words(text);
    (words > 0).then(|| Unit { text: text.to_owned(), words, joint })
}
