//! Follow-ups: the call after a low score, with its owner, its due time and what came of it.

#![allow(clippy::unwrap_used)]

mod common;

use common::TestApp;
use deskhand::store::{FollowUpChange, FollowUpState, JobFilter};
use deskhand::survey::{FollowUpQuery, SurveyDesk};
use jiff::Timestamp;
use serde_json::{Value, json};

/// When the low score of the tests came in; it is due 48 hours later.
const ANSWERED: &str = "2025-11-20T12:00:00Z";

async fn low(app: &TestApp, id: &str, more: Value) -> Value {
    let mut survey = more;
    (survey["id"], survey["rating"]) = (json!(id), json!(1));
    if survey["answered_at"].is_null() {
        survey["answered_at"] = json!(ANSWERED);
    }
    let answer = app.post("/v1/surveys", survey).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["survey"]["follow_up"].clone()
}

async fn tell(app: &TestApp, id: &str, change: Value) -> Value {
    let answer = app.post(&format!("/v1/surveys/{id}/follow-up"), change).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn listed(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/v1/follow-ups?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let surveys = answer.json()["surveys"].clone();
    surveys.as_array().unwrap().iter().map(|survey| survey["id"].as_str().unwrap().into()).collect()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// The state at a time, and the states whose list has it then.
async fn state(desk: &SurveyDesk, id: &str, now: Timestamp) -> (FollowUpState, bool, Vec<FollowUpState>) {
    let follow_up = desk.get(id, now).await.unwrap().unwrap().follow_up.unwrap();
    let mut lists = Vec::new();
    for state in FollowUpState::UNCLOSED.into_iter().chain([FollowUpState::Closed]) {
        let query = FollowUpQuery { states: vec![state], limit: 50, ..FollowUpQuery::default() };
        let page = desk.follow_ups(&query, now).await.unwrap().unwrap();
        if page.surveys.iter().any(|survey| survey.id == id) {
            lists.push(state);
        }
    }
    (follow_up.state, follow_up.reminder, lists)
}

#[tokio::test]
async fn a_follow_up_is_due_soon_and_overdue_to_the_nanosecond_and_every_list_agrees() {
    let app = TestApp::new().await;
    let opened = low(&app, "s-1", json!({})).await;
    assert_eq!(opened["due_at"], "2025-11-22T12:00:00Z");
    let desk = app.app.now().desk.clone();
    for (now, expected, reminder) in [
        ("2025-11-20T12:00:00Z", FollowUpState::Open, false),
        ("2025-11-21T23:59:59.999999999Z", FollowUpState::Open, false),
        ("2025-11-22T00:00:00Z", FollowUpState::DueSoon, true),
        ("2025-11-22T12:00:00Z", FollowUpState::DueSoon, true),
        ("2025-11-22T12:00:00.000000001Z", FollowUpState::Overdue, true),
    ] {
        assert_eq!(state(&desk, "s-1", at(now)).await, (expected, reminder, vec![expected]), "{now}");
    }
    // Nobody answered: another call is due, and the clock goes on.
    let late = at("2025-11-23T00:00:00Z");
    tell(&app, "s-1", json!({"outcome": "not_reached", "contacted_at": "2025-11-21T08:00:00Z"})).await;
    assert_eq!(state(&desk, "s-1", late).await.0, FollowUpState::Overdue);
    tell(&app, "s-1", json!({"outcome": "declined", "contacted_at": "2025-11-21T09:00:00Z"})).await;
    let contacted = (FollowUpState::Contacted, false, vec![FollowUpState::Contacted]);
    assert_eq!(state(&desk, "s-1", late).await, contacted);
    tell(&app, "s-1", json!({"closed": true})).await;
    assert_eq!(state(&desk, "s-1", late).await, (FollowUpState::Closed, false, vec![FollowUpState::Closed]));
}

#[tokio::test]
async fn a_call_is_in_time_up_to_the_due_time() {
    let app = TestApp::new().await;
    for (id, called, in_time) in
        [("a", "2025-11-22T12:00:00Z", true), ("b", "2025-11-22T12:00:00.000000001Z", false)]
    {
        low(&app, id, json!({})).await;
        let told = tell(&app, id, json!({"outcome": "reached", "contacted_at": called})).await;
        assert_eq!(told["survey"]["follow_up"]["in_time"], in_time, "{id}");
    }
    low(&app, "c", json!({})).await;
    tell(&app, "c", json!({"outcome": "not_reached"})).await;
    let follow_up = app.get("/v1/surveys/c").await.json()["follow_up"].clone();
    assert_eq!(follow_up["in_time"], Value::Null);
    assert!(follow_up["contacted_at"].is_string(), "an outcome without a time was now");
}

#[tokio::test]
async fn only_what_is_given_changes_null_takes_away_and_a_closing_can_be_taken_back() {
    let app = TestApp::new().await;
    low(&app, "s-1", json!({})).await;
    let told = tell(
        &app,
        "s-1",
        json!({"owner": "kim", "outcome": "reached", "contacted_at": "2025-11-20T13:00:00Z",
               "root_cause": "communicative", "note": "The part was on order."}),
    )
    .await;
    assert_eq!(told["warnings"], json!([]));
    let before = told["survey"]["follow_up"].clone();
    assert_eq!((&before["owner"], &before["root_cause"]), (&json!("kim"), &json!("communicative")));
    assert_eq!((&before["state"], &before["in_time"]), (&json!("contacted"), &json!(true)));

    let closed = tell(&app, "s-1", json!({"closed": true})).await["survey"]["follow_up"].clone();
    assert_eq!((&closed["state"], &closed["note"]), (&json!("closed"), &before["note"]));
    let again = tell(&app, "s-1", json!({"closed": true})).await["survey"]["follow_up"].clone();
    assert_eq!(again["closed_at"], closed["closed_at"], "closed once");
    assert_eq!(tell(&app, "s-1", json!({"closed": false})).await["survey"]["follow_up"], before);
    let without =
        tell(&app, "s-1", json!({"note": null, "owner": null})).await["survey"]["follow_up"].clone();
    assert_eq!((&without["note"], &without["owner"]), (&Value::Null, &Value::Null));
    assert_eq!(without["root_cause"], "communicative");
}

#[tokio::test]
async fn a_follow_up_that_is_closed_without_its_cause_is_kept_with_a_warning() {
    let app = TestApp::new().await;
    low(&app, "s-1", json!({})).await;
    let warnings = tell(&app, "s-1", json!({"closed": true})).await["warnings"].to_string();
    assert!(warnings.contains("outcome is not given") && warnings.contains("root_cause is not given"));
}

#[tokio::test]
async fn the_owner_is_whom_the_settings_name_for_the_survey_or_its_ticket() {
    let app = TestApp::with(|settings| {
        let owners = &mut settings.surveys.owners;
        owners.agent_group.insert("network".into(), "grace".into());
        owners.category.insert("Network".into(), "radia".into());
        owners.organization.insert("acme".into(), "ada".into());
        owners.default = Some("lead".into());
        settings.surveys.follow_up_hours = 24;
    })
    .await;
    let ticket = json!({"id": "81", "body": "No VPN", "agent_group": "network"});
    app.post("/v1/triage", json!({"ticket": ticket})).await;
    app.post("/v1/triage", json!({"ticket": {"id": "82", "body": "No VPN"}})).await;
    for (id, more, owner) in [
        ("a", json!({"ticket_id": "81"}), "grace"),
        ("b", json!({"ticket_id": "82"}), "radia"),
        ("c", json!({"ticket_id": "81", "organization_id": "acme"}), "ada"),
        ("d", json!({}), "lead"),
    ] {
        let opened = low(&app, id, more).await;
        assert_eq!(
            (&opened["owner"], &opened["due_at"]),
            (&json!(owner), &json!("2025-11-21T12:00:00Z")),
            "{id}"
        );
    }
    assert_eq!(listed(&app, "owner=grace").await, ["a"]);
}

#[tokio::test]
async fn follow_ups_come_due_soonest_first_and_without_the_closed_ones() {
    let app = TestApp::new().await;
    for (id, day) in [("late", "03"), ("later", "02"), ("done", "01")] {
        low(&app, id, json!({"answered_at": format!("2025-11-{day}T00:00:00Z")})).await;
    }
    tell(&app, "done", json!({"closed": true})).await;
    assert_eq!(listed(&app, "").await, ["later", "late"]);
    assert_eq!(listed(&app, "state=closed").await, ["done"]);
    assert_eq!(listed(&app, "state=closed,overdue").await, ["done", "later", "late"]);
    assert_eq!(listed(&app, "state=open").await, [""; 0]);
}

#[tokio::test]
async fn a_survey_that_was_not_low_can_be_followed_up_too() {
    let app = TestApp::new().await;
    app.post("/v1/surveys", json!({"id": "s-1", "rating": 5, "answered_at": ANSWERED})).await;
    let desk = app.app.now().desk.clone();
    let now = at("2025-12-01T00:00:00Z");
    let change = FollowUpChange { owner: Some(Some("kim".into())), ..FollowUpChange::default() };
    let survey = desk.follow_up("s-1", &change, now).await.unwrap().unwrap();
    let follow_up = survey.follow_up.unwrap();
    assert_eq!((follow_up.owner.as_deref(), follow_up.due_at), (Some("kim"), at("2025-12-03T00:00:00Z")));
}

#[tokio::test]
async fn what_cannot_be_told_of_a_follow_up_is_refused_with_its_field() {
    let app = TestApp::new().await;
    low(&app, "s-1", json!({})).await;
    let refused = |change: Value| async { app.post("/v1/surveys/s-1/follow-up", change).await.refusal() };
    insta::assert_snapshot!(refused(json!({"outcome": "called"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/outcome" is not known; use one of `reached`, `not_reached`, `declined`
    "#);
    insta::assert_snapshot!(refused(json!({"root_cause": "weather"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/root_cause" is not known; use one of `technical`, `communicative`, `process`
    "#);
    insta::assert_snapshot!(refused(json!({"contacted_at": "2999-01-01T00:00:00Z"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/contacted_at" lies in the future; give when the customer was called, or nothing for now
    "#);
    insta::assert_snapshot!(refused(json!({"owner": ""})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/owner" length is lower than 1
    "#);
    insta::assert_snapshot!(refused(json!({"note": "x".repeat(5_001)})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/note" length is greater than 5000
    "#);
    insta::assert_snapshot!(app.post("/v1/surveys/none/follow-up", json!({})).await.refusal(), @r#"
    404 survey_not_found
    There is no survey with this id: Surveys are kept when POST /v1/surveys gets them; check the id, and write a / in it as %2F.
    "#);
    insta::assert_snapshot!(app.get("/v1/follow-ups?state=late").await.refusal(), @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "state" is not known; use one of `open`, `due_soon`, `overdue`, `contacted`, `closed`
    "#);
}

#[tokio::test]
async fn the_owner_of_a_call_that_is_due_soon_is_reminded_once_and_of_one_that_was_made_never() {
    let app = TestApp::new().await;
    low(&app, "s-1", json!({"comment": "zqmarker never called", "ticket_id": "81"})).await;
    low(&app, "s-2", json!({})).await;
    low(&app, "s-3", json!({"answered_at": "2025-11-18T12:00:00Z"})).await;
    tell(&app, "s-1", json!({"owner": "kim", "outcome": "not_reached"})).await;
    tell(&app, "s-2", json!({"outcome": "reached"})).await;
    let desk = app.app.now().desk.clone();
    for (now, reminded) in [
        ("2025-11-21T23:59:59Z", 0),
        // Twelve hours before; s-3 has been due for longer than a day.
        ("2025-11-22T00:00:00Z", 1),
        ("2025-11-22T00:01:00Z", 0),
        ("2025-11-22T13:00:00Z", 0),
    ] {
        assert_eq!(desk.remind(at(now)).await.unwrap(), reminded, "{now}");
    }
    let jobs = app.app.store.jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.unwrap();
    let told: Vec<_> = jobs.iter().filter(|job| job.key.starts_with("follow_up.due:")).collect();
    assert_eq!(told.len(), 1);
    let data = &told[0].payload["data"];
    assert_eq!((&data["survey_id"], &data["owner"]), (&json!("s-1"), &json!("kim")));
    assert_eq!((&data["ticket_id"], &data["due_at"]), (&json!("81"), &json!("2025-11-22T12:00:00Z")));
    assert!(!told[0].payload.to_string().contains("zqmarker"));
}
