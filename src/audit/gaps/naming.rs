//! The words that tell a group from the other unanswered tickets.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::GapTicket;
use crate::text::{bare, says_something};

/// Words in a name.
const NAMED: usize = 4;
/// Shortest word, in characters.
const SHORTEST: usize = 3;

/// Which ticket has which words, each once, in lower case.
pub(super) struct Words {
    of: Vec<BTreeSet<String>>,
    /// Tickets that have a word.
    counts: HashMap<String, usize>,
    /// Words that stand somewhere in small letters: no names.
    small: HashSet<String>,
}

impl Words {
    pub(super) fn of(tickets: &[GapTicket]) -> Self {
        let of: Vec<BTreeSet<String>> = tickets.iter().map(|ticket| words(&ticket.text)).collect();
        let mut counts = HashMap::new();
        for word in of.iter().flatten() {
            *counts.entry(word.clone()).or_default() += 1;
        }
        let texts =
            tickets.iter().flat_map(|ticket| [Some(ticket.text.as_str()), ticket.resolution.as_deref()]);
        let tokens = texts.flatten().flat_map(|text| text.split(|c: char| !c.is_alphabetic()));
        let small = tokens.filter(|word| word.starts_with(char::is_lowercase)).map(str::to_owned).collect();
        Self { of, counts, small }
    }

    /// Whether the word, given in small letters, stands so somewhere, as names do not.
    pub(super) fn is_common(&self, word: &str) -> bool {
        self.small.contains(word) || !says_something(word)
    }

    /// The words of these tickets that weigh most: the share of the group's tickets that have it, times the
    /// logarithm of how much rarer it is among all, ln((N + 1) / (n + 1)). A word of one ticket alone names no
    /// group.
    pub(super) fn telling(&self, members: &[usize]) -> Vec<String> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for word in members.iter().flat_map(|place| &self.of[*place]) {
            *counts.entry(word).or_default() += 1;
        }
        let all = self.of.len() as f64 + 1.0;
        let weight = |word: &str, count: usize| {
            let rare = all / (self.counts.get(word).copied().unwrap_or(0) as f64 + 1.0);
            count as f64 / members.len() as f64 * rare.ln()
        };
        let mut weighed: Vec<(f64, &str)> = counts
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(word, n)| (weight(word, *n), *word))
            .collect();
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        weighed.into_iter().take(NAMED).map(|(_, word)| word.to_owned()).collect()
    }
}

/// Words that may name something: neither numbers nor addresses nor what only holds sentences together.
fn words(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in text.split(|c: char| c.is_whitespace() || "/,;:()[]".contains(c)) {
        let word = &token[bare(token, 0..token.len())];
        let is_word = word.chars().count() >= SHORTEST
            && word.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '\'')
            && word.chars().any(char::is_alphabetic);
        if is_word && says_something(word) {
            found.insert(word.to_lowercase());
        }
    }
    found
}
