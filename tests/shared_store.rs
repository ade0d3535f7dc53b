//! The service over PostgreSQL, alone and as one of several. Without a PostgreSQL these say so and pass.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod postgres;

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use common::TestApp;
use deskhand::access::NewKey;
use deskhand::config::{Authentication, Scope, Secret};
use deskhand::http::follow;
use deskhand::store::{JobEnd, NewJob};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest until a change is seen everywhere.
const SEEN: Duration = Duration::from_secs(2);
const WORDS: &str = "the very same words about the printer";

async fn on(url: &Secret) -> TestApp {
    TestApp::with(|settings| settings.store.url = Some(url.clone())).await
}

/// Asks again until the answer is right, and says how long that took.
async fn soon<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let began = Instant::now();
    while !ask().await {
        assert!(began.elapsed() < SEEN, "{what} is not seen after {SEEN:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn ids(found: &Value) -> Vec<&str> {
    found["articles"].as_array().unwrap().iter().map(|article| article["id"].as_str().unwrap()).collect()
}

async fn put(app: &TestApp, id: &str, words: &str) {
    let article = json!({"title": words, "body": words, "audience": "customer", "status": "published"});
    let answer = app.put(&format!("/v1/articles/{id}"), article).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn suggested(app: &TestApp, text: &str) -> Value {
    app.post("/v1/suggest", json!({"text": text, "audience": "agent", "top": 10})).await.json()
}

async fn triage(app: &TestApp, id: &str) -> Value {
    let ticket = json!({"id": id, "body": WORDS, "created_at": "2026-11-21T12:00:00Z", "requester_id": "8"});
    let answer = app.post("/v1/triage", json!({"ticket": ticket})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn tickets_articles_outcomes_feedback_and_surveys_are_kept_and_found_again() {
    let folder = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(folder.path()).await else { return };
    let app = on(&url).await;
    put(&app, "toner", "how to change the toner of the printer").await;
    put(&app, "vpn", "the vpn client drops").await;
    assert_eq!(ids(&suggested(&app, "vpn client").await)[0], "vpn");

    let first = triage(&app, "81").await;
    assert_eq!(first["ticket_id"], "81");
    let outcome =
        json!({"status": "solved", "resolution": "New toner", "article_ids": ["toner"], "reopened": 1});
    assert_eq!(app.post("/v1/tickets/81/outcome", outcome).await.status, 200);
    let event = json!({"events": [{"at": "2026-11-21T12:30:00Z", "kind": "agent_reply"}]});
    let told = app.post("/v1/tickets/81/events", event).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let kept = app.get("/v1/tickets/81").await.json();
    assert_eq!((&kept["body"], &kept["outcome"]["resolution"]), (&json!(WORDS), &json!("New toner")));
    let second = triage(&app, "82").await;
    assert_eq!(second["similar_tickets"][0]["id"], "81", "{second}");
    let feedback = app.get("/v1/articles/toner/feedback").await.json();
    assert_eq!(feedback["solved"], 1, "{feedback}");

    let survey = json!({"id": "s-1", "ticket_id": "81", "rating": 1, "rating_scale": "1-5",
        "comment": "It took far too long.", "answered_at": "2026-11-22T09:00:00Z"});
    let answer = app.post("/v1/surveys", survey).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let surveys = app.get("/v1/surveys?low=true").await;
    assert_eq!(surveys.json()["surveys"][0]["id"], "s-1", "{}", surveys.text());
    for page in ["/v1/surveys/summary", "/v1/audit/coverage", "/v1/follow-ups", "/v1/signals", "/v1/trail"] {
        let answer = app.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
    }
    assert_eq!(app.delete("/v1/articles/vpn").await.status, 204);
    assert!(!ids(&suggested(&app, "vpn client").await).contains(&"vpn"));
}

#[tokio::test]
async fn what_one_instance_changes_another_one_sees_within_two_seconds() {
    let folder = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(folder.path()).await else { return };
    let (one, other) = (on(&url).await, on(&url).await);
    let _following = [follow::start(&one.app), follow::start(&other.app)];

    put(&one, "vpn", "the vpn client drops").await;
    soon("an article", || async { ids(&suggested(&other, "vpn client").await) == ["vpn"] }).await;
    triage(&one, "81").await;
    let feedback = json!({"article_id": "vpn", "ticket_id": "81", "kind": "solved"});
    let told = one.post("/v1/feedback", feedback).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let expected = one.get("/v1/articles/vpn/feedback").await.json();
    soon("feedback", || async { other.get("/v1/articles/vpn/feedback").await.json() == expected }).await;
    let outcome = json!({"status": "solved", "resolution": "New toner"});
    assert_eq!(one.post("/v1/tickets/81/outcome", outcome).await.status, 200);
    soon("a solved ticket", || async { triage(&other, "82").await["similar_tickets"][0]["id"] == "81" })
        .await;
    assert_eq!(other.delete("/v1/articles/vpn").await.status, 204);
    soon("that an article is gone", || async { ids(&suggested(&one, "vpn client").await).is_empty() }).await;
}

#[tokio::test]
async fn what_is_forgotten_of_a_requester_is_gone_at_every_instance() {
    let folder = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(folder.path()).await else { return };
    let (one, other) = (on(&url).await, on(&url).await);
    let _following = [follow::start(&one.app), follow::start(&other.app)];
    triage(&one, "81").await;
    let outcome = json!({"status": "solved", "resolution": "New toner", "article_ids": ["toner"]});
    assert_eq!(one.post("/v1/tickets/81/outcome", outcome).await.status, 200);
    let asked = async || {
        let ticket =
            json!({"id": "90", "body": WORDS, "requester_id": "9", "created_at": "2026-11-21T12:00:00Z"});
        other.post("/v1/triage", json!({"ticket": ticket})).await.json()["similar_tickets"].clone()
    };
    soon("a solved ticket", || async { asked().await[0]["id"] == "81" }).await;

    let export = other.get("/v1/requesters/8").await;
    assert!(export.text().contains("New toner"), "{}", export.text());
    let erased = one.delete("/v1/requesters/8").await;
    assert_eq!(erased.status, 200, "{}", erased.text());
    assert_eq!(other.get("/v1/tickets/81").await.status, 404);
    assert_eq!(other.get("/v1/requesters/8").await.status, 404);
    soon("that a ticket is gone", || async { asked().await == json!([]) }).await;
    // Answers that quoted it do so no more.
    assert!(!other.get("/v1/requesters/9").await.text().contains("New toner"));
}

#[tokio::test]
async fn a_key_that_one_instance_takes_back_opens_nothing_at_another() {
    let folder = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(folder.path()).await else { return };
    let guarded = async || {
        TestApp::with(|settings| {
            settings.store.url = Some(url.clone());
            settings.access.authentication = Authentication::On;
        })
        .await
    };
    let (one, other) = (guarded().await, guarded().await);
    let _following = [follow::start(&one.app), follow::start(&other.app)];
    let new = NewKey { name: "test".into(), scopes: [Scope::Admin].into(), expires_at: None };
    let (key, record) = one.app.access.create_key(new, Timestamp::now()).await.unwrap();
    let opens = async || {
        let request = Request::get("/v1/keys").header("authorization", format!("Bearer {}", key.expose()));
        other.send(request.body(Body::empty()).unwrap()).await.status == 200
    };
    soon("a new key", &opens).await;
    assert!(one.app.access.revoke_key(&record.id, Timestamp::now()).await.unwrap());
    soon("that a key was taken back", || async { !opens().await }).await;
}

#[tokio::test]
async fn a_job_of_one_instance_wakes_another_and_one_of_them_leads() {
    let folder = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(folder.path()).await else { return };
    let (one, other) = (on(&url).await, on(&url).await);
    let _following = follow::start(&other.app);
    let now = Timestamp::now();
    let mut came = other.app.store.jobs_came();
    came.mark_unchanged();
    let job = NewJob { kind: "hook", key: "k".into(), subject: None, payload: json!({}), run_at: now };
    assert_eq!(one.app.store.enqueue(vec![job], now).await.unwrap(), [true]);
    tokio::time::timeout(SEEN, came.changed()).await.unwrap().unwrap();
    let lease = now + SignedDuration::from_secs(60);
    let [taken] = other.app.store.take_jobs("hook", 9, now, lease).await.unwrap().try_into().unwrap();
    assert!(one.app.store.take_jobs("hook", 9, now, lease).await.unwrap().is_empty());
    assert!(other.app.store.end_job(&taken, JobEnd::Done(Vec::new()), now).await.unwrap());

    assert!(one.app.store.leads().await.unwrap());
    assert!(!other.app.store.leads().await.unwrap());
    assert!(one.app.store.leads().await.unwrap(), "as long as it lives");
    one.app.store.close().await.unwrap();
    assert!(other.app.store.leads().await.unwrap());
}
