//! What the tickets of an incident have in common, in their own words.

use std::collections::{BTreeSet, HashMap};

use super::check::Checker;
use crate::store::{Evidence, StoreError, TicketRecord};
use crate::text::{bare, mail, says_something};

/// Tickets that are read, the first of the evidence.
const READ: usize = 50;
/// Words that are named.
const NAMED: usize = 4;
/// Shortest word, in characters.
const SHORTEST: usize = 3;

impl Checker {
    /// Up to four words that at least half of the tickets of this evidence have, those of most tickets first:
    /// often the product. Empty of a single ticket.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn common_words(&self, evidence: &Evidence) -> Result<Vec<String>, StoreError> {
        let ids: Vec<String> = evidence.ticket_ids.iter().take(READ).cloned().collect();
        Ok(common_words(&self.store().tickets(&ids).await?))
    }
}

fn common_words(tickets: &[TicketRecord]) -> Vec<String> {
    if tickets.len() < 2 {
        return Vec::new();
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for ticket in tickets {
        let body = mail::clean(&ticket.body, ticket.body_format).text;
        let tokens = ticket.subject.split_whitespace().chain(body.split_whitespace());
        let words = tokens.map(|token| token[bare(token, 0..token.len())].to_lowercase());
        let telling = words.filter(|word| {
            word.chars().count() >= SHORTEST && word.contains(char::is_alphabetic) && says_something(word)
        });
        for word in telling.collect::<BTreeSet<_>>() {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut common: Vec<(String, usize)> =
        counts.into_iter().filter(|(_, count)| 2 * count >= tickets.len()).collect();
    common.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    common.into_iter().take(NAMED).map(|(word, _)| word).collect()
}
