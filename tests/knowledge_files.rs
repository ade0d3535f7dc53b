//! Articles from files into files, and what is said twice, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::Path;

use process::{Run, deskhand, ok, write};
use serde_json::Value;
use tempfile::TempDir;

/// A data folder with a bundle beside it.
struct Site {
    dir: TempDir,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("model")).unwrap();
        tiny_bundle::write(&dir.path().join("model"));
        Self { dir }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_string_lossy().into_owned()
    }

    fn import(&self, source: &str, data: &str) -> Run {
        let (model, data) = (self.path("model"), self.path(data));
        deskhand(&["import", "articles", source, "--data", &data, "--model", &model])
    }

    /// Exports to `name`, and gives the file or the folder's path.
    fn export(&self, data: &str, name: &str) -> String {
        let (data, output) = (self.path(data), self.path(name));
        ok(deskhand(&["export", "articles", "--data", &data, "--output", &output]));
        output
    }
}

fn fixture(name: &str) -> String {
    Path::new("tests/fixtures/knowledge").join(name).to_string_lossy().into_owned()
}

#[test]
fn what_is_exported_makes_the_same_base_again_in_every_kind() {
    let site = Site::new();
    for name in ["articles.jsonl", "help-center.json", "zammad.json", "wiki.xml", "confluence", "folder"] {
        let run = site.import(&fixture(name), "first");
        assert!(run.stdout.contains("articles in"), "{name}: {}{}", run.stdout, run.stderr);
    }
    let whole = std::fs::read_to_string(site.export("first", "first.jsonl")).unwrap();
    assert!(whole.lines().count() > 12, "{whole}");
    for kind in ["again.jsonl", "again.csv", "again"] {
        let exported = site.export("first", kind);
        let data = format!("data-of-{kind}");
        let run = site.import(&exported, &data);
        assert_eq!(run.status.code(), Some(0), "{kind}: {}", run.stderr);
        let again = site.export(&data, &format!("out-of-{data}.jsonl"));
        assert_eq!(std::fs::read_to_string(again).unwrap(), whole, "{kind}");
    }
    assert!(std::fs::read_dir(site.path("again")).unwrap().count() > 12);
}

#[test]
fn an_export_refuses_what_it_cannot_do_and_says_why() {
    let site = Site::new();
    let (data, output) = (site.path("none"), site.path("a.jsonl"));
    let run = deskhand(&["export", "articles", "--data", &data, "--output", &output]);
    assert!(run.stderr.contains("there is no knowledge base"), "{}", run.stderr);
    assert!(!Path::new(&data).exists());
    site.import(&fixture("articles.jsonl"), "kb");
    for (name, why) in [("a.xlsx", "none of the kinds"), ("model", "is not empty")] {
        let run = deskhand(&["export", "articles", "--data", &site.path("kb"), "--output", &site.path(name)]);
        assert!(!run.status.success() && run.stderr.contains(why), "{}", run.stderr);
    }
}

#[test]
fn an_import_tells_what_it_passed_over_and_what_is_said_twice() {
    let site = Site::new();
    let run = site.import(&fixture("wiki.xml"), "kb");
    assert!(run.stderr.contains("passed over: 1 × redirect"), "{}", run.stderr);
    let text = "If the tunnel drops every hour, update the client to 5.2, restart the computer and sign in.";
    let row = |id: &str, body: &str| serde_json::json!({"id": id, "title": id, "body": body}).to_string();
    let rows = [
        row("one", text),
        row("two", &text.to_uppercase()),
        row("three", &text.replace("every hour", "each hour")),
    ];
    let articles = write(site.dir.path(), "twice.jsonl", &rows.join("\n"));
    let run = site.import(&articles, "kb");
    assert!(run.stderr.contains("one (one) = two (two)"), "{}", run.stderr);

    let audit = |format: &str| {
        ok(deskhand(&[
            "audit",
            "duplicates",
            "--data",
            &site.path("kb"),
            "--format",
            format,
            "--cosine",
            "0.5",
        ]))
    };
    let found: Value = serde_json::from_str(&audit("json")).unwrap();
    assert_eq!(found["articles"], 4);
    assert_eq!(found["groups"][0][1]["id"], "two");
    assert_eq!(
        (&found["near"][0]["first"]["id"], &found["near"][0]["second"]["id"]),
        (&"one".into(), &"three".into())
    );
    let table = audit("text");
    assert!(
        table.contains("one (one) = two (two)") && table.contains("one (one) ~ three (three)"),
        "{table}"
    );
}
