//! What a query asks for, as terms.

use std::collections::HashMap;
use std::ops::Range;

use super::analysis;
use super::speech;
use super::synonyms::Synonyms;

/// Most distinct words of a ticket that are looked up in each language, the first ones; a ticket says what it is about
/// long before. It bounds the cost of a pasted log file.
const MAX_WORDS: usize = 400;

/// A term to look for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// How it stands in the index.
    pub(super) stem: String,
    /// How much it counts: 1 for a word that was written, less for a synonym of one.
    pub(super) weight: f32,
    /// Where it was first written, in bytes; `None` for a synonym.
    pub(super) span: Option<Range<usize>>,
    /// Whether it is an exact code.
    pub(super) code: bool,
}

/// The distinct terms of a query in the order in which it has them, in each of `speeches` after the other,
/// then the English synonyms. A word has a term for each stem that it has in some language; since an article
/// is analysed in one, it has hardly ever more than one of them.
pub(super) fn terms(text: &str, speeches: &[&'static str]) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for speech in speeches {
        let before = terms.len();
        for word in speech::words(text, speech) {
            if terms.len() - before == MAX_WORDS {
                break;
            }
            known.entry(word.stem.clone()).or_insert_with(|| {
                let code = word.is_code();
                terms.push(Term { stem: word.stem, weight: 1.0, span: Some(word.span), code });
                terms.len() - 1
            });
        }
    }
    let words = analysis::words(text);
    for synonym in Synonyms::english().of(&words) {
        match known.get(&synonym.stem) {
            // Named twice, it counts by the closer name; a written word stays what it is.
            Some(&place) => terms[place].weight = terms[place].weight.max(synonym.weight),
            None => {
                known.insert(synonym.stem.clone(), terms.len());
                terms.push(Term { stem: synonym.stem, weight: synonym.weight, span: None, code: false });
            }
        }
    }
    terms
}

/// The words of `text` behind those terms that were written, as they were written: a code without
/// its parts, no word twice, at most `count`. `terms` come with the most telling first.
pub(super) fn written<'a>(text: &str, terms: impl Iterator<Item = &'a Term>, count: usize) -> Vec<String> {
    let spans: Vec<&Range<usize>> = terms.filter_map(|term| term.span.as_ref()).collect();
    let inside = |a: &Range<usize>, b: &Range<usize>| a != b && b.start <= a.start && a.end <= b.end;
    let mut found: Vec<String> = Vec::new();
    for span in spans.iter().filter(|span| !spans.iter().any(|other| inside(span, other))) {
        if let Some(word) = text.get((*span).clone())
            && found.len() < count
            && !found.iter().any(|known| known.eq_ignore_ascii_case(word))
        {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn terms(text: &str) -> Vec<Term> {
        super::terms(text, &[speech::ENGLISH])
    }

    #[test]
    fn a_word_counts_once_and_a_synonym_less() {
        let terms = terms("WLAN drops; the WLAN dropped");
        let weights: Vec<_> = terms.iter().map(|t| (t.stem.as_str(), t.weight)).collect();
        assert_eq!(weights, [("wlan", 1.0), ("drop", 1.0), ("wifi", 0.5), ("wi-fi", 0.5), ("wireless", 0.5)]);
    }

    #[test]
    fn a_synonym_that_was_written_too_keeps_its_weight() {
        let terms = terms("wifi or wlan");
        assert!(terms.iter().all(|t| t.weight == 1.0 || t.span.is_none()));
        assert_eq!(terms.iter().filter(|t| t.stem == "wifi").count(), 1);
    }

    #[test]
    fn matched_words_are_given_as_written_and_codes_without_their_parts() {
        let text = "Error CC-1042 on my Printers";
        let terms = terms(text);
        assert_eq!(written(text, terms.iter(), 8), ["Error", "CC-1042", "Printers"]);
        assert_eq!(written(text, terms.iter(), 1), ["Error"]);
        let part = terms.iter().filter(|t| t.stem == "1042");
        assert_eq!(written(text, part, 8), ["1042"]);
    }

    #[test]
    fn a_pasted_log_costs_no_more_than_its_first_words() {
        let log: String = (0..5_000).map(|i| format!("w{i}x ")).collect();
        assert_eq!(terms(&log).len(), MAX_WORDS);
    }
}
