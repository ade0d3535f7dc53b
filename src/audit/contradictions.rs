//! Where two articles that nearly say the same differ in what matters.
//!
//! A simple rule, and no understanding: each sentence of the one is compared with the one of the other that
//! shares most of its words. Where nearly all other words are the same, and the numbers are others or only one
//! of them has a negation, that is shown. Two articles on two products differ in such sentences rightly: a
//! person has to judge.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::knowledge::passages;
use crate::store::Article;

/// Share of the words besides numbers and negations that two sentences have in common, of all that either has.
const SAME: f64 = 0.8;
/// Fewest such words.
const FEWEST: usize = 3;
/// Differences that are shown of a pair.
const MOST: usize = 5;
const NEGATIONS: [&str; 14] = [
    "not",
    "no",
    "never",
    "none",
    "cannot",
    "can't",
    "don't",
    "doesn't",
    "won't",
    "isn't",
    "aren't",
    "mustn't",
    "shouldn't",
    "without",
];

/// Two sentences that say the same of other numbers, or the opposite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Contradiction {
    /// In the one.
    pub first: String,
    /// In the other.
    pub second: String,
}

struct Sentence {
    text: String,
    words: BTreeSet<String>,
    numbers: BTreeSet<String>,
    negated: bool,
}

/// The differences, in the order of the first article.
pub(super) fn contradiction(first: &Article, second: &Article) -> Vec<Contradiction> {
    let (ours, theirs) = (sentences(first), sentences(second));
    let mut found = Vec::new();
    for one in &ours {
        let near = theirs.iter().map(|other| (common(&one.words, &other.words), other));
        let Some((share, other)) = near.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        let differs = one.numbers != other.numbers || one.negated != other.negated;
        // The sentence itself may stand there too.
        let said = theirs
            .iter()
            .any(|t| t.words == one.words && t.numbers == one.numbers && t.negated == one.negated);
        if share >= SAME && differs && !said && found.len() < MOST {
            found.push(Contradiction { first: one.text.clone(), second: other.text.clone() });
        }
    }
    found
}

fn sentences(article: &Article) -> Vec<Sentence> {
    let (_, body) = passages::body_text(article);
    let parts = body.split_inclusive(['\n', '!', '?']).flat_map(|line| line.split(". "));
    let sentences = parts.map(|part| sentence(part.trim()));
    sentences.filter(|sentence| sentence.words.len() >= FEWEST).collect()
}

fn sentence(text: &str) -> Sentence {
    let lower = text.to_lowercase().replace('’', "'");
    let tokens = lower.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '.' && c != ',');
    let tokens = tokens.map(|token| token.trim_matches(['\'', '.', ','])).filter(|token| !token.is_empty());
    let (mut words, mut numbers, mut negated) = (BTreeSet::new(), BTreeSet::new(), false);
    for token in tokens {
        if NEGATIONS.contains(&token) {
            negated = !negated;
        } else if token.starts_with(|c: char| c.is_ascii_digit()) {
            numbers.insert(token.to_owned());
        } else {
            words.insert(token.to_owned());
        }
    }
    Sentence { text: text.to_owned(), words, numbers, negated }
}

fn common(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let common = one.intersection(other).count();
    common as f64 / (one.len() + other.len() - common).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(first: &str, second: &str) -> Vec<String> {
        let article = |body: &str| Article { body: body.into(), ..Article::default() };
        let found = contradiction(&article(first), &article(second));
        found.into_iter().map(|c| format!("{} | {}", c.first, c.second)).collect()
    }

    #[test]
    fn another_number_and_a_negation_are_contradictions() {
        let one = "You may send an article back within 14 days of delivery.\n\nKeep the box with the label.";
        let other =
            "You may send an article back within 30 days of delivery.\n\nDo not keep the box with the label.";
        assert_eq!(differences(one, other).len(), 2);
        assert!(differences(one, other)[0].contains("14 days"));
        let never = "Never keep the box with the label.";
        assert_eq!(differences("Keep the box with the label.", never).len(), 1);
    }

    #[test]
    fn the_same_sentences_in_another_order_and_other_sentences_are_none() {
        let one = "Open the tray and take the paper out.\n\nWait for 5 minutes until it cools.";
        let other = "Wait for 5 minutes until it cools.\n\nOpen the tray and take the paper out.\n\nCall us.";
        assert!(differences(one, other).is_empty());
        assert!(
            differences("Press the red button for 3 seconds.", "Order 4 new toners from the shop.")
                .is_empty()
        );
    }
}
