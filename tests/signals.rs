//! Customers at risk: raised once with their grounds, announced, set aside, and gone when it is over.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, TestApp};
use deskhand::store::{JobFilter, SignalRule, SignalState, SubjectKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// So many minutes before now.
fn ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// A ticket of requester 8 of organization 3, of a category that agents settled on.
async fn came_in(app: &TestApp, id: &str, minutes_ago: i64, category: &str, sla: Value) {
    let ticket = json!({
        "id": id, "body": format!("Ticket {id} about {category}"), "created_at": ago(minutes_ago),
        "requester_id": "8", "organization_id": "3", "sla": sla
    });
    let answer = app.post("/v1/triage", json!({"ticket": ticket})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let outcome = json!({"category": category});
    assert_eq!(app.post(&format!("/v1/tickets/{id}/outcome"), outcome).await.status, 200);
}

async fn happened(app: &TestApp, id: &str, events: &[(&str, i64)]) {
    let events: Vec<Value> =
        events.iter().map(|(kind, minutes)| json!({"kind": kind, "at": ago(*minutes)})).collect();
    let answer = app.post(&format!("/v1/tickets/{id}/events"), json!({"events": events})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn answered(app: &TestApp, id: &str, ticket: &str, rating: u32, minutes_ago: i64) {
    let survey = json!({
        "id": id, "ticket_id": ticket, "rating": rating, "rating_scale": "1-5", "answered_at": ago(minutes_ago)
    });
    let answer = app.post("/v1/surveys", survey).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// Runs the checker; the rules of the signals that are new, in order of their names.
async fn raised(app: &TestApp) -> Vec<String> {
    let found = app.app.signals.run(Timestamp::now()).await.unwrap();
    let named = found.raised.iter().map(|signal| format!("{} {}", word(&signal.rule), signal.subject.id));
    let mut named: Vec<String> = named.collect();
    named.sort();
    named
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

async fn listed(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.get(&format!("/v1/signals{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["signals"].as_array().unwrap().clone()
}

async fn rules(app: &TestApp, query: &str) -> Vec<String> {
    let mut rules: Vec<String> =
        listed(app, query).await.iter().map(|signal| signal["rule"].as_str().unwrap().to_owned()).collect();
    rules.sort();
    rules.dedup();
    rules
}

#[tokio::test]
async fn an_account_from_its_first_ticket_to_at_risk_and_back() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/v1/accounts/requester/8").await.json()["code"], "account_not_found");

    // The first ticket is nothing special.
    came_in(&app, "t1", 12 * DAY, "Network", Value::Null).await;
    assert!(raised(&app).await.is_empty());
    let account = app.get("/v1/accounts/requester/8").await.json();
    assert_eq!((account["tickets"][0]["id"].as_str(), &account["signals"]), (Some("t1"), &json!([])));

    // It comes back twice, and is rated low twice: by the person, and so by the organization.
    let twice = [("solved", 11 * DAY), ("reopened", 10 * DAY), ("solved", 9 * DAY), ("reopened", 8 * DAY)];
    happened(&app, "t1", &twice).await;
    assert_eq!(raised(&app).await, ["contacts_without_solution 8", "reopened_repeatedly t1"]);
    answered(&app, "s1", "t1", 1, 9 * DAY).await;
    assert!(raised(&app).await.is_empty());
    answered(&app, "s2", "t1", 2, 8 * DAY).await;
    assert_eq!(raised(&app).await, ["low_scores_in_a_row 3", "low_scores_in_a_row 8"]);

    // More tickets of another kind, one of them acknowledged and forgotten, and one that must be solved soon.
    came_in(&app, "t2", 3 * DAY, "Printing", Value::Null).await;
    happened(&app, "t2", &[("acknowledged", 25 * HOUR)]).await;
    let due = json!({"due_at": ago(-10)});
    came_in(&app, "t3", 2 * DAY, "Printing", due).await;
    came_in(&app, "t4", DAY, "Printing", Value::Null).await;
    assert_eq!(
        raised(&app).await,
        ["silence_after_acknowledgment t2", "sla_at_risk t3", "tickets_across_categories 8"]
    );
    assert!(raised(&app).await.is_empty(), "each is raised once");

    // Everything is on one page, with its grounds.
    let account = app.get("/v1/accounts/requester/8").await.json();
    assert_eq!(account["tickets"].as_array().unwrap().len(), 4);
    assert_eq!(account["categories"][0], json!({"category": "Printing", "tickets": 3}));
    assert_eq!(account["surveys"][0]["rating"], 2.0);
    let weeks = account["weeks"].as_array().unwrap();
    assert_eq!(weeks.iter().map(|week| week["tickets"].as_u64().unwrap()).sum::<u64>(), 4);
    assert!((13..=14).contains(&weeks.len()), "{weeks:?}");
    assert_eq!(account["signals"].as_array().unwrap().len(), 3);
    let silence = &listed(&app, "?rule=silence_after_acknowledgment").await[0];
    assert!(silence["told"].as_str().unwrap().starts_with("The requester got a first sign on "), "{silence}");

    // One is set aside; it is no longer open, and stays.
    let id = silence["id"].as_str().unwrap();
    let path = format!("/v1/signals/{id}/dismiss");
    assert_eq!(app.post(&path, json!({"by": "kim"})).await.json()["state"], "dismissed");
    assert_eq!(app.post(&path, json!({"by": "lee"})).await.json()["dismissed_by"], "kim");
    assert!(!rules(&app, "").await.contains(&"silence_after_acknowledgment".to_owned()));
    assert_eq!(rules(&app, "?state=dismissed").await, ["silence_after_acknowledgment"]);
    assert!(raised(&app).await.is_empty());

    // Everything is solved, and the customer says so.
    for ticket in ["t1", "t2", "t3", "t4"] {
        happened(&app, ticket, &[("agent_reply", 3), ("solved", 2)]).await;
    }
    answered(&app, "s3", "t4", 5, 1).await;
    assert!(raised(&app).await.is_empty());
    // What counts tickets of the last days holds until the days are over.
    assert_eq!(rules(&app, "").await, ["reopened_repeatedly", "tickets_across_categories"]);
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 40);
    assert!(app.app.signals.run(later).await.unwrap().raised.is_empty());
    assert!(listed(&app, "?state=open,dismissed").await.is_empty());
    let account = app.get("/v1/accounts/requester/8").await.json();
    assert!(account["signals"].as_array().unwrap().iter().all(|signal| signal["state"] == "resolved"));
}

#[tokio::test]
async fn a_signal_is_announced_in_the_transaction_that_raises_it() {
    let app = TestApp::new().await;
    came_in(&app, "t1", 60, "Network", json!({"due_at": ago(-5)})).await;
    happened(&app, "t1", &[("reopened", 40), ("reopened", 30)]).await;
    assert_eq!(raised(&app).await, ["reopened_repeatedly t1", "sla_at_risk t1"]);
    let filter = JobFilter { kind: Some("event".to_owned()), limit: 10, ..JobFilter::default() };
    let jobs = app.app.store.jobs(&filter).await.unwrap();
    let mut types: Vec<&str> = jobs.iter().map(|job| job.payload["type"].as_str().unwrap()).collect();
    types.sort_unstable();
    assert_eq!(types, ["customer.at_risk", "sla.at_risk"]);
    for job in &jobs {
        let data = &job.payload["data"];
        let signal = app.app.store.signal(data["signal_id"].as_str().unwrap()).await.unwrap().unwrap();
        assert_eq!(data["subject"], json!({"kind": "ticket", "id": "t1"}));
        assert_eq!((word(&signal.rule), signal.state()), (word(&data["rule"]), SignalState::Open));
        assert!(!job.payload.to_string().contains("about"), "no words of a ticket: {}", job.payload);
    }
}

#[tokio::test]
async fn only_those_to_whom_something_happened_are_looked_at() {
    let app = TestApp::new().await;
    let looked_at = || async { app.app.signals.run(Timestamp::now()).await.unwrap().looked_at };
    came_in(&app, "t1", 60, "Network", Value::Null).await;
    came_in(&app, "t2", 50, "Network", Value::Null).await;
    // Two tickets, their requester, and the organization.
    assert_eq!(looked_at().await, 4);
    assert_eq!(looked_at().await, 0);
    let reply = json!({"events": [{"kind": "requester_reply", "at": ago(10)}]});
    app.post("/v1/tickets/t1/events", reply.clone()).await;
    assert_eq!(looked_at().await, 3);
    app.post("/v1/tickets/t1/events", reply).await;
    assert_eq!(looked_at().await, 0, "told again, nothing happened");
    answered(&app, "s1", "t1", 1, 5).await;
    assert_eq!(looked_at().await, 2);
    assert_eq!(app.delete("/v1/surveys/s1").await.status, 204);
    assert_eq!(looked_at().await, 2);
}

#[tokio::test]
async fn what_time_alone_changes_is_looked_at_when_the_time_has_come() {
    let app = TestApp::new().await;
    let due = Timestamp::now() + SignedDuration::from_hours(5);
    came_in(&app, "t1", 60, "Network", json!({"due_at": due})).await;
    let before = due - SignedDuration::from_secs(15 * 60 + 1);
    assert!(app.app.signals.run(before).await.unwrap().raised.is_empty());
    let then = before + SignedDuration::from_secs(1);
    let found = app.app.signals.run(then).await.unwrap();
    assert_eq!((found.looked_at, found.raised.len()), (1, 1));
    let signal = &found.raised[0];
    assert_eq!((signal.rule, signal.subject.kind), (SignalRule::SlaAtRisk, SubjectKind::Ticket));
    assert_eq!(signal.raised_at, then);
}

#[tokio::test]
async fn signals_come_page_by_page() {
    let app = TestApp::new().await;
    for number in 0..5 {
        came_in(&app, &format!("t{number}"), 60, "Network", json!({"due_at": ago(-5)})).await;
        app.app.signals.run(Timestamp::now()).await.unwrap();
    }
    let (mut query, mut found) = ("?subject_kind=ticket&limit=2".to_owned(), Vec::new());
    loop {
        let page = app.get(&format!("/v1/signals{query}")).await.json();
        let ids = page["signals"].as_array().unwrap().iter();
        found.extend(ids.map(|signal| signal["subject"]["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?subject_kind=ticket&limit=2&after={}", next.replace(':', "%3A"));
    }
    assert_eq!(found, ["t4", "t3", "t2", "t1", "t0"]);
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let app = TestApp::new().await;
    let refused = |answer: Answer| answer.refusal();
    insta::assert_snapshot!(refused(app.get("/v1/signals?state=new").await), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "state" is not known; use one of `open`, `dismissed`, `resolved`
    "#);
    insta::assert_snapshot!(refused(app.get("/v1/signals?after=x").await), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "after" is no place in the list; give what `next` of the page before says
    "#);
    insta::assert_snapshot!(refused(app.post("/v1/signals/x/dismiss", json!({"by": "kim"})).await), @r#"
    404 signal_not_found
    There is no signal with this id: GET /v1/signals lists those that there are.
    "#);
    insta::assert_snapshot!(refused(app.post("/v1/signals/x/dismiss", json!({"by": ""})).await), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/by" length is lower than 1
    "#);
    insta::assert_snapshot!(refused(app.get("/v1/accounts/team/8").await), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "kind" is not known; use `requester` or `organization`
    "#);
    insta::assert_snapshot!(refused(app.get("/v1/accounts/requester/8").await), @r#"
    404 account_not_found
    Nothing is known of this account: Give the kind and id of a requester or an organization that has tickets or surveys here; a / is written as %2F.
    "#);
}

#[tokio::test]
async fn the_pages_show_signals_with_their_grounds_and_set_them_aside() {
    let app = TestApp::new().await;
    let page = |path: String| {
        let app = &app;
        async move {
            let answer = app.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let html = answer.text();
            assert!(html.matches("<h1").count() == 1 && !html.contains("<script"), "{path}");
            html
        }
    };
    assert!(page("/signals".into()).await.contains("There is no such signal."));
    assert_eq!(app.get("/accounts/requester/8").await.status, 404);
    assert_eq!(app.get("/accounts/team/8").await.status, 404);

    came_in(&app, "t&1", 2 * DAY, "Network::VPN", json!({"due_at": ago(-5)})).await;
    answered(&app, "s1", "t&1", 1, DAY).await;
    answered(&app, "s2", "t&1", 2, 60).await;
    raised(&app).await;
    let html = page("/signals".into()).await;
    for words in
        ["SLA at risk", "Low scores in a row", "/accounts/organization/3", "A solution was agreed by"]
    {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(html.contains("Ticket t&#38;1"), "ids are escaped: {html}");
    let only = page("/signals?rule=sla_at_risk".into()).await;
    assert!(only.contains("A solution was agreed by") && !only.contains("scores were low"), "{only}");
    let file = app.get("/signals?table=signals&format=csv").await;
    assert_eq!(
        (file.header("content-type"), file.text().lines().count()),
        (Some("text/csv; charset=utf-8"), 4)
    );

    let account = page("/accounts/requester/8".into()).await;
    for words in ["Requester 8", "Network › VPN", "Tickets by week", "<svg", "Low scores in a row", "2 of 2"]
    {
        assert!(account.contains(words), "{words}: {account}");
    }

    let id = listed(&app, "?rule=sla_at_risk").await[0]["id"].as_str().unwrap().to_owned();
    let case = page(format!("/signals?signal={id}")).await;
    assert!(case.contains("Set this signal aside"), "{case}");
    let post = |body: String| app.post_as("/signals", "application/x-www-form-urlencoded", body);
    let nameless = post(format!("id={id}&by=+")).await;
    assert!(nameless.status == 422 && nameless.text().contains("Your name is missing."));
    let kept = post(format!("id={id}&by=kim&back=rule%3Dsla_at_risk")).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let there = page(kept.header("location").unwrap().split('#').next().unwrap().to_owned()).await;
    assert!(there.contains("Set aside.") && there.contains("kim, "), "{there}");
    assert_eq!(rules(&app, "?state=dismissed").await, ["sla_at_risk"]);
    assert_eq!(post("id=none&by=kim".into()).await.status, 404);
}

#[tokio::test]
async fn replies_that_need_nothing_are_told_from_those_that_do() {
    let app = TestApp::new().await;
    let read = |reply: Value| {
        let app = &app;
        async move { app.post("/v1/replies/classify", reply).await.json() }
    };
    assert_eq!(
        read(json!({"text": "Thanks, works now!"})).await,
        json!({"kind": "thanks", "needs_reopen": false})
    );
    assert_eq!(
        read(json!({"text": "Thanks, but it still fails."})).await,
        json!({"kind": "other", "needs_reopen": true})
    );
    let automatic = json!({"text": "Gone fishing", "headers": {"auto-submitted": "auto-replied"}});
    assert_eq!(read(automatic).await, json!({"kind": "out_of_office", "needs_reopen": false}));
    assert_eq!(read(json!({"words": "Thanks"})).await["code"], "invalid_request");
}
