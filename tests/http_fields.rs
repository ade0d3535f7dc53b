//! Fields that are refused, and in which words. Each snapshot is read by someone: it is what a caller
//! sees.

#![allow(clippy::unwrap_used)]

mod common;

use common::TestApp;
use serde_json::json;

const TRIAGE: &str = "/v1/triage";
/// Stands for the words of a ticket, which no refusal repeats.
const MARKER: &str = "Zanzibar";

#[tokio::test]
async fn a_ticket_without_words_is_refused() {
    let answer = TestApp::new().await.post(TRIAGE, json!({"ticket": {"id": "1", "subject": "  "}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket" subject and body are both empty; one of them must have words
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap(), @r#"
    {
      "type": "/docs/errors#invalid_request",
      "title": "The request is not valid",
      "status": 422,
      "code": "invalid_request",
      "detail": "Correct what `errors` names; /docs shows the form of each field.",
      "errors": [
        {
          "field": "/ticket",
          "message": "subject and body are both empty; one of them must have words"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let app = TestApp::new().await;
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a", "titel": MARKER}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/titel" is not a field that is known here; known are `id`, `subject`, `body`, `body_format`, `channel`, `created_at`, `requester_id`, `organization_id`, `form`, `agent_group`, `submitted`, `sla`
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a"}, "option": {}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/option" is not a field that is known here; known are `ticket` or `options`
    "#);
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let answer = TestApp::new().await.post(TRIAGE, json!({"options": {}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket" is missing
    "#);
}

#[tokio::test]
async fn a_wrong_type_is_refused_without_repeating_the_value() {
    let app = TestApp::new().await;
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": [MARKER]}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/subject" is an array; it must be a string
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": MARKER})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket" is a string; it must be an object
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a"}, "options": {"top_n": MARKER}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/options/top_n" is a string; it must be a whole number, 0 or more
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a"}, "options": {"top_n": -1}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/options/top_n" is a whole number; it must be a whole number, 0 or more
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a", "created_at": MARKER}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/created_at" is not a time; write it as RFC 3339 does, such as 2026-11-21T09:40:00Z
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a", "body_format": 7}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/body_format" is not of the right type; it must be a string
    "#);
    let answer = app.post("/v1/sentiment", json!({"text": "a", "rating": "five"})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/rating" is a string; it must be a number, or of a thumb true, false, `up`, `down`, `good` or `bad`
    "#);
    let answer = app.post("/v1/sentiment", json!({"comments": MARKER})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/comments" is a string; it must be an array
    "#);
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a"}, "options": {"explain": 1}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/options/explain" is a whole number; it must be true or false
    "#);
    let answer =
        app.post_as(TRIAGE, "application/json", r#"{"ticket": {"subject": "a", "subject": "b"}}"#).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/subject" is given twice
    "#);
    let answer = app.post(TRIAGE, json!([MARKER])).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "" is an array; it must be an object
    "#);
}

#[tokio::test]
async fn an_unknown_audience_is_refused_with_those_that_there_are() {
    let answer =
        TestApp::new().await.post("/v1/suggest", json!({"text": "vpn", "audience": "everyone"})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/audience" is not known; use `customer` or `agent`
    "#);
}

#[tokio::test]
async fn a_bad_priority_is_refused_with_those_that_there_are() {
    let ticket = json!({"ticket": {"subject": "a", "submitted": {"priority": "urgent`, expected Zanzibar"}}});
    let answer = TestApp::new().await.post(TRIAGE, ticket).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/submitted/priority" is not known; use one of `P1`, `P2`, `P3`, `P4`
    "#);
}

#[tokio::test]
async fn every_field_out_of_range_is_named_at_once() {
    let request = json!({
        "ticket": {"id": "", "subject": "a", "submitted": {"category": "x".repeat(301)}},
        "options": {"top_n": 0, "articles": 51, "similar": 51}
    });
    let answer = TestApp::new().await.post(TRIAGE, request).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/options/articles" is greater than 50
    "/options/similar" is greater than 50
    "/options/top_n" is lower than 1
    "/ticket/id" length is lower than 1
    "/ticket/submitted/category" length is greater than 300
    "#);
}

#[tokio::test]
async fn a_question_is_a_text_or_a_ticket() {
    let app = TestApp::new().await;
    let answer = app.post("/v1/suggest", json!({})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "" neither text nor ticket is given; give one of them
    "#);
    let answer = app.post("/v1/suggest", json!({"text": "a", "ticket": {"subject": "a"}, "top": 51})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "" text and ticket are both given; give one of them
    "/top" is greater than 50
    "#);
}

#[tokio::test]
async fn a_comment_without_words_is_refused_by_its_place() {
    let app = TestApp::new().await;
    let comments =
        json!({"comments": [{"text": "fine"}, {"text": " "}, {"text": "x", "question": "y".repeat(1_001)}]});
    let answer = app.post("/v1/sentiment", comments).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/comments/1/text" text is empty; it must have words
    "/comments/2/question" length is greater than 1000
    "#);
    let answer = app.post("/v1/sentiment", json!({"comments": [{"text": "a"}], "text": "b"})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/text" stands beside `comments`; put it into one of them
    "#);
    let answer = app.post("/v1/sentiment", json!({"id": "s-1"})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/text" is missing; give it, or several comments in `comments`
    "#);
    let many = vec![json!({"text": "a"}); 257];
    let answer = app.post("/v1/sentiment", json!({ "comments": many })).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/comments" length is greater than 256
    "#);
    let answer = app.post("/v1/sentiment", json!({"comments": [{"text": "a"}, {"words": "a"}]})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/comments/1/words" is not a field that is known here; known are `id`, `text`, `question`, `rating`, `rating_scale`
    "#);
}

#[tokio::test]
async fn an_article_that_cannot_be_shown_is_refused() {
    let body = json!({
        "title": "x".repeat(501), "url": "javascript:alert(1)", "language": "English", "tags": ["", "y".repeat(101)]
    });
    let answer = TestApp::new().await.put("/v1/articles/a", body).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/language" is no language code; write two small letters such as en (ISO 639-1)
    "/tags/1" length is greater than 100
    "/title" length is greater than 500
    "/url" is no web address; it must start with http:// or https://
    "#);
}

#[tokio::test]
async fn no_refusal_repeats_the_words_of_a_ticket() {
    let app = TestApp::new().await;
    let bodies = [
        json!({"ticket": {"subject": {"Zanzibar": 1}}}),
        json!({"ticket": {"subject": "a", "body_format": MARKER}}),
        json!({"ticket": {"subject": "a", "sla": {"due_at": MARKER}}}),
        json!({"ticket": {"subject": "a"}, "options": {"explain": MARKER}}),
        json!({"ticket": {"subject": "a"}, "options": MARKER}),
        json!({"ticket": {"subject": "a", "id": {"a": MARKER}}}),
        json!(MARKER),
    ];
    for body in bodies {
        let answer = app.post(TRIAGE, body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(!answer.text().contains(MARKER), "{}", answer.text());
    }
}
