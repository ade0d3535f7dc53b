//! Which articles share most of their words.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Seen;

/// Up to so many articles every pair is compared; beyond, those that min-hashing brings together.
const ALL_PAIRS: usize = 3_000;
/// Bands of rows of min-hashes. A pair with a share of 0.5 meets in some band with a chance of 98.6 %, one of
/// 0.7 with more than 99.99 %: 1 - (1 - share ^ ROWS) ^ BANDS.
const BANDS: usize = 32;
/// See [`BANDS`].
const ROWS: usize = 3;
/// Articles in one bucket that are compared with one another; more share a boilerplate, not a text.
const MOST_IN_BUCKET: usize = 200;

/// The distinct words of a text, as hashes in order.
pub(super) fn distinct(words: &[String]) -> Box<[u32]> {
    let hash = |word: &String| {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        hasher.finish() as u32
    };
    let mut hashes: Vec<u32> = words.iter().map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}

/// Pairs of places that share at least `least` of their words, with the share, in order.
pub(super) fn overlapping(seen: &[Seen], least: f32) -> Vec<(usize, usize, f32)> {
    let mut found = Vec::new();
    let mut compare = |a: usize, b: usize| {
        let share = share(&seen[a].words, &seen[b].words, least);
        if share >= least {
            found.push((a, b, share));
        }
    };
    if seen.len() <= ALL_PAIRS {
        for a in 0..seen.len() {
            (a + 1..seen.len()).for_each(|b| compare(a, b));
        }
    } else {
        candidates(seen).into_iter().for_each(|(a, b)| compare(a, b));
    }
    found
}

/// Size of what two sorted sets share over what either has; 0 where their sizes alone rule `least` out.
fn share(a: &[u32], b: &[u32], least: f32) -> f32 {
    let (small, large) = (a.len().min(b.len()), a.len().max(b.len()));
    if large == 0 || (small as f32) < least * large as f32 {
        return 0.0;
    }
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        common += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    common as f32 / (a.len() + b.len() - common) as f32
}

/// Pairs that agree in some band of their min-hashes (Broder 1997; Indyk and Motwani 1998).
fn candidates(seen: &[Seen]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for band in 0..BANDS {
        let mut buckets: HashMap<[u32; ROWS], Vec<usize>> = HashMap::new();
        for (place, article) in seen.iter().enumerate() {
            let row = |row: usize| {
                let salt = (band * ROWS + row) as u64 + 1;
                article.words.iter().map(|word| mixed(*word, salt)).min().unwrap_or(0)
            };
            buckets.entry(std::array::from_fn(row)).or_default().push(place);
        }
        for bucket in buckets.into_values() {
            let bucket = &bucket[..bucket.len().min(MOST_IN_BUCKET)];
            for (at, a) in bucket.iter().enumerate() {
                pairs.extend(bucket[at + 1..].iter().map(|b| (*a, *b)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
    }
    pairs
}

/// Another order of the words for each salt (the finaliser of SplitMix64).
fn mixed(word: u32, salt: u64) -> u32 {
    let mut x = u64::from(word).wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as u32
}

#[cfg(test)]
mod tests {
    use super::super::Named;
    use super::*;

    fn seen(text: &str) -> Seen {
        let name = Named { id: String::new(), title: String::new() };
        Seen { name, words: distinct(&text.split(' ').map(str::to_owned).collect::<Vec<_>>()) }
    }

    #[test]
    fn the_share_is_what_both_have_of_what_either_has() {
        let all = [seen("a b c d"), seen("b c d e"), seen("x y"), seen("a b c d e f g h i j")];
        let pairs: Vec<(usize, usize)> = overlapping(&all, 0.5).into_iter().map(|(a, b, _)| (a, b)).collect();
        assert_eq!(pairs, [(0, 1)]);
        assert_eq!(overlapping(&all, 0.0).len(), 6);
    }

    #[test]
    fn min_hashing_brings_those_together_that_share_two_thirds() {
        let text = |of: usize, changed: usize| {
            let word = |n: usize| if n < changed { format!("c{of}x{n}") } else { format!("w{}x{n}", of / 2) };
            seen(&(0..60).map(word).collect::<Vec<_>>().join(" "))
        };
        // Each two share 48 of 72 words.
        let all: Vec<Seen> = (0..400).map(|of| text(of, 12)).collect();
        let found = candidates(&all);
        assert!((0..200).all(|pair| found.contains(&(2 * pair, 2 * pair + 1))));
        assert!(found.len() < 400, "{}", found.len());
    }
}
