//! Privacy in a running service: what is kept for a time goes, and all of one requester goes at once.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;
mod deliveries;

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use common::TestApp;
use deliveries::{fixture, generic, set_up};
use deskhand::access::NewKey;
use deskhand::config::{Authentication, Scope};
use deskhand::http::work;
use deskhand::store::Chain;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

const MARKER: &str = "Zanzibar";

fn ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

async fn triage(app: &TestApp, ticket: Value) -> Value {
    let answer = app.post("/v1/triage", json!({"ticket": ticket})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn posted(app: &TestApp, path: &str, body: Value) {
    let answer = app.post(path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
}

/// Everything that works outside of requests, until nothing waits; the sweep begins with it.
async fn work_off(app: &TestApp) {
    let working = work::start(&app.app).await.unwrap();
    while app.app.store.next_job_at("hook").await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    working.stop().await;
}

/// Starts what works outside of requests, and gives it until `done`.
async fn swept(app: &TestApp, done: impl AsyncFn() -> bool) {
    let working = work::start(&app.app).await.unwrap();
    for _ in 0..2_000 {
        if done().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    working.stop().await;
}

/// The columns, as `table.column`, in which the marker stands.
async fn columns_with(app: &TestApp, marker: &str) -> Vec<String> {
    let path = app.dir.path().join("data/deskhand.db");
    let mut database = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let columns = sqlx::query(
        "SELECT m.name AS of, c.name AS name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
    );
    let mut found = Vec::new();
    for row in columns.fetch_all(&mut database).await.unwrap() {
        let (table, column): (String, String) = (row.get("of"), row.get("name"));
        let query =
            format!("SELECT count(*) FROM {table} WHERE instr(lower(CAST({column} AS TEXT)), lower($1)) > 0");
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(query)).bind(marker).fetch_one(&mut database).await.unwrap();
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

/// Every GET address of the document, with these ids in place of its parameters.
async fn addresses(app: &TestApp, ids: &[&str]) -> Vec<String> {
    let document = app.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap().iter();
    let gets = paths.filter(|(_, item)| item.get("get").is_some()).map(|(path, _)| path.clone());
    let pages =
        ["/", "/gaps", "/surveys", "/mismatches", "/performance", "/deliveries", "/signals", "/coverage"];
    let mut all: Vec<String> = pages.map(str::to_owned).into();
    for path in gets {
        let path = path.replace("{kind}", "requester").replace("{product}", "generic");
        match path.split_once('{') {
            None => all.push(path),
            Some((before, rest)) => {
                let after = rest.split_once('}').unwrap().1;
                all.extend(ids.iter().map(|id| format!("{before}{id}{after}")));
            }
        }
    }
    all
}

/// Everything that there can be of one person, with a marker in every field that takes words, and a second person.
async fn planted() -> TestApp {
    let app = TestApp::with(|settings| {
        set_up(settings);
        settings.ui.keep_unanswered = 10;
        // No article answers anything, so that there are gaps.
        settings.search.answer_threshold = 1.0;
    })
    .await;
    posted(&app, "/v1/triage", json!({"ticket": {"id": "warm", "body": "Something else"}})).await;
    let put = app.put("/v1/articles/reset", json!({"title": "Reset", "body": "Press reset."})).await;
    assert_eq!(put.status, 200);
    for number in 1..=4 {
        let id = format!("{MARKER}-{number}");
        let ticket = json!({
            "id": id, "subject": format!("{MARKER} printer"), "body": format!("The {MARKER} printer is down"),
            "channel": MARKER, "requester_id": MARKER, "organization_id": "3", "form": MARKER,
            "agent_group": MARKER, "created_at": ago(number),
        });
        triage(&app, ticket).await;
        let events = json!({"events": [{"kind": "acknowledged", "at": ago(number)}]});
        posted(&app, &format!("/v1/tickets/{id}/events"), events).await;
        if number > 1 {
            let outcome = json!({"status": "solved", "category": format!("{MARKER}::{number}"), "resolution": MARKER,
                "article_ids": ["reset"], "agent_group": MARKER});
            posted(&app, &format!("/v1/tickets/{id}/outcome"), outcome).await;
        }
        let said = json!({"ticket_id": id, "article_id": "reset", "kind": "attached"});
        posted(&app, "/v1/feedback", said).await;
        let survey = json!({
            "id": format!("s-{number}"), "ticket_id": id, "rating": 1, "comment": format!("{MARKER} is bad"),
            "question": MARKER, "answered_at": ago(number), "category": MARKER, "agent_group": MARKER, "channel": MARKER,
            "organization_id": "3",
        });
        posted(&app, "/v1/surveys", survey).await;
        let call = json!({"owner": "kim", "note": MARKER});
        posted(&app, &format!("/v1/surveys/s-{number}/follow-up"), call).await;
    }
    // By themselves, without a ticket.
    posted(
        &app,
        "/v1/surveys",
        json!({"id": "s-alone", "requester_id": MARKER, "comment": MARKER, "rating": 5}),
    )
    .await;
    app.app.signals.run(Timestamp::now()).await.unwrap();
    // The other one, whose answers quote the first.
    let other = json!({"id": "other", "subject": "printer", "body": "The printer is down", "requester_id": "9",
        "organization_id": "3", "created_at": Timestamp::now()});
    let answer = triage(&app, other).await;
    assert!(answer["similar_tickets"].to_string().contains(MARKER), "{answer}");
    posted(
        &app,
        "/v1/surveys",
        json!({"id": "s-other", "ticket_id": "other", "rating": 1, "comment": "Slow"}),
    )
    .await;
    app.app.signals.run(Timestamp::now()).await.unwrap();
    // From a helpdesk, one of each.
    for (number, requester) in [("m", MARKER), ("o", "9")] {
        let mut body: Value = serde_json::from_str(&fixture("generic-ticket")).unwrap();
        body["ticket"]["id"] = json!(number);
        body["ticket"]["subject"] = json!(format!("VPN {requester}"));
        body["ticket"]["body"] = json!(format!("{requester} cannot connect"));
        body["ticket"]["requester_id"] = json!(requester);
        body["id"] = json!(format!("d-{number}"));
        let delivery = generic(&body.to_string());
        let mut request = Request::post(delivery.path).header("content-type", "application/json");
        for (name, value) in &delivery.headers {
            request = request.header(name, value);
        }
        let answer = app.send(request.body(Body::from(delivery.body.clone())).unwrap()).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        if number == "o" {
            work_off(&app).await;
        }
    }
    let gaps = app.get("/v1/audit/gaps").await;
    assert_eq!(gaps.status, 200, "{}", gaps.text());
    assert!(gaps.text().contains(MARKER), "{}", gaps.text());
    app
}

#[tokio::test]
async fn all_of_one_requester_is_shown_and_then_gone_from_every_table_and_every_answer() {
    let app = planted().await;
    let before = columns_with(&app, MARKER).await;
    for place in [
        "tickets.subject",
        "predictions.answer",
        "ticket_events.ticket_id",
        "feedback.ticket_id",
        "surveys.comment",
        "follow_ups.note",
        "signals.subject_id",
        "gap_groups.members",
        "gap_groups.name",
        "jobs.payload",
        "updates.content",
    ] {
        assert!(before.contains(&place.to_owned()), "{place} has none, so nothing is tried: {before:?}");
    }
    let shown = app.get(&format!("/v1/requesters/{MARKER}")).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let shown = shown.json();
    assert_eq!(
        (shown["tickets"].as_array().unwrap().len(), shown["surveys"].as_array().unwrap().len()),
        (5, 5)
    );
    let first = &shown["tickets"][0];
    assert_eq!(first["subject"], format!("{MARKER} printer"));
    assert_eq!(first["predictions"].as_array().unwrap().len(), 1);
    assert_eq!(first["feedback"][0]["kind"], "attached");
    assert_eq!(shown["surveys"][1]["follow_up"]["note"], MARKER);
    assert!(
        !shown["signals"].as_array().unwrap().is_empty() && !shown["jobs"].as_array().unwrap().is_empty()
    );
    assert!(shown.to_string().contains("cannot connect"));
    let other = app.get("/v1/requesters/9").await.json();
    assert_eq!(other["tickets"].as_array().unwrap().len(), 2, "{other}");

    let gone = app.delete(&format!("/v1/requesters/{MARKER}")).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    let gone = gone.json();
    assert_eq!((&gone["rows"]["tickets"], &gone["rows"]["surveys"]), (&json!(5), &json!(5)));
    assert_eq!(columns_with(&app, MARKER).await, [""; 0], "left in the database");
    for address in
        addresses(&app, &[MARKER, &format!("{MARKER}-1"), "other", "g-o", "s-other", "reset", "9"]).await
    {
        let answer = app.get(&address).await;
        let text = String::from_utf8_lossy(&answer.body).replace(&address, "");
        assert!(!text.to_lowercase().contains(&MARKER.to_lowercase()), "{address} still has it: {text}");
    }
    // In memory neither: a ticket like theirs finds none of them.
    let like = json!({"subject": "printer", "body": "The printer is down"});
    let found = triage(&app, like).await;
    assert!(found["similar_tickets"].as_array().unwrap().iter().all(|it| it["id"] != format!("{MARKER}-2")));
    // A read of the log that SQLite has not moved yet, and of the file itself.
    let log = std::fs::metadata(app.dir.path().join("data/deskhand.db-wal")).map_or(0, |file| file.len());
    assert!(log < 200_000, "the log was emptied: {log}");

    let again = app.delete(&format!("/v1/requesters/{MARKER}")).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (404, &json!("requester_not_found")));
    let mut whole = app.get("/v1/requesters/9").await.json();
    let mut other = other;
    for told in [&mut whole, &mut other] {
        told["exported_at"] = Value::Null;
        for ticket in told["tickets"].as_array_mut().unwrap() {
            // What they quoted is the one thing that changes.
            for quotes in ["similar_tickets", "open_tickets"] {
                if let Some(quoted) = ticket.pointer_mut(&format!("/predictions/0/answer/{quotes}")) {
                    *quoted = Value::Null;
                }
            }
            if let Some(similar) = ticket.pointer_mut("/helpdesks/0/updates/0/content/note/similar") {
                *similar = Value::Null;
            }
        }
        for job in told["jobs"].as_array_mut().unwrap() {
            if let Some(similar) = job.pointer_mut("/payload/note/similar") {
                *similar = Value::Null;
            }
        }
    }
    assert_eq!(whole, other, "the other requester's data are whole");
}

#[tokio::test]
async fn the_trail_tells_of_an_erasure_without_the_id_and_stays_whole() {
    let app = TestApp::with(|settings| settings.access.authentication = Authentication::On).await;
    let new = NewKey { name: "t".into(), scopes: vec![Scope::Admin], expires_at: None };
    let key = app.app.access.create_key(new, Timestamp::now()).await.unwrap().0;
    let ask = async |method: &str, path: &str, body: Value| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {}", key.expose()));
        app.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    for id in ["1", "2"] {
        let ticket =
            json!({"ticket": {"id": id, "body": "No VPN", "requester_id": format!("anna{id}@example.com")}});
        assert_eq!(ask("POST", "/v1/triage", ticket).await.status, 200);
    }
    let mut names = Vec::new();
    for id in ["1", "2"] {
        let gone = ask("DELETE", &format!("/v1/requesters/anna{id}@example.com"), Value::Null).await;
        names.push(gone.json()["trail_subject"].as_str().unwrap().to_owned());
    }
    let trail = ask("GET", "/v1/trail", Value::Null).await;
    assert!(!trail.text().contains("anna"), "{}", trail.text());
    let entries = trail.json()["entries"].as_array().unwrap().clone();
    let told: Vec<&Value> = entries.iter().filter(|entry| entry["action"] == "requester.erase").collect();
    assert_eq!(told.iter().map(|entry| entry["subject"].as_str().unwrap()).collect::<Vec<_>>(), names);
    assert_ne!(names[0], names[1]);
    assert_eq!(told[0]["detail"]["rows"]["tickets"], 1);
    assert_eq!(told[0]["who"], format!("key:{}", key.id()));
    assert!(matches!(app.app.access.follow_trail(None).await.unwrap(), Chain::Whole { .. }));
    let metrics = ask("GET", "/metrics", Value::Null).await.text();
    assert!(
        metrics.contains("deskhand_forgotten_rows_total{kind=\"tickets\",by=\"request\"} 2"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_is_older_than_the_site_wants_goes_from_tables_pages_and_similar_tickets_and_the_rest_stays() {
    let app = TestApp::with(|settings| {
        let retention = &mut settings.privacy.retention;
        (retention.tickets, retention.surveys, retention.deflections) = (Some(365), Some(30), Some(7));
        settings.ui.keep_unanswered = 10;
    })
    .await;
    for (id, days) in [("old", 400), ("young", 300), ("revived", 500)] {
        let ticket = json!({"id": id, "subject": format!("printer {id}"), "body": format!("Printer {id} is down"),
            "created_at": ago(days), "requester_id": id});
        triage(&app, ticket).await;
    }
    posted(&app, "/v1/tickets/old/outcome", json!({"resolution": "replaced", "article_ids": ["reset"]}))
        .await;
    let turned = json!({"events": [{"kind": "solved", "at": ago(100)}]});
    posted(&app, "/v1/tickets/revived/events", turned).await;
    for (id, ticket, days) in [("s-old", "young", 40), ("s-young", "old", 20)] {
        let survey = json!({"id": id, "ticket_id": ticket, "rating": 1, "answered_at": ago(days)});
        posted(&app, "/v1/surveys", survey).await;
    }
    let new = triage(&app, json!({"id": "new", "subject": "printer", "body": "Printer is down"})).await;
    assert!(new["similar_tickets"].to_string().contains("printer old"), "{new}");
    assert!(app.get("/v1/audit/coverage").await.text().contains("tickets"));

    swept(&app, async || {
        let trail = app.app.access.trail(0, 100).await.unwrap();
        let told = trail.iter().filter(|entry| entry.action == "retention.sweep").count();
        // The last that a sweep does.
        let counted = "deskhand_forgotten_rows_total{kind=\"surveys\",by=\"retention\"} 1";
        told == 2 && app.get("/metrics").await.text().contains(counted)
    })
    .await;
    assert_eq!(app.get("/v1/tickets/old").await.status, 404);
    for there in ["/v1/tickets/young", "/v1/tickets/revived", "/v1/tickets/new"] {
        assert_eq!(app.get(there).await.status, 200, "{there}");
    }
    let new = app.get("/v1/tickets/new").await.text();
    assert!(!new.contains("printer old") && new.contains("printer young"), "{new}");
    let found = triage(&app, json!({"subject": "printer", "body": "Printer is down"})).await;
    assert!(!found["similar_tickets"].to_string().contains("\"old\""), "{found}");
    assert_eq!(app.get("/v1/surveys/s-old").await.status, 404);
    // The survey outlives its ticket, and still says whose it is.
    let survey = app.get("/v1/surveys/s-young").await.json();
    assert_eq!((&survey["ticket_id"], &survey["requester_id"]), (&json!("old"), &json!("old")));
    assert_eq!(app.app.store.feedback_counts("reset").await.unwrap().solved, 0);
    let trail = app.app.access.trail(0, 100).await.unwrap();
    let told: Vec<(&str, &Value)> = trail
        .iter()
        .filter(|entry| entry.action == "retention.sweep")
        .map(|entry| (entry.subject.as_str(), &entry.detail["rows"]))
        .collect();
    assert_eq!(told, [("tickets", &json!(1)), ("surveys", &json!(1))]);
    let metrics = app.get("/metrics").await.text();
    assert!(
        metrics.contains("deskhand_forgotten_rows_total{kind=\"tickets\",by=\"retention\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn with_masking_no_table_holds_what_was_masked_and_no_embedding_tells_of_it() {
    let app = TestApp::with(|settings| {
        settings.privacy.mask_before_storing = true;
        settings.ui.keep_unanswered = 10;
    })
    .await;
    let personal = "Dear Ms Okonkwo, write to zuzu@example.com.\nBest regards,\nZuzu Okonkwo";
    let plain = personal.replace("zuzu@example.com", "mail@example.org");
    for (id, body) in [("1", personal), ("2", &plain)] {
        let answer =
            triage(&app, json!({"id": id, "subject": "Invoice for zuzu@example.com", "body": body})).await;
        assert_eq!(answer["ticket_id"], id);
    }
    posted(&app, "/v1/surveys", json!({"id": "s", "rating": 1, "comment": personal})).await;
    posted(&app, "/v1/surveys/s/follow-up", json!({"note": "call zuzu@example.com"})).await;
    posted(&app, "/v1/deflections", json!({"session_id": "v", "outcome": "unanswered", "text": personal}))
        .await;
    posted(&app, "/v1/tickets/1/outcome", json!({"resolution": "wrote to zuzu@example.com"})).await;
    for word in ["zuzu", "okonkwo"] {
        assert_eq!(columns_with(&app, word).await, [""; 0], "{word}");
    }
    let survey = app.get("/v1/surveys/s").await.json();
    assert!(survey["comment"].as_str().unwrap().contains("[email]"), "{survey}");
    assert!(survey["reading"]["sentiment"].is_string(), "it was read before");
    let [one, two] = ["1", "2"].map(|id| app.app.store.ticket(id));
    let (one, two) = (one.await.unwrap().unwrap(), two.await.unwrap().unwrap());
    assert_eq!((&one.body, &one.embedding), (&two.body, &two.embedding), "made of the masked words");
    assert!(one.embedding.is_some());
}
