//! A better bundle takes the place of the one that answers, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::{Path, PathBuf};

use process::{Run, deskhand, lines, ok, write};
use tiny_bundle::Tiny;

/// A data folder and labelled rows, of which most are of one category.
struct House {
    dir: tempfile::TempDir,
    rows: String,
}

impl House {
    /// `network` rows of Network, `hardware` rows of Hardware.
    fn new(network: usize, hardware: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let row = |label: &str, n: usize| {
            format!("{{\"id\":\"{label}{n}\",\"body\":\"{label} text {n}\",\"category\":\"{label}\"}}\n")
        };
        let rows = (0..network).map(|n| row("Network", n)).chain((0..hardware).map(|n| row("Hardware", n)));
        let rows = write(dir.path(), "rows.jsonl", &rows.collect::<String>());
        Self { dir, rows }
    }

    fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    fn bundle(&self, version: &'static str, category: usize) -> String {
        let place = self.dir.path().join(format!("candidate-{version}"));
        tiny_bundle::write_as(&place, Tiny { version, category, encoder: 0 });
        place.display().to_string()
    }

    fn promote(&self, candidate: &str, more: &[&str]) -> Run {
        let args = ["promote", candidate, "--data", &self.data(), "--input", &self.rows];
        deskhand(&[&args[..], more].concat())
    }

    /// The version of the bundle that answers with this data folder.
    fn version(&self) -> String {
        let ticket = write(self.dir.path(), "t.jsonl", "{\"id\":\"1\",\"body\":\"anything\"}\n");
        let answers = ok(deskhand(&["triage", "--input", &ticket, "--data", &self.data()]));
        lines(&answers)[0]["model"]["version"].as_str().unwrap().to_owned()
    }

    fn pointer(&self) -> PathBuf {
        self.dir.path().join("data/bundles/current")
    }
}

/// A house in which version 1, which says Network, answers.
fn with_version_1(network: usize, hardware: usize) -> House {
    let house = House::new(network, hardware);
    let run = house.promote(&house.bundle("1", 0), &["--force"]);
    assert!(run.status.success(), "{}{}", run.stdout, run.stderr);
    house
}

#[test]
fn a_candidate_that_wins_answers_from_then_on_and_back_goes_back() {
    let house = with_version_1(0, 20);
    assert_eq!(house.version(), "1");
    let told = ok(house.promote(&house.bundle("2", 1), &[]));
    assert!(told.contains("tiny 2 is promoted") && told.contains("Hardware"), "{told}");
    assert_eq!(house.version(), "2");
    std::fs::remove_dir_all(house.dir.path().join("candidate-2")).unwrap();
    assert_eq!(house.version(), "2", "the data folder has a copy of its own");

    let back = ["promote", "--back", "--data", &house.data()];
    assert!(ok(deskhand(&back)).contains("tiny 1 answers again"));
    assert_eq!(house.version(), "1");
    ok(deskhand(&back));
    assert_eq!(house.version(), "2", "back and back again");
    let model = house.bundle("3", 1);
    let answers =
        ok(deskhand(&["triage", "--input", &house.rows, "--data", &house.data(), "--model", &model]));
    assert_eq!(lines(&answers)[0]["model"]["version"], "3", "--model wins");
}

#[test]
fn a_candidate_that_loses_a_class_is_refused_with_the_reasons_and_the_old_one_stays() {
    let house = with_version_1(20, 60);
    let run = house.promote(&house.bundle("2", 2), &[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.contains("Not promoted"), "{}", run.stdout);
    assert!(
        run.stdout.contains("F1 of \"Network\" falls") && run.stdout.contains("20 are lost"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("accuracy falls from 0.250 to 0.000"), "{}", run.stdout);
    assert_eq!(house.version(), "1");
    // It wins far more rows of Hardware than it loses of Network, and is refused all the same.
    let run = house.promote(&house.bundle("3", 1), &[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.contains("+0.500"), "{}", run.stdout);
    assert_eq!(house.version(), "1");
}

#[test]
fn one_ticket_does_not_decide() {
    let house = with_version_1(1, 40);
    ok(house.promote(&house.bundle("2", 1), &[]));
    assert_eq!(house.version(), "2");
}

#[test]
fn force_promotes_what_was_refused_and_keeps_a_note_of_it() {
    let house = with_version_1(20, 0);
    let worse = house.bundle("2", 1);
    assert_eq!(house.promote(&worse, &["--margin", "0.5"]).status.code(), Some(1));
    let told = ok(house.promote(&worse, &["--force"]));
    assert!(told.contains("by force"), "{told}");
    assert_eq!(house.version(), "2");
    let note = std::fs::read_to_string(house.pointer()).unwrap();
    assert!(note.contains("although") && note.contains("accuracy falls"), "{note}");
}

#[test]
fn a_candidate_without_a_head_that_is_in_use_is_refused() {
    let house = House::new(5, 0);
    let run = house.promote(&house.bundle("1", 0), &[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.contains("no head for intensity"), "{}", run.stdout);
    assert!(!house.pointer().exists());
}

#[test]
fn a_damaged_candidate_changes_nothing() {
    let house = with_version_1(5, 0);
    let candidate = house.bundle("2", 0);
    let heads = Path::new(&candidate).join("heads.safetensors");
    let mut bytes = std::fs::read(&heads).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&heads, bytes).unwrap();
    let run = house.promote(&candidate, &["--force"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("SHA-256"), "{}", run.stderr);
    assert_eq!(house.version(), "1");
}

#[test]
fn what_cannot_be_done_is_said() {
    let house = House::new(5, 0);
    let run = deskhand(&["promote", "--back", "--data", &house.data()]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("nothing to go back to"), "{}", run.stderr);

    let house = with_version_1(5, 0);
    let told = ok(house.promote(&house.bundle("1", 0), &[]));
    assert!(told.contains("answers already"), "{told}");
    assert!(ok(deskhand(&["promote", "--back", "--data", &house.data()])).contains("the shipped bundle"));

    std::fs::write(house.pointer(), "bundle = \"../elsewhere\"\n").unwrap();
    let told = house.promote(&house.bundle("2", 0), &["--force"]).stderr;
    assert!(told.contains("not the name of a folder here"), "{told}");
    std::fs::write(house.pointer(), "bundle = \"tiny-9\"\n").unwrap();
    let told = deskhand(&["triage", "--input", &house.rows, "--data", &house.data()]).stderr;
    assert!(told.contains("tiny-9") && told.contains("promote --back"), "{told}");
}

#[test]
fn two_bundles_of_the_same_name_and_version_do_not_overwrite_each_other() {
    let house = with_version_1(0, 20);
    let again = house.dir.path().join("again");
    tiny_bundle::write_as(&again, Tiny { version: "1", category: 1, encoder: 0 });
    ok(house.promote(&again.display().to_string(), &[]));
    let bundles = house.dir.path().join("data/bundles");
    assert!(bundles.join("tiny-1").is_dir() && bundles.join("tiny-1-2").is_dir());
    assert!(std::fs::read_to_string(house.pointer()).unwrap().contains("tiny-1-2"));
}

#[test]
fn bundles_that_nobody_goes_back_to_are_cleared_and_what_is_no_bundle_stays() {
    let house = with_version_1(0, 20);
    let bundles = house.dir.path().join("data/bundles");
    std::fs::create_dir(bundles.join("mine")).unwrap();
    std::fs::create_dir(bundles.join(".new-4711")).unwrap();
    let config = write(house.dir.path(), "deskhand.toml", "[learning]\nkeep_bundles = 1\n");
    for version in ["2", "3", "4"] {
        ok(house.promote(&house.bundle(version, 1), &["--force", "--config", &config]));
        // The time of a file tells which is newer.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let told = ok(house.promote(&house.bundle("5", 1), &["--force", "--config", &config]));
    assert!(told.contains("No longer kept: tiny-2."), "{told}");
    let there = |name: &str| bundles.join(name).is_dir();
    assert!(there("tiny-5") && there("tiny-4"), "the one that answers and the one before");
    assert!(there("tiny-3") && !there("tiny-2") && !there("tiny-1"), "the newest of the others");
    assert!(there("mine") && !there(".new-4711"));
    ok(deskhand(&["promote", "--back", "--data", &house.data()]));
    assert_eq!(house.version(), "4");
}
