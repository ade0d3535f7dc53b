//! Folds for cross-validation that stay the same when rows are shuffled, and a fold that is held out of a file.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Assigns each row a fold in `0..folds`, stratified by label.
///
/// `keys` names each row by its id or its text, `labels` gives its class. Within a class the keys
/// are ordered by a hash of key and seed (SHA-256, so the same on every machine and in every
/// version) and dealt out in turn; therefore a row's fold does not depend on the order of the rows,
/// though rows that are added may move others.
/// Rows with the same key always share a fold, so that a text can not stand on both sides, and
/// count as one row of the alphabetically first of their labels. The number of keys per fold
/// differs by at most one, in all as within each class. `folds` below 1 counts as 1; surplus
/// entries of the longer list are left out.
#[must_use]
pub fn stratified_folds<K: AsRef<str>, L: AsRef<str>>(
    keys: &[K],
    labels: &[L],
    folds: usize,
    seed: u64,
) -> Vec<usize> {
    let folds = folds.max(1);
    let rows = || keys.iter().map(K::as_ref).zip(labels.iter().map(L::as_ref));
    let mut label_of: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, label) in rows() {
        let first = label_of.entry(key).or_insert(label);
        *first = label.min(first);
    }
    let mut deck: Vec<(&str, [u8; 32], &str)> =
        label_of.into_iter().map(|(key, label)| (label, seeded_hash(key, seed), key)).collect();
    deck.sort_unstable();
    // One deck for all classes, each beginning where the one before ended, keeps the folds even.
    let fold_of: BTreeMap<&str, usize> =
        deck.into_iter().enumerate().map(|(place, (_, _, key))| (key, place % folds)).collect();
    rows().map(|(key, _)| fold_of.get(key).copied().unwrap_or(0)).collect()
}

/// About one row in so many, chosen by the row's id alone (SHA-256): rows that are added move no other in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// From 1 to `of`.
    number: u64,
    of: u64,
}

impl Fold {
    /// Whether the row of this id is in it.
    #[must_use]
    pub fn has(self, id: &str) -> bool {
        let first = Sha256::digest(id.as_bytes()).into_iter().take(8);
        first.fold(0_u64, |number, byte| number << 8 | u64::from(byte)) % self.of == self.number - 1
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Fold {
    type Err = String;

    /// Reads `1/5`, the first of five.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if of >= 2 && (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("it is not of the form 1/5, the first of five parts".into()),
        }
    }
}

fn seeded_hash(key: &str, seed: u64) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    hasher.update(key.as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Fold, stratified_folds};

    #[test]
    fn each_row_is_in_one_fold_whatever_else_is_in_the_file() {
        // Worked out with Python's hashlib: the first eight bytes as a big-endian number, modulo 5.
        let folds = |id: &str| -> Vec<u64> {
            (1..=5).filter(|number| Fold { number: *number, of: 5 }.has(id)).collect()
        };
        assert_eq!(["a-001", "b-002", "n-917"].map(folds), [vec![4], vec![1], vec![1]]);
    }

    #[test]
    fn a_fold_is_written_as_a_part_of_all() {
        assert_eq!("2/5".parse::<Fold>().map(|fold| fold.to_string()), Ok("2/5".into()));
        for wrong in ["0/5", "6/5", "1/1", "1", "1/0", "-1/5", "a/b", ""] {
            assert!(wrong.parse::<Fold>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_fold_of_a_key_is_the_same_on_every_machine_and_in_every_version() {
        let keys = ["a", "b", "c", "d", "e", "f"];
        let labels = ["x", "x", "x", "y", "y", "y"];
        // Worked out with Python's hashlib.
        assert_eq!(stratified_folds(&keys, &labels, 3, 7), [2, 1, 0, 2, 0, 1]);
    }

    #[test]
    fn another_seed_gives_other_folds() {
        let keys: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        let labels = vec!["x"; 50];
        assert_ne!(stratified_folds(&keys, &labels, 5, 1), stratified_folds(&keys, &labels, 5, 2));
    }

    #[test]
    fn the_same_text_never_stands_in_two_folds_even_with_two_labels() {
        let folds = stratified_folds(&["t", "u", "t", "v"], &["x", "x", "y", "y"], 2, 0);
        assert_eq!(folds[0], folds[2]);
    }

    proptest! {
        #[test]
        fn folds_are_even_within_each_class_and_blind_to_the_order(
            rows in proptest::collection::btree_map("[a-z0-9]{1,6}", 0_u8..4, 1..60),
            folds in 1_usize..7,
            seed: u64,
        ) {
            let (keys, labels): (Vec<String>, Vec<String>) =
                rows.iter().map(|(key, label)| (key.clone(), label.to_string())).unzip();
            let assigned = stratified_folds(&keys, &labels, folds, seed);
            let mut by_class: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
            for (label, &fold) in labels.iter().zip(&assigned) {
                prop_assert!(fold < folds);
                by_class.entry(label).or_insert_with(|| vec![0; folds])[fold] += 1;
            }
            for sizes in by_class.values() {
                let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
                prop_assert!(most - least <= 1);
            }
            let back: Vec<String> = keys.iter().rev().cloned().collect();
            let back_labels: Vec<String> = labels.iter().rev().cloned().collect();
            let mut again = stratified_folds(&back, &back_labels, folds, seed);
            again.reverse();
            prop_assert_eq!(again, assigned);
        }
    }
}
