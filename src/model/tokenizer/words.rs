//! Where a long text may be cut.

use std::ops::Range;

/// A word of more bytes may be cut.
const LONG: usize = 64;

/// The words in `region` of `text`: what stands between white space, in pieces where it is long.
///
/// A BERT tokenizer makes the same tokens of the words one by one as of the whole region, if that begins
/// and ends between words.
pub(super) fn words(text: &str, region: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = region.start;
    std::iter::from_fn(move || {
        let rest = &text[at..region.end];
        let word = rest.trim_start_matches(is_space);
        if word.is_empty() {
            return None;
        }
        let start = at + rest.len() - word.len();
        at = start + length(word);
        Some(start..at)
    })
}

/// Bytes of the word that `text` begins with.
fn length(text: &str) -> usize {
    let ends = |(at, c): &(usize, char)| is_space(*c) || (*at >= LONG && may_begin(*c));
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
}

/// White space as the tokenizer sees it: other control characters vanish and part nothing.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r') || (!c.is_ascii() && c.is_whitespace() && !c.is_control())
}

/// Whether a tokenizer begins a new word at `c` wherever it stands: ASCII punctuation and CJK ideographs.
/// Not brackets, for special tokens written out in a text (`[SEP]`, `<s>`) are one token each.
fn may_begin(c: char) -> bool {
    match c {
        '[' | ']' | '<' | '>' => false,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => true,
        '\u{20000}'..='\u{2fa1f}' => true,
        _ => c.is_ascii_punctuation(),
    }
}
