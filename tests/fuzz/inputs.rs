//! What a parser is given: noise, good inputs with changes, and the same pieces many times over.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::parsers::Parser;

/// Bytes that are shown as text, and not all of them.
#[derive(Clone)]
pub(crate) struct Input(pub(crate) Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.escape_ascii().to_string().chars().take(4_000).collect();
        write!(f, "{} bytes: {shown}", self.0.len())
    }
}

/// A change of a good input. Places are shares of its length.
#[derive(Debug, Clone)]
enum Change {
    Byte(Index, u8),
    Put(Index, String),
    Cut(Index, Index),
    Repeat(Index, Index, usize),
    End(Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, longest: usize) {
        let at = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
        match self {
            Self::Byte(_, _) if bytes.is_empty() => {}
            Self::Byte(index, byte) => {
                let place = index.index(bytes.len());
                bytes[place] = *byte;
            }
            Self::Put(index, word) => {
                let place = at(index, bytes);
                bytes.splice(place..place, word.bytes());
            }
            Self::Cut(from, to) => {
                let (from, to) = (at(from, bytes), at(to, bytes));
                bytes.drain(from.min(to)..from.max(to));
            }
            Self::Repeat(from, to, times) => {
                let (from, to) = (at(from, bytes), at(to, bytes));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                let times = (*times).min(longest / piece.len().max(1));
                let place = from.max(to);
                bytes.splice(place..place, piece.repeat(times));
            }
            Self::End(index) => bytes.truncate(at(index, bytes)),
        }
    }
}

fn change(words: &'static [&'static str]) -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        4 => (place(), select(words)).prop_map(|(at, word)| Change::Put(at, word.to_owned())),
        1 => (place(), "\\PC{1,6}").prop_map(|(at, word)| Change::Put(at, word)),
        2 => (place(), place()).prop_map(|(from, to)| Change::Cut(from, to)),
        2 => (place(), place(), 1usize..200).prop_map(|(from, to, times)| Change::Repeat(from, to, times)),
        1 => place().prop_map(Change::End),
    ]
}

/// Inputs for a parser, of at most some times `longest` bytes.
pub(crate) fn inputs(parser: &Parser, longest: usize) -> impl Strategy<Value = Input> + use<> {
    let words = parser.words;
    let changed =
        (select((parser.seeds)()), vec(change(words), 0..8)).prop_map(move |(mut bytes, changes)| {
            changes.iter().for_each(|change| change.apply(&mut bytes, longest));
            bytes.truncate(4 * longest);
            bytes
        });
    let pieces = vec(select(words), 1..40).prop_map(|pieces| pieces.concat().into_bytes());
    let noise = vec(any::<u8>(), 0..300);
    prop_oneof![6 => changed, 2 => pieces, 1 => noise, 1 => repeated(words, longest)].prop_map(Input)
}

/// A few pieces, again and again, with something before and behind: deep nesting, and what is read once for each
/// piece that stands before it.
pub(crate) fn repeated(words: &'static [&'static str], longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let few = || vec(select(words), 0..3).prop_map(|pieces| pieces.concat());
    (few(), vec(select(words), 1..4), few(), longest / 8..=longest).prop_map(
        |(before, pieces, behind, length)| {
            let piece = pieces.concat();
            let times = length / piece.len().max(1);
            format!("{before}{}{behind}", piece.repeat(times)).into_bytes()
        },
    )
}
