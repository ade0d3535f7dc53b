//! Where words of the cleaned text stand in the ticket as it was sent.

use std::collections::BTreeMap;
use std::ops::Range;

use super::reasons::Field;
use super::{Ticket, Words};
use crate::text::Places;

/// A word's place in the ticket as it was sent, in Unicode code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) field: Field,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The first place, that can be told, of each thing (by number) that stands at these places of the cleaned
/// text, in bytes. What is nowhere in the ticket as it is read, such as a word with a tag amid it, has none.
pub(super) fn places(
    ticket: &Ticket,
    words: &Words,
    mut occurrences: Vec<(Range<usize>, usize)>,
) -> BTreeMap<usize, Place> {
    occurrences.sort_by_key(|(place, _)| place.start);
    let of_body = occurrences.partition_point(|(place, _)| place.end <= words.body_at);
    let body = occurrences.split_off(of_body);
    let mut places = BTreeMap::new();
    let trimmed = ticket.subject.len() - ticket.subject.trim_start().len();
    for (place, number) in occurrences {
        let found = in_code_points(&ticket.subject, place.start + trimmed..place.end + trimmed);
        places.entry(number).or_insert(Place { field: Field::Subject, start: found.start, end: found.end });
    }
    for (found, number) in in_body(ticket, words, &body) {
        let found = in_code_points(&ticket.body, found);
        places.entry(number).or_insert(Place { field: Field::Body, start: found.start, end: found.end });
    }
    places
}

/// Places in the body, in bytes, of what stands in the body's part of the text, line by line.
fn in_body(
    ticket: &Ticket,
    words: &Words,
    mut wanted: &[(Range<usize>, usize)],
) -> Vec<(Range<usize>, usize)> {
    let mut originals = Places::new(&ticket.body, ticket.body_format);
    let mut found = Vec::new();
    let mut start = words.body_at;
    for (line, source) in words.text[words.body_at..].split('\n').zip(&words.sources) {
        let (here, further) = wanted.split_at(wanted.partition_point(|(w, _)| w.end <= start + line.len()));
        if !here.is_empty() {
            let in_line: Vec<Range<usize>> =
                here.iter().map(|(w, _)| w.start - start..w.end - start).collect();
            let originals = originals.find(line, source, &in_line).into_iter();
            found.extend(originals.zip(here).filter_map(|(place, (_, number))| Some((place?, *number))));
        }
        wanted = further;
        start += line.len() + 1;
    }
    found
}

fn in_code_points(text: &str, bytes: Range<usize>) -> Range<usize> {
    let count = |range: Range<usize>| text.get(range).unwrap_or_default().chars().count();
    let start = count(0..bytes.start);
    start..start + count(bytes)
}
