//! What the widget tells: tickets that nobody had to write, and words that found no answer.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use common::{Answer, TestApp};
use serde_json::{Value, json};

const PORTAL: &str = "https://help.example";

async fn desk(keep: u32) -> TestApp {
    let app = TestApp::with(|settings| {
        settings.ui.widget_origins = vec![PORTAL.into()];
        settings.ui.keep_unanswered = keep;
    })
    .await;
    for (id, audience) in [("toner", "customer"), ("key", "agent")] {
        let article = json!({"title": id, "body": "About the printer.", "audience": audience});
        assert_eq!(app.put(&format!("/v1/articles/{id}"), article).await.status, 200);
    }
    app
}

async fn say(app: &TestApp, deflection: Value) -> Answer {
    app.post("/v1/deflections", deflection).await
}

#[tokio::test]
async fn a_solved_visit_is_a_deflected_ticket_and_feedback_for_the_article() {
    let app = desk(0).await;
    let visit = json!({"session_id": "v1", "article_id": "toner"});
    let first = say(&app, visit.clone()).await;
    assert_eq!((first.status, &first.json()["changed"]), (StatusCode::OK, &json!(true)));
    assert_eq!(say(&app, visit).await.json()["changed"], false);
    say(&app, json!({"session_id": "v2", "outcome": "unanswered"})).await;
    let sums = app.get("/v1/deflections/summary").await.json();
    assert_eq!((&sums["deflected"], &sums["unanswered"]), (&json!(1), &json!(1)));
    assert_eq!(sums["articles"], json!([{"article_id": "toner", "deflected": 1}]));
    assert_eq!(sums["days"].as_array().unwrap().len(), 1);
    assert_eq!(app.get("/v1/articles/toner/feedback").await.json()["solved"], 1);
    let before = "/v1/deflections/summary?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z";
    assert_eq!(app.get(before).await.json()["deflected"], 0);
}

#[tokio::test]
async fn what_was_typed_is_kept_only_in_vain_and_only_where_the_site_asks_for_it() {
    let typed =
        |session: &str| json!({"session_id": session, "outcome": "unanswered", "text": "A standing desk?"});
    let (keeps, keeps_not) = (desk(5).await, desk(0).await);
    assert_eq!(say(&keeps, typed("v1")).await.json()["text_kept"], true);
    assert_eq!(say(&keeps_not, typed("v1")).await.json()["text_kept"], false);
    let solved = json!({"session_id": "v2", "article_id": "toner", "text": "not to be kept"});
    assert_eq!(say(&keeps, solved).await.json()["text_kept"], false);
    let kept = async |app: &TestApp| {
        let (from, to) = ("2020-01-01T00:00:00Z".parse().unwrap(), "2999-01-01T00:00:00Z".parse().unwrap());
        app.app.store.unanswered_texts(from, to, 9).await.unwrap().into_iter().map(|kept| kept.text).collect()
    };
    assert_eq!(kept(&keeps).await, ["A standing desk?"]);
    let nothing: Vec<String> = kept(&keeps_not).await;
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn a_deflection_that_cannot_be_kept_says_why() {
    let app = desk(5).await;
    let refused = |deflection: Value| async { say(&app, deflection).await.refusal() };
    insta::assert_snapshot!(refused(json!({"session_id": "v"})).await);
    insta::assert_snapshot!(
        refused(json!({"session_id": "v", "outcome": "unanswered", "article_id": "toner"})).await
    );
    let long = json!({"session_id": "", "outcome": "unanswered", "text": "x".repeat(2_001)});
    insta::assert_snapshot!(refused(long).await);
    // An article for agents is to customers as if it were not there.
    for article in ["key", "none"] {
        let visit = json!({"session_id": "v", "article_id": article});
        assert_eq!(say(&app, visit).await.json()["code"], "article_not_found", "{article}");
    }
    let wrong = async |query: &str| app.get(&format!("/v1/deflections/summary?{query}")).await.refusal();
    insta::assert_snapshot!(wrong("from=yesterday").await);
    insta::assert_snapshot!(wrong("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z").await);
}

/// What a browser asks before a page of another site may post JSON, or that post.
async fn from_page(app: &TestApp, method: Method, path: &str, origin: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("origin", origin)
        .header("content-type", "application/json")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    app.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn only_pages_of_the_sites_that_were_named_may_ask_and_only_the_widget_s_addresses() {
    let (app, off) = (desk(0).await, TestApp::new().await);
    let allowed = async |app: &TestApp, path: &str, origin: &str| {
        let answer = from_page(app, Method::OPTIONS, path, origin, "").await;
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    for path in ["/v1/suggest", "/v1/deflections"] {
        assert_eq!(allowed(&app, path, PORTAL).await.as_deref(), Some(PORTAL), "{path}");
        assert_eq!(allowed(&app, path, "https://evil.example").await, None, "{path}");
        assert_eq!(allowed(&off, path, PORTAL).await, None, "{path}");
    }
    for path in ["/v1/triage", "/v1/feedback", "/v1/deflections/summary", "/v1/articles/toner"] {
        assert_eq!(allowed(&app, path, PORTAL).await, None, "{path}");
    }
    let script = app.get("/widget.js").await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(off.get("/widget.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_of_another_site_gets_what_is_for_customers_and_no_more() {
    let app = desk(0).await;
    let ask = async |origin: &str, audience: &str| {
        let body = json!({"text": "printer", "audience": audience}).to_string();
        from_page(&app, Method::POST, "/v1/suggest", origin, &body).await
    };
    let found = ask(PORTAL, "customer").await;
    assert_eq!((found.status, found.header("access-control-allow-origin")), (StatusCode::OK, Some(PORTAL)));
    assert!(!found.text().contains("\"key\""), "{}", found.text());
    let refused = ask(PORTAL, "agent").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["field"], "/audience");
    assert_eq!(ask("https://desk.example", "agent").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_was_typed_in_vain_feeds_the_gaps_beside_tickets_and_their_surveys() {
    let app = TestApp::with(|settings| {
        settings.ui.widget_origins = vec![PORTAL.into()];
        settings.ui.keep_unanswered = 9;
    })
    .await;
    let words = "Which standing desk may I order for my home office";
    for n in 0..3 {
        let visit = json!({"session_id": format!("v{n}"), "outcome": "unanswered", "text": words});
        assert_eq!(say(&app, visit).await.json()["text_kept"], true);
    }
    let ticket = json!({"ticket": {"id": "81", "subject": words, "channel": "email"}});
    assert_eq!(app.post("/v1/triage", ticket).await.status, StatusCode::OK);
    let survey = json!({"id": "s1", "ticket_id": "81", "rating": 1, "comment": "Nobody ever answered me."});
    assert_eq!(app.post("/v1/surveys", survey).await.status, StatusCode::OK);

    let report = app.get("/v1/audit/gaps").await.json();
    assert_eq!((&report["unanswered"], &report["grouped"]), (&json!(4), &json!(4)), "{report:#}");
    let group = &report["groups"][0];
    assert_eq!((&group["tickets"], &group["visits"]), (&json!(4), &json!(3)));
    let members: Vec<&str> = group["members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(members.contains(&"81") && members.contains(&"visit:v0"), "{members:?}");
    let felt = app.app.store.ticket_sentiments(&["81".to_owned(), "82".to_owned()]).await.unwrap();
    assert_eq!(felt.len(), 1);
    assert!(felt["81"] >= -1.0 && felt["81"] <= 1.0);

    // A visit is of no channel: a filter leaves it out.
    let filtered = app.get("/v1/audit/gaps?channel=email").await.json();
    assert_eq!(filtered["unanswered"], 1, "{filtered:#}");
}
