//! What an article that answers a group might say: sentences of its tickets and of what solved them, as they
//! were written, with names, addresses and numbers masked. A draft for a person, not an article.

use serde::Serialize;
use utoipa::ToSchema;

use super::GapTicket;
use super::naming::Words;
use crate::text::masking::for_drafts;

/// Lines under each heading.
const MOST_LINES: usize = 4;
/// Longest line, in characters.
const LONGEST: usize = 240;

/// A proposal for an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outline {
    /// Title.
    pub title: String,
    /// What is asked, from subjects.
    pub questions: Vec<String>,
    /// What helped, from resolutions; empty where none is known.
    pub steps: Vec<String>,
}

/// The outline of a group.
pub(super) fn outline(
    typical: &GapTicket,
    members: &[&GapTicket],
    telling: &[String],
    words: &Words,
) -> Outline {
    let title = match masked(&typical.subject, words) {
        subject if subject.trim().is_empty() => telling.join(", "),
        subject => subject,
    };
    let questions = members.iter().map(|ticket| masked(&ticket.subject, words));
    let solutions = members.iter().filter_map(|ticket| ticket.resolution.as_deref());
    let steps = solutions.flat_map(sentences).map(|sentence| masked(sentence, words));
    Outline { questions: distinct(questions.filter(|q| *q != title)), title, steps: distinct(steps) }
}

/// The first lines that are not the same as one before.
fn distinct(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for line in lines.filter(|line| line.split_whitespace().count() > 1) {
        if kept.len() == MOST_LINES {
            break;
        }
        if !kept.iter().any(|other| other.to_lowercase() == line.to_lowercase()) {
            kept.push(line.chars().take(LONGEST).collect());
        }
    }
    kept
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', ';', '\n']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// A line of a ticket as others may read it.
pub(super) fn masked(text: &str, known: &Words) -> String {
    for_drafts(text, |word| known.is_common(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked_among(text: &str, other: &str) -> String {
        let ticket = GapTicket { text: other.to_owned(), ..GapTicket::default() };
        masked(text, &Words::of(&[ticket]))
    }

    #[test]
    fn names_addresses_and_long_numbers_are_masked_and_short_codes_stay() {
        let text = "Claire's token: reset the VPN token of Anna Schmidt (anna@larkfield.example), serial 4711-22, step 3.";
        assert_eq!(masked_among(text, ""), "… token: reset the VPN token of … serial … step 3.");
    }

    #[test]
    fn a_word_that_stands_in_small_letters_elsewhere_is_no_name() {
        let text = "Restarted the router. Then it worked.";
        assert_eq!(masked_among(text, "I restarted it"), text);
        assert_eq!(masked_among(text, ""), "… the router. Then it worked.");
    }
}
