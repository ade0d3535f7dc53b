//! What became of tickets: told, kept, and shown beside those that resemble them.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, TestApp};
use serde_json::{Value, json};

/// When the ticket came in that is asked about.
const NOW: &str = "2026-11-21T12:00:00Z";
/// Of a random encoder only the same words are alike for sure.
const WORDS: &str = "the very same words about the printer";

async fn triage(app: &TestApp, id: &str, created_at: &str) -> Value {
    triage_for(app, id, created_at, "agent").await
}

async fn triage_for(app: &TestApp, id: &str, created_at: &str, audience: &str) -> Value {
    let ticket = json!({"id": id, "body": WORDS, "created_at": created_at});
    let answer = app.post("/v1/triage", json!({"ticket": ticket, "options": {"audience": audience}})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn tell(app: &TestApp, id: &str, outcome: Value) -> Answer {
    app.post(&format!("/v1/tickets/{id}/outcome"), outcome).await
}

fn ids(tickets: &Value) -> Vec<&str> {
    tickets.as_array().unwrap().iter().map(|ticket| ticket["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_outcome_is_kept_with_its_ticket_and_what_is_not_given_stays() {
    let app = TestApp::new().await;
    triage(&app, "81", NOW).await;
    let first = json!({
        "status": "solved", "category": "Network", "impact": "medium", "urgency": "high", "priority": "P2",
        "solved_at": "2026-11-21T13:00:00Z", "resolution": "New toner", "article_ids": ["toner"],
        "handling_minutes": 25
    });
    let answer = tell(&app, "81", first.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let warnings = answer.json()["warnings"].to_string();
    assert!(warnings.contains("no article with 1 of these ids"), "{warnings}");

    let second =
        tell(&app, "81", json!({"reopened": 1, "escalated": true, "category": "Toner"})).await.json();
    assert!(second["warnings"][0].as_str().unwrap().starts_with("category is not a label"), "{second}");
    let kept = app.get("/v1/tickets/81").await.json();
    assert_eq!(kept["outcome"], second["outcome"]);
    let mut expected = first;
    expected["category"] = json!("Toner");
    (expected["reopened"], expected["escalated"]) = (json!(1), json!(true));
    assert_eq!(kept["outcome"], expected);
    assert_eq!(kept["body"], WORDS);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_kept_says_why() {
    let app = TestApp::new().await;
    insta::assert_snapshot!(tell(&app, "81", json!({"status": "solved"})).await.refusal(), @r#"
    404 ticket_not_found
    There is no ticket with this id: Tickets are kept when POST /v1/triage gets them with an id; check this one, and write a / in it as %2F.
    "#);
    triage(&app, "81", NOW).await;
    let refused = |outcome: Value| async { tell(&app, "81", outcome).await.refusal() };
    insta::assert_snapshot!(refused(json!({"status": "closed"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/status" is not known; use `open` or `solved`
    "#);
    insta::assert_snapshot!(refused(json!({"impact": "huge"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/impact" is not known; use one of `high`, `medium`, `low`
    "#);
    insta::assert_snapshot!(refused(json!({"reopened": -1})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/reopened" is a whole number; it must be a whole number, 0 or more
    "#);
    insta::assert_snapshot!(refused(json!({"category": "", "article_ids": ["a", ""]})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/article_ids/1" length is lower than 1
    "/category" length is lower than 1
    "#);
    insta::assert_snapshot!(refused(json!({"solution": "New toner"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/solution" is not a field that is known here; known are `status`, `category`, `impact`, `urgency`, `priority`, `solved_at`, `resolution`, `article_ids`, `reopened`, `escalated`, `handling_minutes`, `agent_group`
    "#);
    assert_eq!(app.get("/v1/tickets/81").await.json()["outcome"]["status"], Value::Null);
}

#[tokio::test]
async fn past_tickets_come_with_their_outcome_and_open_ones_of_the_same_days_apart() {
    let app = TestApp::new().await;
    for (id, created_at) in [
        ("solved-today", "2026-11-21T08:00:00Z"),
        ("open-today", "2026-11-21T09:00:00Z"),
        ("untold-today", "2026-11-21T10:00:00Z"),
        ("untold-in-october", "2026-10-01T10:00:00Z"),
        ("open-in-october", "2026-10-01T11:00:00Z"),
    ] {
        triage(&app, id, created_at).await;
    }
    tell(&app, "open-today", json!({"status": "open"})).await;
    tell(&app, "open-in-october", json!({"status": "open"})).await;
    let solved =
        json!({"status": "solved", "resolution": "New toner", "article_ids": ["toner"], "reopened": 2});
    tell(&app, "solved-today", solved).await;

    let answer = triage(&app, "81", NOW).await;
    assert_eq!(ids(&answer["similar_tickets"]), ["solved-today", "untold-in-october"]);
    assert_eq!(ids(&answer["open_tickets"]), ["open-today", "untold-today"]);
    let past = &answer["similar_tickets"][0];
    assert_eq!((&past["resolution"], &past["reopened"]), (&json!("New toner"), &json!(2)));
    assert_eq!(past["article_ids"], json!(["toner"]));

    // As soon as it is solved, it is past.
    tell(&app, "open-today", json!({"status": "solved"})).await;
    let answer = triage(&app, "81", NOW).await;
    assert_eq!(ids(&answer["similar_tickets"]), ["open-today", "solved-today", "untold-in-october"]);
    assert_eq!(ids(&answer["open_tickets"]), ["untold-today"]);
}

#[tokio::test]
async fn a_ticket_that_is_sent_again_keeps_its_outcome_among_similar_ones_too() {
    let app = TestApp::new().await;
    triage(&app, "past", NOW).await;
    tell(&app, "past", json!({"status": "solved", "reopened": 1})).await;
    triage(&app, "past", NOW).await;
    let answer = triage(&app, "81", NOW).await;
    assert_eq!((ids(&answer["similar_tickets"]), ids(&answer["open_tickets"])), (vec!["past"], vec![]));
}

#[tokio::test]
async fn customers_see_neither_similar_tickets_nor_what_solved_them() {
    let app = TestApp::new().await;
    for id in ["past", "open"] {
        triage(&app, id, NOW).await;
    }
    tell(&app, "past", json!({"status": "solved", "resolution": "the secret of the printer"})).await;
    let agents = triage(&app, "81", NOW).await;
    assert_eq!((ids(&agents["similar_tickets"]), ids(&agents["open_tickets"])), (vec!["past"], vec!["open"]));
    let customers = triage_for(&app, "82", NOW, "customer").await;
    assert_eq!((&customers["similar_tickets"], &customers["open_tickets"]), (&json!([]), &json!([])));
    assert!(!customers.to_string().contains("secret"), "{customers}");
}

#[tokio::test]
async fn before_closing_a_ticket_similar_ones_that_came_back_are_shown() {
    let app = TestApp::new().await;
    for id in ["81", "came-back", "stayed-solved"] {
        triage(&app, id, NOW).await;
    }
    let check = || async { app.get("/v1/tickets/81/close-check").await.json() };
    assert_eq!(check().await, json!({"ticket_id": "81", "reopened_tickets": []}));
    tell(&app, "stayed-solved", json!({"status": "solved", "reopened": 0})).await;
    let outcome = json!({"status": "solved", "resolution": "Switched it off and on", "reopened": 1});
    tell(&app, "came-back", outcome).await;
    tell(&app, "81", json!({"reopened": 3})).await;
    let found = check().await;
    assert_eq!(ids(&found["reopened_tickets"]), ["came-back"]);
    assert_eq!(found["reopened_tickets"][0]["resolution"], "Switched it off and on");
    assert_eq!(app.get("/v1/tickets/99/close-check").await.json()["code"], "ticket_not_found");
}

#[tokio::test]
async fn articles_of_a_solved_ticket_count_as_feedback_until_it_is_opened_again() {
    let app = TestApp::new().await;
    app.put("/v1/articles/toner", json!({"title": "Toner", "body": "Shake it."})).await;
    triage(&app, "81", NOW).await;
    let solved = || async { app.get("/v1/articles/toner/feedback").await.json()["solved"].clone() };
    let answer = tell(&app, "81", json!({"status": "solved", "article_ids": ["toner"]})).await.json();
    assert_eq!((solved().await, &answer["warnings"]), (json!(1), &json!([])));
    tell(&app, "81", json!({"status": "solved", "article_ids": ["toner"]})).await;
    assert_eq!(solved().await, 1);
    tell(&app, "81", json!({"status": "open", "reopened": 1})).await;
    assert_eq!(solved().await, 0);
}
