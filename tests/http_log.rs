//! Nothing that a caller wrote is logged.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request};
use common::{TestApp, request};
use deskhand::access::NewKey;
use deskhand::config::{Authentication, Scope};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What is logged, for this whole process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_leaves_one_line_in_the_log_and_no_words_of_it() {
    const MARKER: &str = "Zanzibar";
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("warn,deskhand=trace")
        .with_ansi(false)
        .with_writer(move || writer.clone());
    // For the whole process: there is no other test in it.
    subscriber.init();

    let app = TestApp::with(|settings| settings.store.max_mebibytes = std::num::NonZeroU64::new(1)).await;
    let long = format!("{MARKER} ").repeat(20_000);
    let ticket =
        json!({"id": MARKER, "subject": MARKER, "body": long, "channel": MARKER, "requester_id": MARKER});
    let with_header = Request::get(format!("/info?q={MARKER}"))
        .header("x-request-id", format!("{MARKER} is down"))
        .header("user-agent", MARKER);
    let mut requests = vec![
        request(Method::GET, &format!("/v1/articles/{MARKER}"), None, Body::empty()),
        request(Method::GET, &format!("/{MARKER}"), None, Body::empty()),
        with_header.body(Body::empty()).unwrap(),
        request(Method::POST, "/v1/triage", Some(MARKER), MARKER),
    ];
    let json =
        |method, path: &str, json: Value| request(method, path, Some("application/json"), json.to_string());
    for body in
        [json!({"ticket": ticket}), json!({"ticket": {MARKER: 1}}), json!({"ticket": MARKER}), json!(MARKER)]
    {
        requests.push(json(Method::POST, "/v1/triage", body));
    }
    requests.push(json(Method::POST, "/v1/suggest", json!({ "text": long })));
    requests.push(json(Method::POST, "/v1/sentiment", json!({"text": MARKER, "question": MARKER})));
    requests.push(json(
        Method::PUT,
        "/v1/articles/a",
        json!({"title": MARKER, "body": MARKER, "category": MARKER}),
    ));
    for body in [
        json!({"ticket_id": MARKER, "article_id": "a", "kind": "solved"}),
        json!({"id": MARKER, "article_id": MARKER, "kind": "viewed"}),
        json!({"id": MARKER, "article_id": "a", "kind": MARKER}),
    ] {
        requests.push(json(Method::POST, "/v1/feedback", body));
    }
    let outcome =
        json!({"status": "solved", "category": MARKER, "resolution": MARKER, "article_ids": [MARKER]});
    requests.push(json(Method::POST, &format!("/v1/tickets/{MARKER}/outcome"), outcome));
    requests.push(json(Method::POST, &format!("/v1/tickets/{MARKER}/outcome"), json!({MARKER: MARKER})));
    requests.push(request(Method::GET, &format!("/v1/tickets/{MARKER}/close-check"), None, Body::empty()));
    requests.push(request(Method::GET, &format!("/v1/articles/{MARKER}/feedback"), None, Body::empty()));
    // Larger than the store: a failure, with its cause in the log.
    let huge = format!("<!-- {MARKER} -->").repeat(60_000);
    requests.push(json(
        Method::PUT,
        "/v1/articles/b",
        json!({"title": MARKER, "body": huge, "body_format": "html"}),
    ));
    let rows = format!("{{\"id\":\"{MARKER}\",\"title\":\"{MARKER}\"}}\n{MARKER}\n");
    requests.push(request(Method::POST, "/v1/articles/import", Some("application/x-ndjson"), rows));

    let sent = requests.len();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(app.send(request).await.status.as_u16());
    }
    let of_feedback = [200, 404, 422, 200, 422, 200, 404];
    let before = [404, 404, 200, 415, 200, 422, 422, 422, 200, 200, 200];
    assert_eq!(statuses, [&before[..], &of_feedback, &[507, 207]].concat());
    let guarded = TestApp::with(|settings| settings.access.authentication = Authentication::On).await;
    let new = NewKey { name: MARKER.into(), scopes: vec![Scope::Triage], expires_at: None };
    let key = guarded.app.access.create_key(new, Timestamp::now()).await.unwrap().0;
    let form = format!("name={MARKER}&password={MARKER}&next=/{MARKER}");
    let bearer = |key: &str| Request::get("/info").header("authorization", format!("Bearer {key}"));
    let of_access = [
        bearer(MARKER).body(Body::empty()).unwrap(),
        bearer(&key.expose()).body(Body::empty()).unwrap(),
        request(Method::POST, "/sign-in", Some("application/x-www-form-urlencoded"), form),
    ];
    let sent = sent + of_access.len();
    for request in of_access {
        guarded.send(request).await;
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let secret = key.expose().rsplit_once('_').unwrap().1.to_owned();
    assert!(text.contains(&format!("key=\"{}\"", key.id())) && !text.contains(&secret), "{text}");
    assert!(!text.contains(MARKER), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("request_id=")).count(), sent, "{text}");
    let full = text.lines().find(|line| line.contains("status=507")).unwrap();
    assert!(
        full.contains("ERROR") && full.contains("code=\"store_full\"") && full.contains("cause="),
        "{full}"
    );
}
