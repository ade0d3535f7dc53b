//! What happened to tickets: told, kept once, and shown in one story with the outcome.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, TestApp};
use serde_json::{Value, json};

async fn with_ticket() -> TestApp {
    let app = TestApp::new().await;
    let sla = json!({"due_at": "2026-11-21T17:40:00Z", "first_response_due_at": "2026-11-21T10:40:00Z"});
    let ticket = json!({"id": "81", "body": "No VPN", "created_at": "2026-11-21T09:40:00Z", "sla": sla});
    assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
    app
}

async fn tell(app: &TestApp, events: Value) -> Answer {
    app.post("/v1/tickets/81/events", json!({"events": events})).await
}

#[tokio::test]
async fn events_are_kept_by_time_and_the_outcome_follows_them() {
    let app = with_ticket().await;
    let told = json!([
        {"kind": "solved", "at": "2026-11-21T11:00:00Z"},
        {"kind": "acknowledged", "at": "2026-11-21T09:40:05Z"},
        {"kind": "reopened", "at": "2026-11-21T12:00:00Z"},
        {"kind": "agent_reply", "at": "2026-11-21T10:00:00Z"}
    ]);
    for _ in 0..2 {
        let answer = tell(&app, told.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["outcome"]["reopened"], 1);
    }
    let kept = app.get("/v1/tickets/81/events").await.json();
    assert_eq!(
        kept["events"],
        json!([
            {"at": "2026-11-21T09:40:05Z", "kind": "acknowledged"},
            {"at": "2026-11-21T10:00:00Z", "kind": "agent_reply"},
            {"at": "2026-11-21T11:00:00Z", "kind": "solved"},
            {"at": "2026-11-21T12:00:00Z", "kind": "reopened"}
        ])
    );
    assert_eq!(kept["sla"]["due_at"], "2026-11-21T17:40:00Z");
    let ticket = app.get("/v1/tickets/81").await.json();
    assert_eq!(ticket["outcome"], kept["outcome"]);
    assert_eq!(
        (&ticket["outcome"]["status"], &ticket["outcome"]["solved_at"], &ticket["sla"]),
        (&json!("open"), &json!("2026-11-21T11:00:00Z"), &kept["sla"])
    );
}

#[tokio::test]
async fn agreed_times_stay_when_a_ticket_is_sent_again_without_them() {
    let app = with_ticket().await;
    let again = json!({"ticket": {"id": "81", "body": "No VPN since Monday"}});
    assert_eq!(app.post("/v1/triage", again).await.status, 200);
    let sla = app.get("/v1/tickets/81").await.json()["sla"].clone();
    let kept = json!({"due_at": "2026-11-21T17:40:00Z", "first_response_due_at": "2026-11-21T10:40:00Z"});
    assert_eq!(sla, kept);
}

#[tokio::test]
async fn events_that_cannot_be_kept_say_why_and_none_is() {
    let app = with_ticket().await;
    let refused = |events: Value| async { tell(&app, events).await.refusal() };
    insta::assert_snapshot!(refused(json!([
        {"kind": "solved", "at": "2026-11-21T11:00:00Z"}, {"kind": "closed", "at": "2126-11-21T11:00:00Z"}
    ])).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/events/1/at" lies in the future; tell an event when it has happened
    "#);
    insta::assert_snapshot!(refused(json!([])).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/events" length is lower than 1
    "#);
    insta::assert_snapshot!(refused(json!([{"kind": "lost", "at": "2026-11-21T11:00:00Z"}])).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/events/0/kind" is not known; use one of `acknowledged`, `agent_reply`, `requester_reply`, `escalated`, `reopened`, `solved`, `closed`
    "#);
    assert!(refused(json!([{"kind": "solved", "at": "yesterday"}])).await.contains("/events/0/at"));
    let many = vec![json!({"kind": "solved", "at": "2026-11-21T11:00:00Z"}); 101];
    assert_eq!(tell(&app, json!(many)).await.status, 422);
    assert_eq!(app.get("/v1/tickets/81/events").await.json()["events"], json!([]));
    let solved = json!({"events": [{"kind": "solved", "at": "2026-11-21T11:00:00Z"}]});
    assert_eq!(app.post("/v1/tickets/99/events", solved).await.json()["code"], "ticket_not_found");
    assert_eq!(app.get("/v1/tickets/99/events").await.json()["code"], "ticket_not_found");
}
