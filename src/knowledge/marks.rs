//! Where the words that a suggestion was found by stand in its passage.

use std::collections::HashSet;
use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;

use super::speech;
use super::suggest::Suggested;

/// A place in a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Highlight {
    /// First character, from 0.
    pub start: usize,
    /// The character after the last.
    pub end: usize,
}

impl Suggested {
    /// The highlights in bytes of `passage`.
    pub fn marks(&self) -> Vec<Range<usize>> {
        let starts: Vec<usize> = self.passage.char_indices().map(|(byte, _)| byte).collect();
        let at = |character: usize| starts.get(character).copied().unwrap_or(self.passage.len());
        self.highlights.iter().map(|highlight| at(highlight.start)..at(highlight.end)).collect()
    }
}

/// The places in `passage`, in order and apart from one another, of every form of the matched terms:
/// `Printers` of the query is found in `printer`, for the index holds them as one. `speech` is the language
/// by whose rules the article was indexed. Empty where the terms stand elsewhere in the article.
pub(super) fn highlights(passage: &str, matched_terms: &[String], speech: &str) -> Vec<Highlight> {
    let terms = matched_terms.iter().flat_map(|term| speech::words(term, speech));
    let stems: HashSet<String> = terms.filter(|word| !word.part).map(|word| word.stem).collect();
    let (mut bytes, mut characters) = (0, 0);
    let mut highlights = Vec::new();
    for word in speech::words(passage, speech) {
        if bytes <= word.span.start && stems.contains(&word.stem) {
            let start = characters + letters(passage, bytes..word.span.start);
            characters = start + letters(passage, word.span.clone());
            bytes = word.span.end;
            highlights.push(Highlight { start, end: characters });
        }
    }
    highlights
}

/// How many characters stand there.
fn letters(text: &str, bytes: Range<usize>) -> usize {
    text.get(bytes).map_or(0, |part| part.chars().count())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::store::Audience;

    fn suggested(passage: &str, terms: &[&str]) -> Suggested {
        let matched_terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
        Suggested {
            id: "kb-1".into(),
            title: String::new(),
            url: None,
            score: 1.0,
            passage: passage.into(),
            heading: String::new(),
            highlights: highlights(passage, &matched_terms, "en"),
            matched_terms,
            found_by: super::super::FoundBy::Words,
            updated_at: None,
            category: None,
            audience: Audience::Agent,
        }
    }

    fn marked(passage: &str, terms: &[&str]) -> Vec<String> {
        let suggested = suggested(passage, terms);
        suggested.marks().into_iter().map(|mark| passage[mark].to_owned()).collect()
    }

    #[test]
    fn any_form_of_a_matched_word_is_marked() {
        assert_eq!(marked("The printer's tray; a PRINTER", &["Printers"]), ["printer's", "PRINTER"]);
    }

    #[test]
    fn highlights_are_counted_in_characters() {
        let suggested = suggested("Für Drücker: der Drucker, drucker", &["Drucker"]);
        let letters: Vec<char> = suggested.passage.chars().collect();
        let words = suggested.highlights.iter().map(|h| letters[h.start..h.end].iter().collect::<String>());
        assert!(words.clone().all(|word| word.eq_ignore_ascii_case("drucker") || word == "Drücker"));
        assert!(words.count() >= 2);
    }

    #[test]
    fn a_code_is_marked_whole_and_its_parts_only_where_they_matched() {
        assert_eq!(marked("ORA-12154, or 12154", &["ora-12154"]), ["ORA-12154"]);
        assert_eq!(marked("ORA-12154 in ORA", &["12154"]), ["12154"]);
    }

    #[test]
    fn nothing_is_marked_without_terms() {
        assert!(marked("The printer", &[]).is_empty());
    }
}
