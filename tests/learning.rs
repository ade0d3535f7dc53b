//! What is kept and watched for learning: masked words, corrections, drift. Through the real router.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::TestApp;
use serde_json::{Value, json};

const WORDS: &str = "<p>Hi Anna,</p><p>call me at +49 30 1234567 or mail me@larkfield.example</p>";

async fn triage(app: &TestApp, id: &str, body: &str) {
    let ticket =
        json!({"id": id, "subject": "Card 4111 1111 1111 1111", "body": body, "body_format": "html"});
    let answer = app.post("/v1/triage", json!({"ticket": ticket})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn settle(app: &TestApp, id: &str, category: &str) {
    let told =
        json!({"status": "solved", "category": category, "resolution": "Mailed boss@larkfield.example"});
    let answer = app.post(&format!("/v1/tickets/{id}/outcome"), told).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn get(app: &TestApp, path: &str) -> Value {
    let answer = app.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn words_are_masked_before_they_are_kept_where_a_site_wants_that() {
    let app = TestApp::with(|settings| settings.privacy.mask_before_storing = true).await;
    triage(&app, "1", WORDS).await;
    settle(&app, "1", "Mail").await;
    let kept = app.app.store.ticket("1").await.unwrap().unwrap();
    assert_eq!(kept.subject, "Card [card]");
    assert_eq!(kept.body, "Hi [name],\ncall me at [phone] or mail [email]");
    assert_eq!(kept.resolution.as_deref(), Some("Mailed [email]"));
    let said = get(&app, "/v1/tickets/1").await.to_string();
    for marker in ["Anna", "4111", "1234567", "larkfield"] {
        assert!(!said.contains(marker), "{marker}: {said}");
    }
}

#[tokio::test]
async fn words_are_kept_as_they_were_sent_otherwise() {
    let app = TestApp::new().await;
    triage(&app, "1", WORDS).await;
    assert_eq!(app.app.store.ticket("1").await.unwrap().unwrap().body, WORDS);
}

#[tokio::test]
async fn corrections_are_counted_and_can_be_taken_back() {
    let app = TestApp::new().await;
    for id in ["1", "2"] {
        triage(&app, id, &format!("the wifi is down {id}")).await;
        settle(&app, id, "Drones").await;
    }
    assert_eq!(get(&app, "/v1/learning").await["corrections_since"], 2);
    // The small bundle says Network to everything.
    settle(&app, "2", "Network").await;
    assert_eq!(get(&app, "/v1/learning").await["corrections_since"], 1);
    let settled = app.app.store.settled_tickets(10).await.unwrap();
    let labels: Vec<_> = settled.iter().map(|ticket| ticket.labels.category.as_deref().unwrap()).collect();
    assert!(labels.contains(&"Drones") && labels.contains(&"Network"), "{labels:?}");
    assert!(
        settled
            .iter()
            .all(|ticket| ticket.predicted.category.as_deref() == Some("Network") && ticket.at.is_some())
    );
}

#[tokio::test]
async fn a_label_that_agents_introduce_raises_an_alarm_with_its_numbers() {
    let app = TestApp::new().await;
    for n in 0..5 {
        let id = n.to_string();
        triage(&app, &id, &format!("the drone does not fly {n}")).await;
        settle(&app, &id, "Drones").await;
    }
    let report = get(&app, "/v1/audit/drift").await;
    assert_eq!(report["alarms"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["alarms"][0]["kind"], "new_label");
    assert_eq!(report["alarms"][0]["tickets"], json!([0, 5]));
    assert_eq!(report["signs"][0]["tickets"], json!([0, 5]));
    let page = app.get("/model").await.text();
    assert!(page.contains("agents settled 5 tickets on"), "{page}");
}

#[tokio::test]
async fn a_service_that_does_not_train_says_so() {
    let app = TestApp::new().await;
    assert_eq!(get(&app, "/v1/learning").await["trains"], false);
    let refused = app.post("/v1/learning", json!({})).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["code"], "not_learning");
}
