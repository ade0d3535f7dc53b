//! Finds names and asset tags in a text, in time that grows with the text and not with the list.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::ConfigurationItem;

/// Most memory of one compiled pattern, in bytes.
const PATTERN_BYTES: usize = 256 << 10;
/// Most memory of all patterns together, in bytes.
const PATTERNS_BYTES: usize = 64 << 20;

/// An item that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The item's id.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: Option<Arc<str>>,
    /// Who looks after it.
    pub agent_group: Option<Arc<str>>,
    /// How it was named.
    pub by: MatchedBy,
    /// Where first, in bytes of the text.
    pub place: Range<usize>,
}

/// How a text names an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// By its name.
    Name,
    /// By what people call it besides.
    Alias,
    /// By something that looks like its asset tag.
    AssetTag,
}

/// The items together take more memory than they may.
#[derive(Debug, thiserror::Error)]
pub enum TooMany {
    /// Names and aliases.
    #[error("the names and aliases of all items together are too many to be looked for; leave some out")]
    Names,
    /// Patterns.
    #[error(
        "the tag patterns of all items together take more than {} MiB; join those of a kind, or make them plainer",
        PATTERNS_BYTES >> 20
    )]
    Patterns,
}

/// Knows all items by their names and tags.
#[derive(Debug)]
pub(super) struct Matcher {
    items: Vec<Known>,
    /// All names and aliases in small letters.
    phrases: AhoCorasick,
    /// For each phrase who is called so.
    called: Vec<Vec<Called>>,
    /// Which patterns occur at all, before any is asked where.
    any: RegexSet,
    patterns: Vec<(Regex, usize)>,
}

#[derive(Debug)]
struct Known {
    id: Arc<str>,
    name: Arc<str>,
    kind: Option<Arc<str>>,
    agent_group: Option<Arc<str>>,
}

/// An item by one of its words.
#[derive(Debug)]
struct Called {
    item: usize,
    by: MatchedBy,
    /// The words as they are written, where only that counts.
    exactly: Option<Box<str>>,
}

/// A pattern for asset tags: linear in the text, whatever it is.
pub(super) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_BYTES).build()
}

impl Matcher {
    pub(super) fn new(items: &[ConfigurationItem]) -> Result<Self, TooMany> {
        let mut phrases: BTreeMap<String, Vec<Called>> = BTreeMap::new();
        let mut patterns = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let names = std::iter::once((&item.name, MatchedBy::Name))
                .chain(item.aliases.iter().map(|alias| (alias, MatchedBy::Alias)));
            for (name, by) in names {
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                // Two letters stand in many words' places: IT and it, HR and hr.
                let exactly = item.match_case || name.chars().count() <= 2;
                let called = Called { item: number, by, exactly: exactly.then(|| name.as_str().into()) };
                phrases.entry(small(&name)).or_default().push(called);
            }
            // What cannot be compiled was refused when it was put.
            let compiled = item.tag_patterns.iter().filter_map(|pattern| compile(pattern).ok());
            patterns.extend(compiled.map(|pattern| (pattern, number)));
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(phrases.keys())
            .map_err(|_| TooMany::Names)?;
        let any = RegexSetBuilder::new(patterns.iter().map(|(pattern, _)| pattern.as_str()))
            .case_insensitive(true)
            .size_limit(PATTERNS_BYTES)
            .build()
            .map_err(|_| TooMany::Patterns)?;
        let shared = |text: &Option<String>| text.as_deref().map(Arc::from);
        let known = items.iter().map(|item| Known {
            id: item.id.as_str().into(),
            name: item.name.as_str().into(),
            kind: shared(&item.kind),
            agent_group: shared(&item.agent_group),
        });
        let items = known.collect();
        Ok(Self { items, phrases: automaton, called: phrases.into_values().collect(), any, patterns })
    }

    /// The items that `text` names, in the order of their first mention, at most `most`. A name that is part of a
    /// longer one at the same place does not count there; who is named several times is given once.
    pub(super) fn find(&self, text: &str, most: usize) -> Vec<Mention> {
        let mut found = self.phrases_in(text);
        found.extend(self.tags_in(text));
        // The longer of two that begin together comes first, and a name before an alias.
        found.sort_by_key(|(place, item, by)| (place.start, std::cmp::Reverse(place.end), *by as u8, *item));
        let mut mentions: Vec<Mention> = Vec::new();
        let mut seen = vec![false; self.items.len()];
        let mut longest: Range<usize> = 0..0;
        for (place, item, by) in found {
            if place.end <= longest.end && place != longest {
                continue;
            }
            longest = place.clone();
            if std::mem::replace(&mut seen[item], true) {
                continue;
            }
            let Known { id, name, kind, agent_group } = &self.items[item];
            let (id, name) = (Arc::clone(id), Arc::clone(name));
            mentions.push(Mention {
                id,
                name,
                kind: kind.clone(),
                agent_group: agent_group.clone(),
                by,
                place,
            });
            if mentions.len() == most {
                break;
            }
        }
        mentions
    }

    fn phrases_in(&self, text: &str) -> Vec<(Range<usize>, usize, MatchedBy)> {
        let folded = small(text);
        let mut found = Vec::new();
        for hit in self.phrases.find_overlapping_iter(&folded) {
            let place = hit.span().range();
            if !whole_words(text, &place) {
                continue;
            }
            let called = self.called.get(hit.pattern().as_usize()).into_iter().flatten();
            for Called { item, by, exactly } in called {
                let written = || text[place.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
                if exactly.as_ref().is_none_or(|exactly| **exactly == *written()) {
                    found.push((place.clone(), *item, *by));
                }
            }
        }
        found
    }

    fn tags_in(&self, text: &str) -> Vec<(Range<usize>, usize, MatchedBy)> {
        let mut found = Vec::new();
        for number in self.any.matches(text) {
            let Some((pattern, item)) = self.patterns.get(number) else { continue };
            let whole = pattern.find_iter(text).map(|hit| hit.range()).find(|place| whole_words(text, place));
            found.extend(whole.map(|place| (place, *item, MatchedBy::AssetTag)));
        }
        found
    }
}

/// Small letters and plain spaces, each in the place of its original, so that offsets stay as they are.
fn small(text: &str) -> String {
    let one = |letter: char| {
        let space = letter.is_ascii_whitespace();
        let mut lower = letter.to_lowercase();
        match (lower.next(), lower.next()) {
            _ if space => ' ',
            (Some(small), None) if small.len_utf8() == letter.len_utf8() => small,
            _ => letter,
        }
    };
    text.chars().map(one).collect()
}

/// Whether neither end of the place stands amid a word.
fn whole_words(text: &str, place: &Range<usize>) -> bool {
    let of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (Some(before), Some(inside), Some(after)) =
        (text.get(..place.start), text.get(place.clone()), text.get(place.end..))
    else {
        return false;
    };
    let open = |outer: Option<char>, inner: Option<char>| {
        !(outer.is_some_and(of_word) && inner.is_some_and(of_word))
    };
    open(before.chars().next_back(), inside.chars().next())
        && open(after.chars().next(), inside.chars().next_back())
}
