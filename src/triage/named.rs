//! Configuration items that a ticket names.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;

use super::original::{Place, places};
use super::reasons::Field;
use super::{Ticket, Words};
use crate::inventory::{Inventory, MatchedBy};

/// Most items that an answer names.
const MOST: usize = 20;

/// A configuration item that a ticket names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedItem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, in the site's own word.
    pub kind: Option<String>,
    /// Who looks after it.
    pub agent_group: Option<String>,
    /// How the ticket names it.
    pub matched_by: MatchedBy,
    /// Where, as it was sent; absent where markup stands amid the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<NamedAt>,
}

/// A stretch of a field as it was sent, markup and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedAt {
    /// The field.
    pub field: Field,
    /// Where it begins, in Unicode code points from 0.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// The items that the words of the ticket name, in the order of their first mention.
pub(super) fn items(inventory: &Inventory, ticket: &Ticket, words: &Words) -> Vec<NamedItem> {
    let mentions = inventory.find(&words.text, MOST);
    if mentions.is_empty() {
        return Vec::new();
    }
    // Word by word, because that is how the ticket as it was sent is looked through.
    let ends = mentions.iter().enumerate().flat_map(|(number, mention)| {
        let (first, last) = first_and_last(&words.text, &mention.place);
        [(first, 2 * number), (last, 2 * number + 1)]
    });
    let places = places(ticket, words, ends.collect());
    let named = |(number, mention): (usize, crate::inventory::Mention)| NamedItem {
        id: mention.id.to_string(),
        name: mention.name.to_string(),
        kind: mention.kind.as_deref().map(Into::into),
        agent_group: mention.agent_group.as_deref().map(Into::into),
        matched_by: mention.by,
        place: between(places.get(&(2 * number)), places.get(&(2 * number + 1))),
    };
    mentions.into_iter().enumerate().map(named).collect()
}

/// The places of the first and the last word in a stretch of text; the same for a single word.
fn first_and_last(text: &str, place: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let words = text.get(place.clone()).unwrap_or_default();
    let first = words.find(char::is_whitespace).map_or(place.end, |end| place.start + end);
    let last = words.rfind(char::is_whitespace).map_or(place.start, |at| place.start + at);
    let last = last + text[last..place.end].len() - text[last..place.end].trim_start().len();
    (place.start..first, last..place.end)
}

fn between(first: Option<&Place>, last: Option<&Place>) -> Option<NamedAt> {
    let (first, last) = (first?, last?);
    (first.field == last.field && first.start < last.end).then_some(NamedAt {
        field: first.field,
        start: first.start,
        end: last.end,
    })
}
