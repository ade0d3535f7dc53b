//! Other names for what a query asks about.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::analysis::{self, Word};

/// Weight of a synonym against the word that was written. Half: a synonym is a weaker sign than the
/// word itself, and two of them should not outdo it. A judgement, not a measurement.
const WEIGHT: f32 = 0.5;

static ENGLISH: LazyLock<Synonyms> =
    LazyLock::new(|| Synonyms::parse(include_str!("../../index/synonyms.en.txt")));

/// Groups of names for the same thing.
#[derive(Debug, Default)]
pub(super) struct Synonyms {
    /// Groups; their members; the stems of each.
    groups: Vec<Vec<Vec<String>>>,
    /// Group and member, by the member's first stem.
    by_first: HashMap<String, Vec<(usize, usize)>>,
}

/// A term that the query did not write but means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Synonym {
    /// The term.
    pub(super) stem: String,
    /// How much it counts, above 0 and below 1.
    pub(super) weight: f32,
}

impl Synonyms {
    /// The groups of `index/synonyms.en.txt`.
    pub(super) fn english() -> &'static Self {
        &ENGLISH
    }

    fn parse(file: &str) -> Self {
        let mut synonyms = Self::default();
        for line in analysis::lines(file) {
            let group: Vec<Vec<String>> = line.split(',').map(stems).collect();
            let number = synonyms.groups.len();
            for (place, member) in group.iter().enumerate() {
                if let Some(first) = member.first() {
                    synonyms.by_first.entry(first.clone()).or_default().push((number, place));
                }
            }
            synonyms.groups.push(group);
        }
        synonyms
    }

    /// The other names of everything in `words` that has some; a name of several words shares its
    /// weight among them.
    pub(super) fn of(&self, words: &[Word]) -> Vec<Synonym> {
        let written: Vec<&str> =
            words.iter().filter(|word| !word.part).map(|word| word.stem.as_str()).collect();
        let mut found = Vec::new();
        for at in 0..written.len() {
            for &(group, place) in self.by_first.get(written[at]).into_iter().flatten() {
                let members = &self.groups[group];
                if !starts_with(&written[at..], &members[place]) {
                    continue;
                }
                for (_, member) in members.iter().enumerate().filter(|(other, _)| *other != place) {
                    let weight = WEIGHT / member.len() as f32;
                    found.extend(member.iter().map(|stem| Synonym { stem: stem.clone(), weight }));
                }
            }
        }
        found
    }
}

/// The stems of a name, without the parts of its codes.
fn stems(name: &str) -> Vec<String> {
    analysis::words(name).into_iter().filter(|word| !word.part).map(|word| word.stem).collect()
}

fn starts_with(written: &[&str], member: &[String]) -> bool {
    written.len() >= member.len() && written.iter().zip(member).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn names(query: &str) -> Vec<(String, f32)> {
        let words = analysis::words(query);
        Synonyms::english().of(&words).into_iter().map(|s| (s.stem, s.weight)).collect()
    }

    #[test]
    fn a_word_brings_its_other_names_at_half_its_weight() {
        let names = names("No WLAN in room 4");
        assert!(names.contains(&("wi-fi".into(), 0.5)), "{names:?}");
        assert!(names.contains(&("wifi".into(), 0.5)), "{names:?}");
        assert!(!names.iter().any(|(stem, _)| stem == "wlan"), "{names:?}");
    }

    #[test]
    fn a_name_of_several_words_counts_only_as_a_whole() {
        assert!(names("remote access from home").contains(&("vpn".into(), 0.5)));
        assert!(names("remote control").is_empty());
        assert!(names("the VPN").contains(&("remot".into(), 0.25)));
    }

    #[test]
    fn no_word_of_a_member_is_a_stop_word() {
        let file = include_str!("../../index/synonyms.en.txt");
        for member in analysis::lines(file).flat_map(|line| line.split(',')) {
            assert_eq!(stems(member).len(), member.split_whitespace().count(), "{member:?}");
        }
    }
}
