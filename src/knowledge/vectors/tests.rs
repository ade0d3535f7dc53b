#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn set(entries: &[(&str, bool, &[f32])]) -> VectorSet<bool> {
    let set = VectorSet::new(2);
    set.update(entries.iter().map(|&(id, open, rows)| (id.to_string(), Some((open, rows.to_vec())))));
    set
}

/// Ids with cosines in hundredths: what 8 bits keep for sure.
fn hundredths(top: Vec<(&str, f32)>) -> Vec<(&str, i32)> {
    top.into_iter().map(|(id, cosine)| (id, (cosine * 100.0).round() as i32)).collect()
}

#[test]
fn of_several_passages_the_nearest_counts() {
    let set = set(&[("a", true, &[1.0, 0.0, 0.0, 1.0]), ("b", true, &[0.6, 0.8])]);
    let scan = set.scan(&[0.0, 1.0], 1, |_| true);
    assert_eq!(hundredths(scan.top(5)), [("a", 100), ("b", 80)]);
    let near = |id, best: f32, two_best: f32| {
        let found = scan.of(id).unwrap();
        assert!((found.best - best).abs() < 0.005 && (found.two_best - two_best).abs() < 0.005, "{found:?}");
    };
    near("b", 0.8, 0.8);
    near("a", 1.0, 0.5);
}

#[test]
fn what_is_not_admitted_is_nowhere_in_the_result() {
    let set = set(&[("open", true, &[0.6, 0.8]), ("closed", false, &[0.0, 1.0])]);
    let scan = set.scan(&[0.0, 1.0], 1, |&open| open);
    assert_eq!(hundredths(scan.top(5)), [("open", 80)]);
    assert_eq!(scan.of("closed"), None);
}

#[test]
fn a_vector_of_another_encoder_counts_as_none() {
    let set = set(&[("a", true, &[0.0, 1.0])]);
    set.update([("a".to_string(), Some((true, vec![0.0, 1.0, 0.0])))]);
    assert!(set.scan(&[0.0, 1.0], 1, |_| true).top(5).is_empty());
}

#[test]
fn a_scan_keeps_what_it_found_while_the_set_changes() {
    let set = set(&[("a", true, &[0.0, 1.0, 1.0, 0.0])]);
    let scan = set.scan(&[0.0, 1.0], 1, |_| true);
    set.update([("a".to_string(), None)]);
    assert_eq!(hundredths(scan.top(5)), [("a", 100)]);
    assert_eq!(scan.each("a").len(), 2);
    assert!(set.scan(&[0.0, 1.0], 1, |_| true).top(5).is_empty());
}

#[test]
fn a_set_that_is_shared_between_threads_gives_the_same_as_on_one() {
    let set = VectorSet::new(3);
    // Some with two vectors, and some out of the way in between.
    set.update((0..SHARED_FROM * BLOCK + 7).map(|i| {
        let row = |x: usize| [(x % 97) as f32, (x % 89) as f32, (x % 83) as f32].map(|x| x / 200.0);
        let rows = if i % 3 == 0 { [row(i), row(i + 50)].concat() } else { row(i).to_vec() };
        (format!("{i:05}"), Some((i, rows)))
    }));
    let admits = |i: &usize| !(i.is_multiple_of(5) || (1_000..1_100).contains(i));
    let scan = |threads| set.scan(&[0.6, 0.0, 0.8], threads, admits);
    let (one, four) = (scan(1), scan(4));
    assert_eq!(one.cosines, four.cosines);
    let mut expected: Vec<(&str, f32)> = (0..one.entries.blocks.len())
        .flat_map(|number| &one.entries.blocks[number].entries)
        .filter_map(|entry| Some((&*entry.id, one.of(&entry.id)?.best)))
        .collect();
    best_first(&mut expected, 150);
    assert_eq!(four.top(150), expected);
    assert_eq!(four.top(1), expected[..1]);
    assert!(four.top(0).is_empty());
}

proptest! {
    #[test]
    fn after_any_changes_the_set_holds_what_was_last_put(
        changes in prop::collection::vec((0usize..3 * BLOCK, prop::option::of((1usize..4, -1f32..1.0))), 0..900),
        read: bool,
    ) {
        let set = VectorSet::new(1);
        let mut expected = BTreeMap::new();
        for (id, value) in changes {
            let id = id.to_string();
            // Held while the set changes, a snapshot makes it copy.
            let snapshot = read.then(|| set.scan(&[1.0], 1, |()| true));
            let before = snapshot.as_ref().map(|scan| scan.each(&id));
            set.update([(id.clone(), value.map(|(count, x)| ((), vec![x; count])))]);
            prop_assert_eq!(snapshot.map(|scan| scan.each(&id)), before);
            match value {
                Some(value) => expected.insert(id, value),
                None => expected.remove(&id),
            };
        }
        let scan = set.scan(&[1.0], 1, |()| true);
        let mut found: Vec<_> = scan.top(3 * BLOCK).into_iter().map(|(id, _)| id.to_string()).collect();
        found.sort();
        prop_assert_eq!(found, expected.keys().cloned().collect::<Vec<_>>());
        for (id, (count, x)) in expected {
            let each = scan.each(&id);
            prop_assert_eq!(each.len(), count);
            prop_assert!(each.iter().all(|cosine| (cosine - x).abs() < 0.001), "{:?} {}", each, x);
        }
        prop_assert!(scan.entries.blocks.iter().rev().skip(1).all(|block| block.entries.len() == BLOCK));
    }
}
