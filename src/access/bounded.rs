//! A map that never grows without bound: what strangers may put something into.

use std::collections::HashMap;
use std::hash::Hash;

/// Most entries: some megabytes.
const MOST: usize = 10_000;

/// Entries by key. Where it is full, those that say nothing any more go first, then any others.
#[derive(Debug)]
pub(super) struct Bounded<K, V>(HashMap<K, V>);

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone, V> Bounded<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// The entry of `key`, or a new one.
    pub(super) fn entry(&mut self, key: K, new: impl FnOnce() -> V, is_spent: impl Fn(&V) -> bool) -> &mut V {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.0.retain(|_, value| !is_spent(value));
            // Half of them, so that the next stranger does not look through all again.
            if self.0.len() > MOST / 2 {
                let mut keep = false;
                self.0.retain(|_, _| {
                    keep = !keep;
                    keep
                });
            }
        }
        self.0.entry(key).or_insert_with(new)
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_make_it_grow_and_the_spent_go_first() {
        let mut map: Bounded<u32, bool> = Bounded::default();
        for key in 0..MOST as u32 {
            map.entry(key, || key % 10 != 0, |spent| *spent);
        }
        map.entry(u32::MAX, || false, |spent| *spent);
        assert!(map.get(&0).is_some() && map.get(&1).is_none() && map.get(&u32::MAX).is_some());
        for key in 0..100_000_u32 {
            map.entry(key, || false, |spent| *spent);
            assert!(map.0.len() <= MOST);
        }
    }
}
