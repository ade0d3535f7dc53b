//! Requests that are refused whatever their fields, and in which words. Each snapshot is read by
//! someone: it is what a caller sees.

#![allow(clippy::unwrap_used)]

mod common;

use std::num::NonZeroU64;

use axum::body::Body;
use axum::http::{Method, Request};
use common::{TestApp, request};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

const TRIAGE: &str = "/v1/triage";

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
    A body of this kind is not read here: This address reads application/x-ndjson, application/json, text/csv, text/tab-separated-values or application/xml. Send it uncompressed, as a kind that is, with that kind in Content-Type.
    ");
}

#[tokio::test]
async fn json_under_another_name_or_with_a_byte_order_mark_is_read() {
    let app = TestApp::new().await;
    let marked = app.post_as(TRIAGE, "application/json", "\u{feff}{\"ticket\":{\"subject\":\"a\"}}").await;
    assert_eq!(marked.status, 200);
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
    There is no article with this id: Check the id; in an address a / in it has to be written as %2F.
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
        There is no room left to keep anything: Nothing of this request was kept. Have the administrator free space on the disk or raise store.max_mebibytes.
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

#[test]
fn whatever_bytes_come_they_are_answered_or_refused_and_nothing_fails() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    // A good request with some bytes replaced comes further than noise does.
    let good = json!({"ticket": {"id": "1", "subject": "VPN", "body": "<p>é</p>", "created_at": "2026-11-21T09:40:00Z"}});
    let good = good.to_string().into_bytes();
    let changes = prop::collection::vec((0..good.len(), any::<u8>()), 0..6);
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&changes, |changes| {
            let mut body = good.clone();
            changes.into_iter().for_each(|(at, byte)| body[at] = byte);
            let status = runtime.block_on(app.post_as(TRIAGE, "application/json", body)).status.as_u16();
            prop_assert!([200, 400, 422].contains(&status), "{}", status);
            Ok(())
        })
        .unwrap();
}
