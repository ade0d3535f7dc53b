//! `deskhand replay`, through the real binary. The small bundle says `Network` (confidence .965), impact medium, urgency
//! high and so P2 (.931) of every ticket, and sets all of them.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use process::{Run, deskhand, ok, write};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Desk {
    dir: TempDir,
    bundle: String,
}

const EXPORT: &str = "\
id,subject,description,created,category,priority,submitted_priority\n\
1,a,No VPN,2026-07-01T08:00:00Z,Network,P2,P4\n\
2,b,No VPN,2026-07-02T08:00:00Z,Network,P1,P1\n\
3,c,No mouse,2026-08-01T08:00:00Z,Hardware,P2,P2\n\
4,d,No lunch,2026-08-02T08:00:00Z,Canteen,P4,\n\
5,e,No label,2026-08-03T08:00:00Z,,,\n\
6,f,Too late,2026-10-01T00:00:00Z,Network,P2,\n";

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        let bundle = dir.path().join("bundle").display().to_string();
        Self { dir, bundle }
    }

    fn replay(&self, text: &str, more: &[&str]) -> Run {
        let file = write(self.dir.path(), "export.csv", text);
        deskhand(&[&["replay", "--input", &file, "--model", &self.bundle], more].concat())
    }

    fn json(&self, more: &[&str]) -> Value {
        let quarter = ["--from", "2026-07-01", "--to", "2026-10-01", "--format", "json"];
        serde_json::from_str(&ok(self.replay(EXPORT, &[&quarter, more].concat()))).unwrap()
    }
}

#[test]
fn the_figures_of_a_small_export_are_those_counted_by_hand() {
    let desk = Desk::new();
    let report = desk.json(&["--seconds-per-label", "60", "--handling-minutes", "2"]);
    assert_eq!(
        (&report["tickets"], &report["left_out"], &report["refused"]),
        (&json!(5), &json!(1), &json!(0))
    );
    let category = &report["tasks"][0];
    assert_eq!(
        (&category["task"], &category["compared"], &category["without_label"]),
        (&json!("category"), &json!(3), &json!(1))
    );
    assert_eq!(category["unknown"], json!([{"label": "Canteen", "tickets": 1}]));
    assert_eq!((&category["auto"]["tickets"], &category["auto"]["right"]["tickets"]), (&json!(5), &json!(3)));
    assert!((category["auto"]["right"]["share"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    // Two right labels of a minute, one wrong of two minutes.
    assert_eq!(category["saved"]["minutes"], json!(0.0));
    assert_eq!(
        (&category["categories"][0]["category"], &category["categories"][0]["wrong"]),
        (&json!("Hardware"), &json!(1))
    );
    let priority = &report["tasks"][1];
    assert_eq!(
        (&priority["task"], &priority["compared"], &priority["auto"]["right"]["share"]),
        (&json!("priority"), &json!(4), &json!(0.5))
    );
    assert_eq!(priority["saved"]["minutes"], json!(-2.0));
    assert_eq!(report["saved"]["minutes"], json!(-2.0));
    assert_eq!((&report["p1"]["tickets"], &report["p1"]["missed"]), (&json!(1), &json!(1)));
    let chosen = &report["mismatches"][0];
    assert_eq!(
        *chosen,
        json!({"task": "priority", "compared": 3, "wrong": 1, "caught": 1, "flagged": 1, "contradicted": 1})
    );
    assert_eq!(report["tasks"][2]["compared"], 0, "nobody settled an impact");
}

#[test]
fn a_threshold_above_every_confidence_sets_nothing() {
    let desk = Desk::new();
    let report = desk.json(&[]);
    let lines = report["tasks"][0]["thresholds"].as_array().unwrap();
    let share = |at: f64| {
        let line = lines.iter().find(|line| (line["threshold"].as_f64().unwrap() - at).abs() < 1e-6).unwrap();
        line["auto"]["share"].as_f64().unwrap()
    };
    assert_eq!((share(0.3), share(0.95), share(0.99)), (1.0, 1.0, 0.0));
}

#[test]
fn nothing_is_written_but_the_report() {
    let desk = Desk::new();
    let data = desk.dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let out = desk.dir.path().join("replay.html").display().to_string();
    let run =
        desk.replay(EXPORT, &["--data", &data.display().to_string(), "--format", "html", "--output", &out]);
    assert_eq!((run.status.code(), run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
    let html = std::fs::read_to_string(&out).unwrap();
    for outside in ["http:", "https:", "<script", "src=", "@import", "url("] {
        assert!(!html.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
    }
    assert!(html.contains("<svg") && html.contains("category = 0.95") && !html.contains("No lunch"));
}

#[test]
fn bad_rows_are_named_and_what_is_unclear_is_refused() {
    let desk = Desk::new();
    let run = desk.replay("id,subject,priority\n1,a,P1\n,b,P1\n", &[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        run.stderr.contains("line 3: the ticket has no id") && run.stdout.contains("1 tickets"),
        "{}",
        run.stderr
    );
    let run = desk.replay("id,subject,priority\n1,a,Sev1\n", &[]);
    assert!(
        run.stderr.contains("--value \"priority:Sev1=LABEL\"") && run.stdout.is_empty(),
        "{}",
        run.stderr
    );
    assert_eq!(desk.replay(EXPORT, &["--from", "2026-10-01", "--to", "2026-07-01"]).status.code(), Some(1));
    assert_eq!(desk.replay(EXPORT, &["--seconds-per-label", "-1"]).status.code(), Some(2));
}
