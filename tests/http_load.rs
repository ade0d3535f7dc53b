//! Beyond its limits the service refuses at once, and what nobody waits for is not done.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{TestApp, request, tiny_bundle};
use deskhand::config::{EncoderKind, Settings};
use deskhand::model::{Input, Lane};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Lets a worker take everything that waits at once, so that a test knows what it is at.
fn one_batch(settings: &mut Settings) {
    settings.inference.batch_tokens = usize::MAX;
    settings.inference.max_queued_tokens = 512;
    // The slowest there is, so that a worker is busy for as long as a test needs.
    settings.inference.encoder = EncoderKind::Candle;
}

/// Keeps the one worker busy for some tenths of a second.
async fn busy(app: &TestApp) -> JoinHandle<()> {
    let before = app.app.now().model.tokens_read();
    let model = app.app.now().model.clone();
    let long = "word ".repeat(tiny_bundle::MAX_TOKENS);
    let work = tokio::spawn(async move {
        let inputs = vec![Input::text(&long); 16];
        model.read(&inputs, Lane::Bulk).await.unwrap();
    });
    while app.app.now().model.tokens_read() == before {
        tokio::task::yield_now().await;
    }
    work
}

fn ticket(words: usize) -> Value {
    json!({"ticket": {"body": "word ".repeat(words)}})
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_with_the_time_to_come_back() {
    let app = TestApp::with(one_batch).await;
    let work = busy(&app).await;
    let mut waiting = Box::pin(app.post("/v1/triage", ticket(100)));
    assert!(tokio::time::timeout(Duration::from_millis(20), &mut waiting).await.is_err());
    let refused = app.post("/v1/triage", ticket(100)).await;
    assert!(!work.is_finished(), "the refusal came at once");
    insta::assert_snapshot!(refused.refusal(), @r"
    429 overloaded
    retry-after: 1
    Deskhand has as much to do as it may take on: The model's queue is full. Send the request again after the seconds that Retry-After gives.
    ");
    assert_eq!(waiting.await.status, 200);
    assert_eq!(app.post("/v1/triage", ticket(100)).await.status, 200);
}

#[tokio::test]
async fn an_answer_comes_without_reasons_where_there_is_no_room_for_them() {
    let app = TestApp::with(|settings| {
        one_batch(settings);
        // One text at a time, requests first: the others still wait when the answer is there.
        settings.inference.batch_tokens = 1;
    })
    .await;
    let work = busy(&app).await;
    let explained = json!({"ticket": {"id": "1", "body": "The printer jams."}, "options": {"explain": true}});
    let answer = app.post("/v1/triage", explained.clone()).await;
    assert!(!work.is_finished(), "the answer waited for nobody");
    assert_eq!(answer.status, 200);
    let busy = "no reasons are given, because the model has too much to do; ask again for them";
    assert_eq!(answer.json()["warnings"], json!([busy]));
    assert!(answer.json()["predictions"]["category"].get("reasons").is_none());
    work.await.unwrap();
    let answer = app.post("/v1/triage", explained).await.json();
    assert_eq!(
        (&answer["warnings"], &answer["predictions"]["category"]["reasons"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn a_request_whose_client_left_costs_nothing() {
    let app = TestApp::with(one_batch).await;
    let one = {
        let before = app.app.now().model.tokens_read();
        assert_eq!(app.post("/v1/triage", ticket(7)).await.status, 200);
        app.app.now().model.tokens_read() - before
    };
    let work = busy(&app).await;
    let before = app.app.now().model.tokens_read();
    let left = tokio::time::timeout(Duration::from_millis(20), app.post("/v1/triage", ticket(90))).await;
    assert!(left.is_err(), "the worker is busy");
    assert!(app.app.now().model.queued_tokens() > 300, "it waits in the queue");
    assert_eq!(app.post("/v1/triage", ticket(7)).await.status, 200);
    work.await.unwrap();
    assert_eq!(app.app.now().model.tokens_read() - before, one, "only the second was read");
    assert!(app.get("/metrics").await.text().contains("route=\"/v1/triage\",status=\"499\"} 1\n"));
}

#[tokio::test]
async fn a_large_request_whose_client_left_costs_nothing_either() {
    let app = TestApp::with(|settings| {
        settings.inference.batch_tokens = usize::MAX;
        settings.inference.encoder = EncoderKind::Candle;
    })
    .await;
    let work = busy(&app).await;
    let before = app.app.now().model.tokens_read();
    let large = ticket(20_000);
    let left = tokio::time::timeout(Duration::from_millis(100), app.post("/v1/triage", large)).await;
    assert!(left.is_err(), "the worker is busy");
    assert!(!work.is_finished());
    work.await.unwrap();
    assert_eq!(app.post("/v1/triage", ticket(1)).await.status, 200);
    assert!(app.app.now().model.tokens_read() - before < 20);
}

#[tokio::test]
async fn no_more_requests_are_taken_on_than_there_are_places() {
    let app = TestApp::new().await;
    // Bodies that never end hold their places.
    let waiting: Vec<_> = (0..256).map(|_| app.send(request_of(common::endless(10)))).collect();
    let mut waiting = Box::pin(join_all(waiting));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err());
    insta::assert_snapshot!(app.post("/v1/triage", ticket(1)).await.refusal(), @r"
    429 overloaded
    retry-after: 1
    Deskhand has as much to do as it may take on: Too many requests are being answered. Send the request again after the seconds that Retry-After gives.
    ");
    // Those who run the service are still answered.
    assert_eq!(app.get("/health/live").await.status, 200);
    assert_eq!(app.get("/metrics").await.status, 200);
    drop(waiting);
    assert_eq!(app.post("/v1/triage", ticket(1)).await.status, 200);
}

#[tokio::test]
async fn no_more_large_bodies_are_held_than_there_are_places() {
    let app = TestApp::new().await;
    let waiting: Vec<_> = (0..16).map(|_| app.send(request_of(common::endless(100_000)))).collect();
    let mut waiting = Box::pin(join_all(waiting));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err());
    insta::assert_snapshot!(app.post("/v1/triage", ticket(20_000)).await.refusal(), @r"
    429 overloaded
    retry-after: 2
    Deskhand has as much to do as it may take on: Too many large requests are being answered. Send the request again after the seconds that Retry-After gives.
    ");
    assert_eq!(app.post("/v1/triage", ticket(1)).await.status, 200);
}

#[tokio::test]
async fn one_import_runs_at_a_time() {
    let app = TestApp::new().await;
    let body = common::endless(10);
    let import =
        |body| request(axum::http::Method::POST, "/v1/articles/import", Some("application/x-ndjson"), body);
    let mut first = Box::pin(app.send(import(body)));
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut first).await.is_err());
    insta::assert_snapshot!(app.send(import("{}".into())).await.refusal(), @r"
    429 overloaded
    retry-after: 10
    Deskhand has as much to do as it may take on: Another import is running. Send the request again after the seconds that Retry-After gives.
    ");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let app = TestApp::with(|settings| settings.server.request_timeout_s = 1).await;
    let lock = app.lock_database().await;
    let stuck = app.post("/v1/triage", json!({"ticket": {"id": "1", "subject": "a"}})).await;
    insta::assert_snapshot!(stuck.refusal(), @r"
    503 timed_out
    retry-after: 1
    The answer took too long: There was no answer within 1 s. Send the request again: what was kept already is replaced, not doubled.
    ");
    lock.release().await;
    assert_eq!(app.post("/v1/triage", json!({"ticket": {"id": "1", "subject": "a"}})).await.status, 200);
}

fn request_of(body: axum::body::Body) -> axum::http::Request<axum::body::Body> {
    request(axum::http::Method::POST, "/v1/triage", Some("application/json"), body)
}
