//! Writes that fail, wait or panic halfway: whoever asked is told, nothing acknowledged is lost, and the service goes
//! on. `cargo test --test failpoints`.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::tiny_bundle::Tiny;
use common::{TestApp, tiny_bundle};
use deskhand::model::{Bundle, Shelf};
use deskhand::store::backup;
use fail::FailScenario;
use serde_json::{Value, json};

fn article(version: usize) -> Value {
    json!({"title": format!("Version {version}"), "body": format!("About the zq{version}.")})
}

/// Whether the search shows the article in this version.
async fn finds(app: &TestApp, version: usize) -> bool {
    let question = json!({"text": format!("zq{version}"), "audience": "agent"});
    let answer = app.post("/v1/suggest", question).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    answer["articles"].as_array().unwrap().iter().any(|article| {
        article["title"] == format!("Version {version}")
            && article["matched_terms"].as_array().unwrap().contains(&json!(format!("zq{version}")))
    })
}

/// Puts versions of an article while a place fails in each way; what is answered holds, and the search and the store
/// agree after the next change.
async fn articles_while(place: &str) {
    for (what, action) in
        [("error", "return"), ("full", "return(full)"), ("panic", "panic"), ("slow", "sleep(300)")]
    {
        let scenario = FailScenario::setup();
        let app = TestApp::new().await;
        assert_eq!(app.put("/v1/articles/a", article(1)).await.status, 200);
        fail::cfg(place, action).unwrap();
        let told = app.put("/v1/articles/a", article(2)).await;
        fail::remove(place);
        let shown = format!("{place} {what}: {} {}", told.status, told.text());
        assert_eq!(told.status.is_success(), what == "slow", "{shown}");
        if what == "full" && place.starts_with("store") {
            assert_eq!(told.status, 507, "{shown}");
        }
        let kept = app.get("/v1/articles/a").await.json()["title"].clone();
        assert!(kept == "Version 1" || kept == "Version 2", "{shown}: {kept}");
        if place == "store::before_commit" && what != "slow" {
            assert_eq!(kept, "Version 1", "{shown}");
        }
        // Everything goes on, and what was left undone is made good with the next change.
        let next = app.put("/v1/articles/b", article(7)).await;
        assert_eq!(next.status, 200, "{shown}, then {}", next.text());
        let version = usize::from(kept == "Version 2") + 1;
        assert!(finds(&app, version).await && !finds(&app, 3 - version).await, "{shown}: the search differs");
        let next = app.put("/v1/articles/a", article(3)).await;
        assert_eq!(next.status, 200, "{shown}");
        assert!(finds(&app, 3).await && finds(&app, 7).await, "{shown}");
        app.app.store.check().await.unwrap();
        scenario.teardown();
    }
}

#[tokio::test]
async fn a_commit_of_the_store_that_fails_is_told_and_nothing_is_kept() {
    articles_while("store::before_commit").await;
}

#[tokio::test]
async fn a_commit_of_the_store_that_fails_late_leaves_the_search_in_step() {
    articles_while("store::after_commit").await;
}

#[tokio::test]
async fn a_commit_of_the_index_that_fails_is_made_good_with_the_next_change() {
    articles_while("index::before_commit").await;
}

#[tokio::test]
async fn a_commit_of_the_index_that_fails_late_is_made_good_with_the_next_change() {
    articles_while("index::after_commit").await;
}

#[tokio::test]
async fn tickets_and_surveys_of_a_failed_commit_are_told_and_can_be_sent_again() {
    for action in ["return", "return(full)", "panic"] {
        let scenario = FailScenario::setup();
        let app = TestApp::new().await;
        fail::cfg("store::before_commit", action).unwrap();
        let ticket = json!({"ticket": {"id": "1", "subject": "VPN"}});
        let survey = json!({"id": "s-1", "comment": "Slow", "rating": 1});
        assert!(app.post("/v1/triage", ticket.clone()).await.status.is_server_error());
        assert!(app.post("/v1/surveys", survey.clone()).await.status.is_server_error());
        fail::remove("store::before_commit");
        assert_eq!(app.get("/v1/tickets/1").await.status, 404, "{action}");
        assert_eq!(app.get("/v1/surveys/s-1").await.status, 404, "{action}");
        assert_eq!(app.post("/v1/triage", ticket).await.status, 200, "{action}");
        assert_eq!(app.post("/v1/surveys", survey).await.status, 200, "{action}");
        scenario.teardown();
    }
}

#[tokio::test]
async fn a_slow_disk_makes_requests_wait_and_none_is_lost() {
    let scenario = FailScenario::setup();
    let app = TestApp::new().await;
    fail::cfg("store::before_commit", "sleep(50)").unwrap();
    let started = Instant::now();
    let puts = (0..20).map(|n| {
        let (app, path) = (&app, format!("/v1/articles/a{n}"));
        async move { app.put(&path, article(n)).await.status }
    });
    let statuses = futures_util::future::join_all(puts).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert!(started.elapsed() >= Duration::from_millis(50));
    fail::remove("store::before_commit");
    for n in 0..20 {
        assert_eq!(app.get(&format!("/v1/articles/a{n}")).await.status, 200);
    }
    scenario.teardown();
}

fn bundle(dir: &Path, version: &'static str) -> Bundle {
    let place = dir.join(format!("bundle-{version}"));
    tiny_bundle::write_as(&place, Tiny { version, category: 0, encoder: 0 });
    Bundle::open(&place).unwrap()
}

#[test]
fn a_promotion_that_fails_leaves_the_bundle_that_answers() {
    for place in ["shelf::before_rename", "shelf::before_pointer"] {
        for action in ["return", "return(full)", "panic"] {
            let scenario = FailScenario::setup();
            let dir = tempfile::tempdir().unwrap();
            let (first, second) = (bundle(dir.path(), "1"), bundle(dir.path(), "2"));
            let shelf = Shelf::of(&dir.path().join("data"));
            let before = shelf.promote(&first, None).unwrap();
            fail::cfg(place, action).unwrap();
            let told = std::panic::catch_unwind(|| shelf.promote(&second, None).is_ok());
            fail::remove(place);
            assert!(!told.is_ok_and(|promoted| promoted), "{place} {action}");
            assert_eq!(shelf.current().unwrap(), Some(before), "{place} {action}");
            // Again, and it works.
            let now = shelf.promote(&second, None).unwrap();
            assert_eq!(Bundle::open(&now).unwrap().manifest().version, "2");
            assert_eq!(shelf.current().unwrap(), Some(now));
            scenario.teardown();
        }
    }
}

#[tokio::test]
async fn a_backup_that_fails_says_so_and_the_service_goes_on() {
    let scenario = FailScenario::setup();
    let app = TestApp::new().await;
    assert_eq!(app.put("/v1/articles/a", article(1)).await.status, 200);
    let (data, to) = (app.dir.path().join("data"), app.dir.path().join("copy.db"));
    fail::cfg("backup::before_sync", "return(full)").unwrap();
    let told = backup::copy(&data, &to).await.unwrap_err().to_string();
    assert!(told.contains("no room left"), "{told}");
    fail::remove("backup::before_sync");
    assert_eq!(app.put("/v1/articles/a", article(2)).await.status, 200);
    std::fs::remove_file(&to).unwrap();
    backup::copy(&data, &to).await.unwrap();
    scenario.teardown();
}
