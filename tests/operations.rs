//! What those who run it are given: names of metrics that there are, and a dashboard that asks for nothing else.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::TestApp;
use serde_json::Value;

/// Counted only where a helpdesk's hook is set up.
const WITH_HOOKS: [&str; 2] = ["deskhand_deliveries_total", "deskhand_deliveries_ended_total"];

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// All names of metrics in a text, without what Prometheus puts behind those of a histogram.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let names = words.filter(|word| word.starts_with("deskhand_"));
    names.map(|name| name.trim_end_matches("_bucket").to_owned()).collect()
}

/// The metrics that a service shows.
async fn shown() -> BTreeSet<String> {
    let text = TestApp::new().await.get("/metrics").await.text();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    types.map(Into::into).chain(WITH_HOOKS.map(Into::into)).collect()
}

#[tokio::test]
async fn the_docs_name_every_metric_and_no_other() {
    assert_eq!(names(&read("docs/operations/README.md")), shown().await);
}

#[tokio::test]
async fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&read("docs/operations/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let asked: BTreeSet<String> = asked.flat_map(|target| names(target["expr"].as_str().unwrap())).collect();
    let shown = shown().await;
    assert!(asked.is_subset(&shown), "{:?}", asked.difference(&shown));
    assert_eq!(asked, shown, "each is on the dashboard");
}
