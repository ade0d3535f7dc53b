//! What is refused, and in which words. Each snapshot is read by someone: it is what a caller sees.

#![allow(clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::{Method, Request};
use std::num::NonZeroU64;

use common::{TestApp, request};
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
async fn a_body_over_the_limit_is_refused_with_the_limit_however_it_is_sent() {
    let app = TestApp::new().await;
    let ten_megabytes = json!({"ticket": {"body": "x".repeat(10 << 20)}}).to_string();
    let answer = app.post_as(TRIAGE, "application/json", ten_megabytes.clone()).await;
    insta::assert_snapshot!(answer.refusal(), @r"
    413 body_too_large
    The body is too large: At most 2097152 bytes are read here (server.max_body_bytes). Send less at a time, or have the administrator raise the limit.
    ");
    // In pieces, without a length beforehand.
    let body = common::pieces(ten_megabytes.as_bytes().chunks(100_000).map(|piece| Ok(piece.to_vec())));
    let chunked = app.send(request(Method::POST, TRIAGE, Some("application/json"), body)).await;
    assert_eq!(chunked.refusal(), answer.refusal());
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused_with_the_offset_of_the_byte() {
    let body = b"{\"ticket\":{\"subject\":\"caf\xe9\"}}".to_vec();
    let answer = TestApp::new().await.post_as(TRIAGE, "application/json", body).await;
    insta::assert_snapshot!(answer.refusal(), @r"
    400 invalid_utf8
    The text is not UTF-8: The byte at offset 25 does not belong to UTF-8 text. Send it as UTF-8.
    ");
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let answer =
        app.post_as(TRIAGE, "application/json", "{\"ticket\":\n {\"subject\": \"Zanzibar\",, }}").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    400 malformed_json
    The body is not JSON: At line 2, column 25: key must be a string. Correct the JSON at that place and send the request again.
    ");
    let answer = app.post_as(TRIAGE, "application/json", "{\"ticket\": {\"subject\": \"Zanzi").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    400 malformed_json
    The body is not JSON: At line 1, column 29: the body ends within a string. Correct the JSON at that place and send the request again.
    ");
    let answer = app.post_as(TRIAGE, "application/json", "{\"ticket\": {\"subject\": \"a\"}} {}").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    400 malformed_json
    The body is not JSON: At line 1, column 30: trailing characters. Correct the JSON at that place and send the request again.
    ");
    let answer = app.post_as(TRIAGE, "application/json", "").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    400 malformed_json
    The body is not JSON: The body is empty. Correct the JSON at that place and send the request again.
    ");
    let deep = format!("{{\"ticket\": {}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let answer = app.post_as(TRIAGE, "application/json", deep).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/0" is an array; it must be a string
    "#);
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let app = TestApp::new().await;
    let answer = app.post(TRIAGE, json!({"ticket": {"subject": "a", "titel": MARKER}})).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/ticket/titel" is not a field that is known here; known are `id`, `subject`, `body`, `body_format`, `channel`, `created_at`, `requester_id`, `organization_id`, `submitted`, `sla`
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
    "/rating" is a string; it must be a number
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
    let comments = json!({"comments": [{"text": "fine"}, {"text": " "}, {"text": "x", "rating": 6}]});
    let answer = app.post("/v1/sentiment", comments).await;
    insta::assert_snapshot!(answer.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/comments/1/text" text is empty; it must have words
    "/comments/2/rating" is greater than 5
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
    "/comments/1/words" is not a field that is known here; known are `id`, `text`, `question`, `rating`
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
async fn a_body_of_another_kind_is_refused() {
    let app = TestApp::new().await;
    let answer = app.post_as(TRIAGE, "application/x-www-form-urlencoded", "{}").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    415 unsupported_media_type
    A body of this kind is not read here: This address reads application/json. Send it uncompressed, as a kind that is, with that kind in Content-Type.
    ");
    let answer = app.send(request(Method::POST, TRIAGE, None, "{}")).await;
    insta::assert_snapshot!(answer.refusal(), @r"
    415 unsupported_media_type
    A body of this kind is not read here: The request has no Content-Type; this address reads application/json. Send it uncompressed, as a kind that is, with that kind in Content-Type.
    ");
    let mut compressed = request(Method::POST, TRIAGE, Some("application/json"), "{}");
    compressed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    insta::assert_snapshot!(app.send(compressed).await.refusal(), @r"
    415 unsupported_media_type
    A body of this kind is not read here: The request has a Content-Encoding. Send it uncompressed, as a kind that is, with that kind in Content-Type.
    ");
    let answer = app.post_as("/v1/articles/import", "application/pdf", "%PDF").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    415 unsupported_media_type
    A body of this kind is not read here: This address reads application/x-ndjson, application/json, text/csv or text/tab-separated-values. Send it uncompressed, as a kind that is, with that kind in Content-Type.
    ");
}

#[tokio::test]
async fn json_under_another_name_is_read() {
    let app = TestApp::new().await;
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.helpdesk+json"] {
        let answer = app.post_as(TRIAGE, kind, "{\"ticket\":{\"subject\":\"a\"}}").await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_address_that_there_is_not_is_refused() {
    let answer = TestApp::new().await.get("/v2/triage?subject=Zanzibar").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    404 no_such_route
    There is nothing at this address: See /docs for the addresses that there are.
    ");
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused_with_those_that_it_does() {
    let app = TestApp::new().await;
    insta::assert_snapshot!(app.get(TRIAGE).await.refusal(), @r"
    405 method_not_allowed
    allow: POST
    This address does not take the method: Use one of the methods that the Allow header names.
    ");
    let post = request(Method::POST, "/v1/articles/a", None, Body::empty());
    insta::assert_snapshot!(app.send(post).await.refusal(), @r"
    405 method_not_allowed
    allow: PUT,GET,HEAD,DELETE
    This address does not take the method: Use one of the methods that the Allow header names.
    ");
}

#[tokio::test]
async fn an_article_or_ticket_that_there_is_not_is_refused() {
    let app = TestApp::new().await;
    insta::assert_snapshot!(app.get("/v1/articles/none").await.refusal(), @r"
    404 article_not_found
    There is no article with this id: Check the id; a / in it has to be written as %2F.
    ");
    assert_eq!(app.delete("/v1/articles/none").await.status, 404);
    insta::assert_snapshot!(app.get("/v1/tickets/none").await.refusal(), @r"
    404 ticket_not_found
    There is no ticket with this id: Tickets are kept when POST /v1/triage gets them with an id; check this one, and write a / in it as %2F.
    ");
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_refused() {
    let app = TestApp::new().await;
    insta::assert_snapshot!(app.get("/v1/articles/%FF").await.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "id" is not UTF-8 after decoding its % signs
    "#);
    insta::assert_snapshot!(app.get(&format!("/v1/articles/{}", "x".repeat(513))).await.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "id" must have 1 to 512 bytes and no control characters
    "#);
}

#[tokio::test]
async fn a_file_that_cannot_be_imported_is_refused() {
    let app = TestApp::new().await;
    let answer = app.post_as("/v1/articles/import", "text/csv", "colour,size\nred,2\n").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    422 unreadable_import
    The file cannot be imported: body, line 1: the header row has no column `id` (it has: colour, size); add one. Nothing of it was kept. Correct it and send it again.
    ");
    let answer = app.post_as("/v1/articles/import", "application/json", "\"no articles\"").await;
    insta::assert_snapshot!(answer.refusal(), @r"
    422 unreadable_import
    The file cannot be imported: body must be an array of articles, or an object whose `articles` is such an array, as a help centre exports it. Nothing of it was kept. Correct it and send it again.
    ");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let body =
        common::pieces([Ok(b"{\"ticket\":".to_vec()), Err(std::io::Error::other("the line went dead"))]);
    let mut broken = request(Method::POST, TRIAGE, Some("application/json"), body);
    broken.headers_mut().insert("content-length", "500".parse().unwrap());
    insta::assert_snapshot!(TestApp::new().await.send(broken).await.refusal(), @r"
    400 broken_body
    The body broke off: It ended after 10 bytes of 500. Send the whole body, as long as its Content-Length says.
    ");
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

#[tokio::test]
async fn a_full_store_is_told_and_nothing_of_the_request_is_kept() {
    let app = TestApp::with(|settings| settings.store.max_mebibytes = NonZeroU64::new(1)).await;
    for n in 0..100 {
        let id = format!("t-{n}");
        let answer = app.post(TRIAGE, json!({"ticket": {"id": id, "body": "word ".repeat(10_000)}})).await;
        if answer.status == 200 {
            continue;
        }
        insta::assert_snapshot!(answer.refusal(), @r"
        507 store_full
        There is no room left to keep anything: Nothing was kept. Have the administrator free space on the disk or raise store.max_mebibytes.
        ");
        assert_eq!(app.get(&format!("/v1/tickets/{id}")).await.status, 404);
        assert!(app.get("/metrics").await.text().contains("deskhand_store_errors_total 1\n"));
        // Reading goes on.
        assert_eq!(app.get("/v1/tickets/t-0").await.status, 200);
        assert_eq!(app.post("/v1/suggest", json!({"text": "vpn"})).await.status, 200);
        return;
    }
    unreachable!("a megabyte holds no hundred tickets of fifty thousand bytes");
}

#[tokio::test]
async fn a_request_id_is_kept_if_it_is_plain_and_made_if_not() {
    let app = TestApp::new().await;
    let with_id =
        |id: &str| Request::get("/health/live").header("x-request-id", id).body(Body::empty()).unwrap();
    let kept = app.send(with_id("hd-81.2_a")).await;
    assert_eq!(kept.header("x-request-id"), Some("hd-81.2_a"));
    for bad in ["Zanzibar is down", "", &"x".repeat(65)] {
        let made = app.send(with_id(bad)).await;
        assert_eq!(made.header("x-request-id").unwrap().len(), 36);
    }
}
