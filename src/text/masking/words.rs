//! The words of a text as numbers are looked for: runs of letters and digits, and what stands between them.

use std::ops::Range;

/// A run of letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Whether it is made of the digits 0 to 9 alone.
    pub(super) digits: bool,
}

/// All words of a text, in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let digits = text[from..at].bytes().all(|b| b.is_ascii_digit());
                words.push(Word { range: from..at, digits });
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The digits of some neighbouring words, as numbers 0 to 9.
pub(super) fn digits(text: &str, words: &[Word]) -> Vec<u8> {
    let bytes = words.iter().flat_map(|word| text[word.range.clone()].bytes());
    bytes.filter(u8::is_ascii_digit).map(|b| b - b'0').collect()
}

/// From the first word's beginning to the last one's end.
pub(super) fn range(words: &[Word]) -> Range<usize> {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.range.start..last.range.end,
        _ => 0..0,
    }
}

/// How many words from the first on are digits that only `joins` stands between, at most `most`.
pub(super) fn joined(text: &str, words: &[Word], most: usize, joins: impl Fn(&str) -> bool) -> usize {
    let mut count = 0;
    for (number, word) in words.iter().take(most).enumerate() {
        let joined = number == 0 || joins(&text[words[number - 1].range.end..word.range.start]);
        if !word.digits || !joined {
            break;
        }
        count += 1;
    }
    count
}

/// One space, also one that does not break, or one hyphen.
pub(super) fn is_space_or_hyphen(between: &str) -> bool {
    matches!(between, " " | "-" | "\u{a0}" | "\u{202f}" | "\u{2011}")
}

/// Lengths of words, for comparing with the usual groups of digits.
pub(super) fn lengths(words: &[Word]) -> Vec<usize> {
    words.iter().map(|word| word.range.len()).collect()
}

/// The last word before a place on the same line, in small letters, with at most a few signs between; empty
/// where there is none.
pub(super) fn word_before(text: &str, place: usize) -> String {
    let before = text[..place].trim_end_matches([' ', '\u{a0}', ':', '.', '#', '(', '-', '=']);
    let word = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if word.len() > 24 { String::new() } else { word.to_lowercase() }
}

/// Whether the sign before a place belongs to something longer, such as a version, a path or a code.
pub(super) fn goes_on_before(text: &str, place: usize) -> bool {
    let mut before = text[..place].chars().rev();
    match before.next() {
        Some('.' | '-' | '/' | ':' | ',' | '#' | '_' | '\\' | '=' | '$' | '€' | '£') => {
            before.next().is_some_and(|c| c.is_alphanumeric() || c == ']')
                || text[..place].ends_with(['#', '$', '€', '£'])
        }
        _ => false,
    }
}
