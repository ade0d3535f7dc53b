//! Surveys: kept, listed, and refused where they are nonsense.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, TestApp};
use serde_json::{Value, json};

async fn keep(app: &TestApp, survey: Value) -> Value {
    let answer = app.post("/v1/surveys", survey).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn ids(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/v1/surveys?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let surveys = answer.json()["surveys"].clone();
    surveys.as_array().unwrap().iter().map(|survey| survey["id"].as_str().unwrap().into()).collect()
}

async fn refused(app: &TestApp, survey: Value) -> String {
    app.post("/v1/surveys", survey).await.refusal()
}

/// A ticket in the category that the small bundle gives to all.
async fn triage(app: &TestApp, id: &str) {
    let ticket = json!({
        "id": id, "body": "No VPN", "channel": "web", "requester_id": "8", "organization_id": "3",
        "agent_group": "network"
    });
    assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
}

#[tokio::test]
async fn a_survey_is_kept_with_what_the_model_reads_in_it_and_comes_back() {
    let app = TestApp::new().await;
    let kept = keep(
        &app,
        json!({
            "id": "s-1", "answered_at": "2025-11-21T09:40:00Z", "question": "why_score", "comment": "Slow.",
            "rating": 4, "category": "Network", "channel": "email"
        }),
    )
    .await;
    assert_eq!(kept["warnings"], json!([]));
    let survey = &kept["survey"];
    assert_eq!((&survey["rating"], &survey["rating_scale"]), (&json!(4.0), &json!("1-5")));
    assert_eq!((&survey["satisfaction"], &survey["low"]), (&json!(0.75), &json!(false)));
    let reading = &survey["reading"];
    assert_eq!((&reading["sentiment"], &reading["aspects"][0]["aspect"]), (&json!("mixed"), &json!("speed")));
    assert_eq!(reading["model"], json!({"name": "tiny", "version": "1"}));
    assert_eq!(survey["follow_up"], Value::Null);
    assert_eq!(&app.get("/v1/surveys/s-1").await.json(), survey);
}

#[tokio::test]
async fn told_again_a_survey_is_replaced_and_its_follow_up_stays() {
    let app = TestApp::new().await;
    let first = keep(&app, json!({"id": "s-1", "rating": 1, "comment": "Bad"})).await;
    let follow_up = first["survey"]["follow_up"].clone();
    assert_eq!(follow_up["state"], "open");
    app.post("/v1/surveys/s-1/follow-up", json!({"owner": "kim"})).await;
    let again = keep(&app, json!({"id": "s-1", "rating": 5})).await;
    let survey = &again["survey"];
    assert_eq!(
        (&survey["low"], &survey["comment"], &survey["reading"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&survey["follow_up"]["owner"], &survey["follow_up"]["due_at"]),
        (&json!("kim"), &follow_up["due_at"])
    );
    assert_eq!(ids(&app, "").await, ["s-1"]);
}

#[tokio::test]
async fn each_scale_has_its_own_low_scores() {
    let app = TestApp::new().await;
    for (id, survey, low) in [
        ("csat-2", json!({"rating": 2}), true),
        ("csat-3", json!({"rating": 3}), false),
        ("ten-4", json!({"rating": 4, "rating_scale": "1-10"}), true),
        ("ten-5", json!({"rating": 5, "rating_scale": "1-10"}), false),
        ("nps-6", json!({"rating": 6, "rating_scale": "nps"}), true),
        ("nps-7", json!({"rating": 7, "question": "nps"}), false),
        ("down", json!({"rating": false}), true),
        ("up", json!({"rating": "up"}), false),
        ("words", json!({"comment": "Well"}), false),
    ] {
        let mut survey = survey;
        survey["id"] = json!(id);
        let kept = keep(&app, survey).await["survey"].clone();
        assert_eq!(kept["low"], low, "{kept}");
        assert_eq!(kept["follow_up"].is_object(), low, "{kept}");
    }
}

#[tokio::test]
async fn what_a_survey_does_not_say_is_read_from_its_ticket_and_a_late_outcome_counts() {
    let app = TestApp::new().await;
    triage(&app, "81").await;
    keep(&app, json!({"id": "s-1", "ticket_id": "81", "rating": 5})).await;
    keep(
        &app,
        json!({"id": "s-2", "ticket_id": "81", "rating": 5, "category": "Access", "channel": "phone"}),
    )
    .await;
    let survey = app.get("/v1/surveys/s-1").await.json();
    for (field, value) in [
        ("category", "Network"),
        ("channel", "web"),
        ("requester_id", "8"),
        ("organization_id", "3"),
        ("agent_group", "network"),
    ] {
        assert_eq!(survey[field], value, "{survey}");
    }
    app.post("/v1/tickets/81/outcome", json!({"category": "Hardware"})).await;
    assert_eq!(app.get("/v1/surveys/s-1").await.json()["category"], "Hardware");
    assert_eq!(app.get("/v1/surveys/s-2").await.json()["category"], "Access");
    assert_eq!(ids(&app, "category=Hardware").await, ["s-1"]);
    let later = keep(&app, json!({"id": "s-3", "ticket_id": "99", "rating": 5})).await;
    assert_eq!(later["warnings"], json!(["ticket_id: no such ticket is kept here; it is kept as it is"]));
    triage(&app, "99").await;
    assert_eq!(app.get("/v1/surveys/s-3").await.json()["category"], "Network");
}

#[tokio::test]
async fn surveys_are_found_by_every_filter_the_latest_first() {
    let app = TestApp::new().await;
    for (id, day, more) in [
        ("a", "19", json!({"rating": 1, "category": "Network::VPN", "agent_group": "one", "channel": "web"})),
        ("b", "20", json!({"rating": 5, "category": "Networking", "organization_id": "acme"})),
        ("c", "21", json!({"rating": 5, "comment": "Slow", "category": "Network", "channel": "web"})),
    ] {
        let mut survey = more;
        (survey["id"], survey["answered_at"]) = (json!(id), json!(format!("2025-11-{day}T09:00:00Z")));
        keep(&app, survey).await;
    }
    for (query, found) in [
        ("", &["c", "b", "a"][..]),
        ("from=2025-11-20T09:00:00Z", &["c", "b"]),
        ("to=2025-11-20T09:00:00Z", &["a"]),
        ("from=2025-11-20&to=2025-11-21", &["b"]),
        ("low=true", &["a"]),
        ("low=false&category=", &["c", "b"]),
        ("sentiment=mixed", &["c"]),
        ("aspect=speed", &["c"]),
        ("aspect=price", &[]),
        ("category=Network", &["c", "a"]),
        ("category=Network::VPN", &["a"]),
        ("agent_group=one", &["a"]),
        ("organization=acme", &["b"]),
        ("channel=web", &["c", "a"]),
        ("channel=web&low=true", &["a"]),
        ("follow_up=open,due_soon,overdue", &["a"]),
        ("follow_up=closed", &[]),
    ] {
        assert_eq!(ids(&app, query).await, found, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_even_where_all_answered_at_once() {
    let app = TestApp::new().await;
    for number in 0..7 {
        keep(&app, json!({"id": format!("a/{number}"), "rating": 1, "answered_at": "2025-11-21T09:00:00Z"}))
            .await;
    }
    for list in ["surveys", "follow-ups"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        for _ in 0..3 {
            let page = app.get(&format!("/v1/{list}?limit=3&after={after}")).await.json();
            let surveys = page["surveys"].as_array().unwrap();
            seen.extend(surveys.iter().map(|survey| survey["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = next.replace('/', "%2F");
        }
        seen.sort();
        assert_eq!(seen, (0..7).map(|number| format!("a/{number}")).collect::<Vec<_>>(), "{list}");
    }
}

#[tokio::test]
async fn a_survey_that_is_deleted_is_gone_with_its_follow_up() {
    let app = TestApp::new().await;
    keep(&app, json!({"id": "s-1", "rating": 1})).await;
    assert_eq!(app.delete("/v1/surveys/s-1").await.status, 204);
    assert_eq!(app.delete("/v1/surveys/s-1").await.status, 404);
    assert_eq!(app.get("/v1/follow-ups").await.json()["surveys"], json!([]));
    insta::assert_snapshot!(app.get("/v1/surveys/s-1").await.refusal(), @r#"
    404 survey_not_found
    There is no survey with this id: Surveys are kept when POST /v1/surveys gets them; check the id, and write a / in it as %2F.
    "#);
    // The same id later is another survey.
    assert_eq!(keep(&app, json!({"id": "s-1", "rating": 5})).await["survey"]["follow_up"], Value::Null);
}

#[tokio::test]
async fn nonsense_is_refused_with_the_field_and_what_may_stand_there() {
    let app = TestApp::new().await;
    insta::assert_snapshot!(refused(&app, json!({"id": "s", "rating": 8})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/rating" is not on the scale 1-5: it must be a number from 1 to 5, or another scale must be named in rating_scale
    "#);
    insta::assert_snapshot!(refused(&app, json!({"id": "s", "rating": 0, "rating_scale": "1-10"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/rating" is not on the scale 1-10: it must be a number from 1 to 10
    "#);
    insta::assert_snapshot!(refused(&app, json!({"id": "s", "rating": "five"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/rating" is a string; it must be a number, or of a thumb true, false, `up`, `down`, `good` or `bad`
    "#);
    insta::assert_snapshot!(refused(&app, json!({"id": "s", "comment": " \n"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "" neither rating nor comment is given; one of them must be
    "#);
    insta::assert_snapshot!(refused(&app, json!({"id": "s", "rating": 5, "answered_at": "2999-01-01T00:00:00Z"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/answered_at" lies in the future; give when it was answered, or nothing for now
    "#);
    insta::assert_snapshot!(refused(&app, json!({"id": "s", "comment": "x".repeat(1 << 20)})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/comment" length is greater than 20000
    "#);
    insta::assert_snapshot!(refused(&app, json!({"id": " ", "rating": 5})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/id" must have letters or digits and no control characters
    "#);
    insta::assert_snapshot!(refused(&app, json!({"rating": 5})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/id" is missing
    "#);
    assert_eq!(ids(&app, "").await, [""; 0], "nothing of it is kept");
    let strange = keep(&app, json!({"id": "s", "rating": 5, "category": "Gardening"})).await;
    assert_eq!(
        strange["warnings"],
        json!(["category is not a label of this bundle's taxonomy; it is kept as it is"])
    );
}

#[tokio::test]
async fn parameters_that_cannot_be_read_are_refused_by_name() {
    let app = TestApp::new().await;
    let refused = |path: &'static str| async { app.get(path).await.refusal() };
    insta::assert_snapshot!(refused("/v1/surveys?from=2025-11-21&to=2025-11-21").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "to" must be later than from; the window holds no time
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?from=yesterday").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "from" must be a time as RFC 3339 has it, such as 2026-11-21T09:40:00Z, or a date such as 2026-11-21
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?low=perhaps").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "low" must be true or false
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?follow_up=late").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "follow_up" is not known; use one of `open`, `due_soon`, `overdue`, `contacted`, `closed`
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?categroy=Network").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "categroy" is not a parameter that is known here; known are `from`, `to`, `low`, `sentiment`, `aspect`, `category`, `agent_group`, `organization`, `channel`, `follow_up`, `after`, `limit`
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?limit=many").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "limit" must be a whole number, 0 or more, and not too large
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?limit=1000").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "limit" must be 1 to 200
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?after=page-2").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "after" is no place in the list; give what `next` of the page before says
    "#);
    insta::assert_snapshot!(refused("/v1/surveys?channel=a&channel=b").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "channel" is given twice
    "#);
}

#[tokio::test]
async fn no_comment_and_no_customer_is_named_in_a_refusal() {
    let app = TestApp::new().await;
    let answer: Answer = app
        .post("/v1/surveys", json!({"id": "s", "rating": 9, "comment": "MARKER", "requester_id": "MARKER"}))
        .await;
    assert!(!answer.text().contains("MARKER"), "{}", answer.text());
}
