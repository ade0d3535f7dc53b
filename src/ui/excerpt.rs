//! The part of a passage that a person should read first.

use std::collections::HashSet;
use std::ops::Range;

/// Longest excerpt in bytes unless a single sentence is longer: some four lines of a page.
const LENGTH: usize = 360;

/// A run of text, marked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) marked: bool,
}

/// The sentences and lines of `text` in a row that have most of its marked words, the first such
/// ones; with dots where something was left out. `marks` are in bytes, in order and apart from one
/// another.
pub(super) fn excerpt(text: &str, marks: &[Range<usize>]) -> Vec<Piece> {
    let shown = densest(text, &sentences(text), marks);
    let mut pieces = cut(text, &shown, marks);
    let plain = |text: &str| Piece { text: text.to_owned(), marked: false };
    if shown.start > 0 {
        pieces.insert(0, plain("… "));
    }
    if !text.get(shown.end..).unwrap_or_default().trim().is_empty() {
        pieces.push(plain(" …"));
    }
    pieces
}

/// Where the sentences and lines of `text` stand; together they are the whole text.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if c == '\n' || (c == ' ' && matches!(before, '.' | '!' | '?')) {
            sentences.push(start..end);
            start = end;
        }
        before = c;
    }
    sentences.push(start..text.len());
    sentences
}

/// The run of sentences, at most [`LENGTH`] bytes long if there is more than one, with most
/// different marked words; white space around it is left out.
fn densest(text: &str, sentences: &[Range<usize>], marks: &[Range<usize>]) -> Range<usize> {
    let mut best = (0, 0..0);
    for (first, sentence) in sentences.iter().enumerate() {
        let rest = sentences.iter().skip(first).map(|sentence| sentence.end);
        let end = rest.take_while(|end| end - sentence.start <= LENGTH).last().unwrap_or(sentence.end);
        let inside = marks.iter().filter(|mark| sentence.start <= mark.start && mark.end <= end);
        let words: HashSet<String> =
            inside.filter_map(|mark| text.get(mark.clone())).map(str::to_lowercase).collect();
        if best.1.is_empty() || words.len() > best.0 {
            best = (words.len(), sentence.start..end);
        }
    }
    let (_, run) = best;
    let found = text.get(run.clone()).unwrap_or_default();
    let start = run.start + (found.len() - found.trim_start().len());
    start..start + found.trim().len()
}

/// The text of `shown`, cut at its marks.
fn cut(text: &str, shown: &Range<usize>, marks: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |range: Range<usize>, marked: bool| {
        if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
            pieces.push(Piece { text: text.to_owned(), marked });
        }
    };
    let mut end = shown.start;
    for mark in marks.iter().filter(|mark| mark.end <= shown.end && text.get((*mark).clone()).is_some()) {
        if mark.start >= end {
            push(end..mark.start, false);
            push(mark.clone(), true);
            end = mark.end;
        }
    }
    push(end..shown.end, false);
    pieces
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str, words: &[&str]) -> String {
        let mut marks: Vec<_> = words
            .iter()
            .flat_map(|word| text.match_indices(word))
            .map(|(at, word)| at..at + word.len())
            .collect();
        marks.sort_by_key(|mark| mark.start);
        let shown = |piece: Piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text };
        excerpt(text, &marks).into_iter().map(shown).collect()
    }

    #[test]
    fn a_short_passage_is_shown_whole_with_its_marks() {
        assert_eq!(marked("Open the VPN. Connect.\n", &["Open", "VPN"]), "[Open] the [VPN]. Connect.");
    }

    #[test]
    fn of_a_long_passage_the_part_with_most_marked_words_is_shown() {
        let filler = "Nothing to see here. ".repeat(20);
        let text = format!("The VPN.\n{filler}\nIn a hotel, open the VPN on its web port. {filler}");
        let shown = marked(&text, &["VPN", "hotel"]);
        assert!(shown.starts_with("… ") && shown.ends_with(" …"), "{shown}");
        assert!(shown.contains("In a [hotel], open the [VPN] on its web port."), "{shown}");
        assert!(shown.len() < LENGTH + 20);
    }

    #[test]
    fn a_long_passage_without_marks_is_shown_from_its_beginning() {
        let text = "One sentence more. ".repeat(40);
        let shown = marked(&text, &[]);
        assert!(shown.starts_with("One sentence") && shown.ends_with("more. …"), "{shown}");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_a_part_of_its_passage(
            text in "([.!? \\n]|\\PC){0,400}",
            marks in prop::collection::vec((0_usize..500, 0_usize..9), 0..5),
        ) {
            let marks: Vec<_> = marks.into_iter().map(|(start, length)| start..start + length).collect();
            let shown: String = excerpt(&text, &marks).into_iter().map(|piece| piece.text).collect();
            let shown = shown.strip_prefix("… ").unwrap_or(&shown);
            prop_assert!(text.contains(shown.strip_suffix(" …").unwrap_or(shown)));
        }
    }
}
