//! Embeddings in memory, compared one by one.
//!
//! A scan is exact and reads every vector once: 16,000 passages of 384 numbers are 25 MB, a few
//! milliseconds. A reader works on a snapshot, so that it neither blocks a writer nor waits for one
//! longer than it takes to swap some pointers.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The vectors of one thing: of an article one for each passage, of a ticket one.
#[derive(Debug)]
pub(super) struct Entry<M> {
    id: Arc<str>,
    /// What filters look at.
    meta: M,
    /// Unit vectors, one after another.
    rows: Box<[f32]>,
}

/// How near an entry is to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cosines {
    /// The highest cosine of its vectors.
    pub(super) best: f32,
    /// The mean of the two highest, of one vector its own.
    pub(super) two_best: f32,
}

/// A set of entries by id.
#[derive(Debug)]
pub(super) struct VectorSet<M> {
    dimension: usize,
    current: RwLock<Arc<Entries<M>>>,
}

/// The entries at one moment.
#[derive(Debug)]
struct Entries<M> {
    list: Vec<Arc<Entry<M>>>,
    places: HashMap<Arc<str>, usize>,
}

impl<M> Clone for Entries<M> {
    fn clone(&self) -> Self {
        Self { list: self.list.clone(), places: self.places.clone() }
    }
}

impl<M> Default for Entries<M> {
    fn default() -> Self {
        Self { list: Vec::new(), places: HashMap::new() }
    }
}

impl<M> Entries<M> {
    fn put(&mut self, entry: Entry<M>) {
        let entry = Arc::new(entry);
        match self.places.get(&entry.id) {
            Some(&place) => self.list[place] = entry,
            None => {
                self.places.insert(Arc::clone(&entry.id), self.list.len());
                self.list.push(entry);
            }
        }
    }

    fn remove(&mut self, id: &str) {
        let Some(place) = self.places.remove(id) else { return };
        self.list.swap_remove(place);
        if let Some(moved) = self.list.get(place) {
            self.places.insert(Arc::clone(&moved.id), place);
        }
    }
}

impl<M> VectorSet<M> {
    /// An empty set of vectors of `dimension` numbers.
    pub(super) fn new(dimension: usize) -> Self {
        Self { dimension: dimension.max(1), current: RwLock::default() }
    }

    /// How many numbers a vector has.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Applies changes in order: an id with its filter fields and its unit vectors, one after
    /// another, in place of what it had; or an id to forget. Vectors of another dimension come from
    /// another encoder: they cannot be compared and count as none.
    pub(super) fn update(&self, changes: impl IntoIterator<Item = (String, Option<(M, Vec<f32>)>)>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Copies the pointers if a reader holds the snapshot, else works in place.
        let entries = Arc::make_mut(&mut current);
        for (id, value) in changes {
            match value {
                Some((meta, rows)) if !rows.is_empty() && rows.len().is_multiple_of(self.dimension) => {
                    entries.put(Entry { id: id.into(), meta, rows: rows.into() });
                }
                _ => entries.remove(&id),
            }
        }
    }

    /// The cosine of `query`, a unit vector of the set's dimension, with every entry that `admits`
    /// lets through.
    pub(super) fn scan(&self, query: &[f32], admits: impl Fn(&M) -> bool) -> Scan<M> {
        let entries = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let cosines = entries
            .list
            .iter()
            .map(|entry| if admits(&entry.meta) { entry.cosines(query) } else { None })
            .collect();
        Scan { entries, cosines, dimension: self.dimension }
    }
}

impl<M> Entry<M> {
    fn cosines(&self, query: &[f32]) -> Option<Cosines> {
        let mut rows = self.rows.chunks_exact(query.len().max(1)).map(|row| dot(row, query).clamp(-1.0, 1.0));
        let first = rows.next()?;
        let (best, second) = rows.fold((first, None), |(best, second), next| {
            let lower = next.min(best);
            (next.max(best), Some(second.map_or(lower, |second: f32| second.max(lower))))
        });
        Some(Cosines { best, two_best: f32::midpoint(best, second.unwrap_or(best)) })
    }
}

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scan<M> {
    entries: Arc<Entries<M>>,
    /// By place; `None` for what was not admitted.
    cosines: Vec<Option<Cosines>>,
    dimension: usize,
}

impl<M> Scan<M> {
    /// The `count` ids of the highest cosines of one vector, highest first, equal ones in order of id.
    pub(super) fn top(&self, count: usize) -> Vec<(&str, f32)> {
        let mut found: Vec<(&str, f32)> = self
            .entries
            .list
            .iter()
            .zip(&self.cosines)
            .filter_map(|(entry, cosines)| cosines.map(|cosines| (&*entry.id, cosines.best)))
            .collect();
        best_first(&mut found, count);
        found
    }

    /// The vectors of one id, in order; none if it is not there.
    pub(super) fn rows(&self, id: &str) -> Vec<&[f32]> {
        let entry = self.entries.places.get(id).and_then(|&place| self.entries.list.get(place));
        entry.map_or_else(Vec::new, |entry| entry.rows.chunks_exact(self.dimension).collect())
    }

    /// How near one id is, if it is there and was admitted.
    pub(super) fn of(&self, id: &str) -> Option<Cosines> {
        self.entries.places.get(id).and_then(|&place| self.cosines.get(place).copied().flatten())
    }
}

/// Keeps the `count` highest scores, highest first, equal ones in order of id.
pub(super) fn best_first<S: Ord>(scored: &mut Vec<(S, f32)>, count: usize) {
    let order = |a: &(S, f32), b: &(S, f32)| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if count < scored.len() {
        scored.select_nth_unstable_by(count, order);
        scored.truncate(count);
    }
    scored.sort_unstable_by(order);
}

/// Numbers that are multiplied side by side. A plain sum of floats has a fixed order, which keeps the
/// compiler from using vector instructions; as many sums as a register is wide do not.
const LANES: usize = 16;

/// The dot product: of unit vectors, their cosine.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn set(entries: &[(&str, bool, &[f32])]) -> VectorSet<bool> {
        let set = VectorSet::new(2);
        set.update(entries.iter().map(|&(id, open, rows)| (id.to_string(), Some((open, rows.to_vec())))));
        set
    }

    #[test]
    fn of_several_passages_the_nearest_counts() {
        let set = set(&[("a", true, &[1.0, 0.0, 0.0, 1.0]), ("b", true, &[0.6, 0.8])]);
        let scan = set.scan(&[0.0, 1.0], |_| true);
        assert_eq!(scan.top(5), [("a", 1.0), ("b", 0.8)]);
        assert_eq!(scan.of("b"), Some(Cosines { best: 0.8, two_best: 0.8 }));
        assert_eq!(scan.of("a"), Some(Cosines { best: 1.0, two_best: 0.5 }));
    }

    #[test]
    fn what_is_not_admitted_is_nowhere_in_the_result() {
        let set = set(&[("open", true, &[0.6, 0.8]), ("closed", false, &[0.0, 1.0])]);
        let scan = set.scan(&[0.0, 1.0], |&open| open);
        assert_eq!(scan.top(5), [("open", 0.8)]);
        assert_eq!(scan.of("closed"), None);
    }

    #[test]
    fn a_vector_of_another_encoder_counts_as_none() {
        let set = set(&[("a", true, &[0.0, 1.0])]);
        set.update([("a".to_string(), Some((true, vec![0.0, 1.0, 0.0])))]);
        assert!(set.scan(&[0.0, 1.0], |_| true).top(5).is_empty());
    }

    #[test]
    fn a_scan_keeps_what_it_found_while_the_set_changes() {
        let set = set(&[("a", true, &[0.0, 1.0])]);
        let scan = set.scan(&[0.0, 1.0], |_| true);
        set.update([("a".to_string(), None)]);
        assert_eq!(scan.top(5), [("a", 1.0)]);
        assert!(set.scan(&[0.0, 1.0], |_| true).top(5).is_empty());
    }

    proptest! {
        #[test]
        fn after_any_changes_the_set_holds_what_was_last_put(
            changes in prop::collection::vec((0u8..8, prop::option::of(-1f32..1.0)), 0..40)
        ) {
            let set = VectorSet::new(1);
            let mut expected = std::collections::BTreeMap::new();
            for (id, value) in changes {
                let id = id.to_string();
                set.update([(id.clone(), value.map(|x| ((), vec![x])))]);
                match value {
                    Some(x) => expected.insert(id, x),
                    None => expected.remove(&id),
                };
            }
            let scan = set.scan(&[1.0], |()| true);
            let mut found: Vec<_> = scan.top(99).into_iter().map(|(id, x)| (id.to_string(), x)).collect();
            found.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn the_dot_product_is_that_of_the_textbook(
            pairs in prop::collection::vec((-1f32..1.0, -1f32..1.0), 0..70)
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
            let plain: f32 = pairs.iter().map(|(a, b)| a * b).sum();
            prop_assert!((dot(&a, &b) - plain).abs() < 1e-4);
        }
    }
}
