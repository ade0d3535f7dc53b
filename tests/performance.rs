//! How the desk does, through the real router.

#![allow(clippy::unwrap_used)]

mod common;

use common::TestApp;
use deskhand::audit::performance::Measure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// So many minutes ago.
fn ago(minutes: i64) -> String {
    (Timestamp::now() - SignedDuration::from_mins(minutes)).to_string()
}

/// A desk with a ticket that was answered and solved at once, and one that waits.
async fn desk() -> TestApp {
    let app = TestApp::new().await;
    for (id, due) in [("quick", ago(60)), ("waits", ago(30))] {
        let ticket = json!({"id": id, "subject": "Printer", "body": "It is out of toner.", "channel": "email",
            "created_at": ago(120), "sla": {"due_at": due}});
        assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
    }
    let events =
        json!({"events": [{"kind": "agent_reply", "at": ago(110)}, {"kind": "solved", "at": ago(90)}]});
    assert_eq!(app.post("/v1/tickets/quick/events", events).await.status, 200);
    app
}

fn share(value: &Value) -> (f64, u64) {
    (value["share"].as_f64().unwrap(), value["tickets"].as_u64().unwrap())
}

#[tokio::test]
async fn the_figures_follow_from_what_the_site_tells() {
    let app = desk().await;
    let told = app.get("/v1/audit/performance?by=channel").await.json();
    let total = &told["total"];
    assert_eq!((&total["tickets"], &total["open"], &total["waiting"]), (&json!(2), &json!(1), &json!(1)));
    assert!((total["first_reply"]["median"].as_f64().unwrap() - 10.0).abs() < 0.1, "{total}");
    assert!((total["resolution"]["mean"].as_f64().unwrap() - 30.0).abs() < 0.1, "{total}");
    assert_eq!(share(&total["first_contact"]), (1.0, 1));
    assert_eq!(share(&total["solved_in_time"]), (0.5, 2));
    assert_eq!((&told["csat"]["value"], &told["deflection"]), (&Value::Null, &Value::Null));
    assert_eq!(told["groups"][0]["name"], "email");
}

#[tokio::test]
async fn what_is_not_told_is_not_known_and_said_so() {
    let app = TestApp::new().await;
    let ticket = json!({"id": "1", "subject": "Printer"});
    assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
    let told = app.get("/v1/audit/performance").await.json();
    assert_eq!(
        (&told["total"]["first_contact"], &told["total"]["first_reply"]["median"]),
        (&Value::Null, &Value::Null)
    );
    let warnings = told["warnings"].to_string();
    assert!(
        warnings.contains("FRT and FCR are not known") && warnings.contains("SLA adherence"),
        "{warnings}"
    );
}

#[tokio::test]
async fn a_window_that_holds_no_time_is_refused() {
    let app = TestApp::new().await;
    let refused = app.get("/v1/audit/performance?from=2026-02-02&to=2026-02-01").await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["errors"][0]["field"], "to");
}

#[tokio::test]
async fn the_table_has_a_row_for_all_and_one_for_each_group() {
    let app = desk().await;
    let answer = app.get("/v1/audit/performance?by=channel&format=csv").await;
    let table = answer.text();
    let names: Vec<&str> = table.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(names, ["group", "", "email"], "{table}");
}

#[tokio::test]
async fn the_page_shows_them_with_what_each_means() {
    let app = desk().await;
    let page = app.get("/performance?by=priority").await.text();
    assert!(page.contains("30 min") && page.contains("FCR, first contact resolution"), "{page}");
    let empty = TestApp::new().await.get("/performance").await.text();
    assert!(empty.contains("No ticket came in at this time"), "{empty}");
}

#[test]
fn the_docs_have_every_definition_as_it_is() {
    let docs = std::fs::read_to_string("docs/performance.md").unwrap();
    for measure in Measure::ALL {
        let definition = measure.definition();
        for part in [definition.field, definition.name, definition.meaning] {
            assert!(docs.contains(part), "docs/performance.md lacks: {part}");
        }
    }
}
