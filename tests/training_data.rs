//! Bad data and a full disk while training: each ends well or with a clear message, and what stood there
//! before is whole. Through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::{Path, PathBuf};

use process::{Run, deskhand, deskhand_within, lines, ok, write};
use serde_json::{Value, json};

/// A folder with a small bundle to start from.
struct House {
    dir: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_bundle::write(&dir.path().join("base"));
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Trains categories from rows of body and label into the folder `out`.
    fn train<'a>(&self, rows: impl IntoIterator<Item = (String, &'a str)>) -> Run {
        let row = |(body, label): (String, &str)| format!("{}\n", json!({"body": body, "category": label}));
        let rows: String = rows.into_iter().map(row).collect();
        let train = write(self.dir.path(), "train.jsonl", &rows);
        deskhand(&self.training(&train).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn training(&self, train: &str) -> Vec<String> {
        let (base, out) = (self.shown("base"), self.shown("out"));
        ["train", "--train", train, "--model", &base, "--out", &out].map(str::to_owned).to_vec()
    }

    /// Labels of the bundle in `out`.
    fn labels(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("out/bundle.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let heads = manifest["heads"].as_array().unwrap();
        let category = heads.iter().find(|head| head["task"].as_str() == Some("category")).unwrap();
        category["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect()
    }

    /// What the bundle in `out` says of a ticket.
    fn answer(&self) -> Value {
        let ticket = write(self.dir.path(), "t.jsonl", "{\"id\":\"1\",\"body\":\"aaaa\"}\n");
        let told = ok(deskhand(&["triage", "--input", &ticket, "--model", &self.shown("out")]));
        lines(&told).remove(0)
    }

    /// Whatever stands in the folder beside what is meant to.
    fn leftovers(&self) -> Vec<String> {
        let known = ["base", "out", "train.jsonl", "t.jsonl", "rows.jsonl", "data"];
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !known.contains(&name.as_str())).collect()
    }
}

/// `count` rows of each of two labels.
fn two_classes(count: usize) -> impl Iterator<Item = (String, &'static str)> {
    (0..count).flat_map(|n| [(format!("aaaa {n}"), "a"), (format!("zzzz {n}"), "z")])
}

#[test]
fn a_trailing_space_makes_no_class_and_is_told() {
    let house = House::new();
    let rows = two_classes(10).enumerate();
    let run = house.train(rows.map(|(n, (body, label))| (body, if n % 7 == 0 { "a " } else { label })));
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(house.labels(), ["a", "z"]);
    assert!(run.stderr.contains("stray white space, which was removed: 3"), "{}", run.stderr);
}

#[test]
fn a_class_with_two_examples_is_learnt_and_named() {
    let house = House::new();
    let run = house.train(two_classes(10).chain([("mmmm 1".into(), "rare"), ("mmmm 2".into(), "rare")]));
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(house.labels(), ["a", "rare", "z"]);
    assert!(run.stderr.contains("\"rare\" 2"), "{}", run.stderr);
    let ranking = &house.answer()["predictions"]["category"]["ranking"];
    assert_eq!(ranking.as_array().unwrap().len(), 3);
}

#[test]
fn a_file_with_one_class_is_refused_and_what_stood_there_stays() {
    let house = House::new();
    ok(house.train(two_classes(5)));
    let run = house.train((0..5).map(|n| (format!("aaaa {n}"), "a")));
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("every row has the label \"a\""), "{}", run.stderr);
    assert_eq!(house.labels(), ["a", "z"]);
    assert!(house.leftovers().is_empty(), "{:?}", house.leftovers());
}

#[test]
fn contradictory_duplicates_are_named_by_line_and_cost_confidence_not_the_training() {
    let house = House::new();
    let rows = [("aaaa".to_owned(), "a"), ("AAAA ".to_owned(), "z")].into_iter().cycle().take(40);
    let run = house.train(rows.chain(two_classes(3)));
    assert!(run.status.success(), "{}", run.stderr);
    assert!(run.stderr.contains("(lines 1 and 2, 1 and 4"), "{}", run.stderr);
    let category = &house.answer()["predictions"]["category"];
    let confidence = category["confidence"].as_f64().unwrap();
    assert!(confidence < 0.9, "nobody can know: {category}");
    assert_ne!(category["decision"], "auto");
}

#[test]
fn a_row_of_a_megabyte_is_read_and_a_longer_one_than_four_is_skipped_by_line() {
    let house = House::new();
    let long = |bytes: usize| "aaaa bbbb. ".repeat(bytes / 11);
    let rows = two_classes(5).chain([(long(1 << 20), "a"), (long(5 << 20), "z"), ("x".repeat(1 << 20), "z")]);
    let run = house.train(rows);
    assert!(run.status.success(), "{}", run.stderr);
    assert!(run.stderr.contains("line 12: the row is longer than 4 MiB"), "{}", run.stderr);
    let told =
        ok(deskhand(&["evaluate", "--input", &house.shown("train.jsonl"), "--model", &house.shown("out")]));
    assert!(told.contains("12 rows, 1 skipped"), "{told}");
}

#[test]
fn many_rows_are_learnt() {
    let house = House::new();
    ok(house.train(two_classes(5_000)));
    assert_eq!(house.labels(), ["a", "z"]);
    assert_eq!(house.answer()["predictions"]["category"]["label"], "a");
}

/// Lets files grow to this many KiB only, as a disk that is nearly full does, and runs a command.
fn on_a_full_disk(args: &[String], kib: usize) -> Run {
    deskhand_within(&format!("trap '' XFSZ; ulimit -f {kib}"), args)
}

/// Sizes of files at which another step of writing a bundle fails.
fn limits(bundle: &Path) -> Vec<usize> {
    let sizes = std::fs::read_dir(bundle).unwrap();
    let mut sizes: Vec<usize> =
        sizes.map(|entry| entry.unwrap().metadata().unwrap().len() as usize / 1_024).collect();
    sizes.sort_unstable();
    // Blocks of `ulimit -f` are of 512 or 1,024 bytes, as the shell has it.
    sizes.into_iter().flat_map(|kib| [kib / 2, kib]).filter(|kib| *kib > 0).collect()
}

#[test]
#[cfg(unix)]
fn a_full_disk_in_the_middle_of_a_training_leaves_the_old_bundle_whole() {
    let house = House::new();
    ok(house.train(two_classes(5)));
    let before = std::fs::read(house.path("out/bundle.toml")).unwrap();
    let args = house.training(&house.shown("train.jsonl"));
    let mut refused = 0;
    for kib in limits(&house.path("out")) {
        let run = on_a_full_disk(&args, kib);
        assert!(run.status.code().is_some(), "it ends by itself: {}", run.status);
        if !run.status.success() {
            refused += 1;
            assert!(run.stderr.contains("too large") || run.stderr.contains("space"), "{}", run.stderr);
            assert!(
                run.stderr.contains("out") || run.stderr.contains("tensors"),
                "it names the file: {}",
                run.stderr
            );
            assert_eq!(std::fs::read(house.path("out/bundle.toml")).unwrap(), before, "at {kib} KiB");
        }
        house.answer();
        assert!(house.leftovers().is_empty(), "{:?}", house.leftovers());
    }
    assert!(refused > 2, "the disk was full at several steps");
}

#[test]
#[cfg(unix)]
fn a_full_disk_in_the_middle_of_a_promotion_changes_nothing() {
    let house = House::new();
    let rows = write(house.dir.path(), "rows.jsonl", "{\"body\":\"a\",\"category\":\"Network\"}\n");
    let promote = |bundle: &str| {
        ["promote", bundle, "--data", &house.shown("data"), "--input", &rows, "--force"]
            .map(str::to_owned)
            .to_vec()
    };
    let first = promote(&house.shown("base"));
    ok(deskhand(&first.iter().map(String::as_str).collect::<Vec<_>>()));
    let pointer = || std::fs::read_to_string(house.path("data/bundles/current")).unwrap();
    let before = pointer();
    ok(house.train(two_classes(5)));
    for kib in limits(&house.path("out")) {
        let run = on_a_full_disk(&promote(&house.shown("out")), kib);
        if run.status.success() {
            continue;
        }
        assert!(run.stderr.contains("too large") || run.stderr.contains("space"), "{}", run.stderr);
        assert_eq!(pointer(), before, "at {kib} KiB");
        let names = std::fs::read_dir(house.path("data/bundles")).unwrap().count();
        assert_eq!(names, 3, "the bundle, the pointer and the lock; nothing half-made");
    }
    let ticket = write(house.dir.path(), "t.jsonl", "{\"body\":\"a\"}\n");
    ok(deskhand(&["triage", "--input", &ticket, "--data", &house.shown("data")]));
}
