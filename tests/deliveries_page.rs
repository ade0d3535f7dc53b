//! The page Deliveries, through the service's router.

#![allow(clippy::unwrap_used)]

mod common;

use axum::http::StatusCode;
use common::TestApp;
use deskhand::config::Level;
use deskhand::integrations::{Note, NoteArticle, Product, Update};
use deskhand::store::{NewJob, UpdatePlan, UpdateRecord};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

const FORM: &str = "application/x-www-form-urlencoded";

/// An update of each plan, and a job that was given up; gives the number of that job.
async fn filled(app: &TestApp) -> i64 {
    let (store, now) = (&app.app.store, Timestamp::now());
    for (ticket, plan) in [("81", UpdatePlan::Write), ("82", UpdatePlan::DryRun), ("83", UpdatePlan::Nothing)]
    {
        let article = NoteArticle { id: "a".into(), title: "A <b>".into(), url: None, passage: "P".into() };
        let update = Update {
            product: Product::Zendesk,
            ticket_id: ticket.into(),
            version: "0f".repeat(32),
            prediction_id: Uuid::nil(),
            category: Some("Network <script>".into()),
            priority: None,
            impact: None,
            urgency: Some(Level::High),
            tags: Vec::new(),
            note: Some(Note { articles: vec![article], ..Note::default() }),
        };
        let jobs = if plan == UpdatePlan::Write { vec![update.job(now).unwrap()] } else { Vec::new() };
        let record = UpdateRecord {
            product: "zendesk".into(),
            ticket_id: ticket.into(),
            version: update.version.clone(),
            plan,
            content: serde_json::to_value(&update).unwrap(),
            created_at: now,
        };
        assert!(store.save_update(record.clone(), jobs, now).await.unwrap());
        assert!(!store.save_update(record, Vec::new(), now).await.unwrap(), "a version is kept once");
    }
    let job = NewJob {
        kind: "hook",
        key: "zendesk:<i>".into(),
        subject: None,
        payload: json!({"words": "Zanzibar"}),
        run_at: now,
    };
    store.enqueue(vec![job], now).await.unwrap();
    let taken = store.take_jobs("hook", 1, now, now).await.unwrap();
    let end = deskhand::store::JobEnd::Dead { error: "the helpdesk said no".into() };
    assert!(store.end_job(&taken[0], end, now).await.unwrap());
    taken[0].id
}

#[tokio::test]
async fn the_page_shows_what_was_given_up_and_what_was_or_would_have_been_written() {
    let app = TestApp::new().await;
    let empty = app.get("/deliveries").await.text();
    assert!(empty.contains("Nothing was given up.") && empty.contains("No ticket of a helpdesk"), "{empty}");
    filled(&app).await;
    let answer = app.get("/deliveries").await;
    assert_eq!(answer.status, StatusCode::OK);
    let html = answer.text();
    for words in [
        "aria-current=\"page\">Deliveries",
        "the helpdesk said no",
        "delivery zendesk:&#60;i&#62;",
        "Network &#60;script&#62;",
        "dry run: not written",
        "nothing to write",
        "update of a ticket",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!html.contains("Zanzibar") && !html.contains("<script") && html.matches("<h1").count() == 1);
    let csv = app.get("/deliveries?table=updates&format=csv").await.text();
    assert!(csv.starts_with("ticket,helpdesk,state,"), "{csv}");
    let one = app.get("/deliveries?ticket=82").await.text();
    assert!(one.contains("dry run") && !one.contains("nothing to write"), "{one}");
    let waiting = app.get("/deliveries?state=waiting&table=jobs&format=csv").await.text();
    assert_eq!(waiting.lines().count(), 2, "{waiting}");
}

#[tokio::test]
async fn a_job_that_was_given_up_is_begun_anew_by_its_button() {
    let app = TestApp::new().await;
    let id = filled(&app).await;
    let kept = app.post_as("/deliveries", FORM, format!("id={id}&back=%3Fstate%3Ddead")).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER);
    assert_eq!(kept.header("location"), Some("/deliveries?state=dead&said=due#dead"));
    let job = app.get(&format!("/v1/jobs/{id}")).await.json();
    assert_eq!(
        (&job["state"], &job["attempts"], &job["finished_at"]),
        (&json!("waiting"), &json!(0), &Value::Null)
    );
    assert_eq!(app.post_as("/deliveries", FORM, format!("id={id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.post_as("/deliveries", FORM, "id=x").await.status, StatusCode::BAD_REQUEST);
}
