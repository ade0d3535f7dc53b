//! The trail: who changed what, through the router, and what happens to one that was tampered with.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::TestApp;
use deskhand::access::NewKey;
use deskhand::config::{Authentication, Role, Scope, StoreSettings};
use deskhand::store::{Chain, Store};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

/// What was done, to what, by whom; oldest first.
async fn told(app: &TestApp) -> Vec<(String, String, String)> {
    let entries = app.app.access.trail(0, 1_000).await.unwrap();
    entries.into_iter().map(|entry| (entry.action, entry.subject, entry.who)).collect()
}

async fn guarded() -> (TestApp, String) {
    let app = TestApp::with(|settings| settings.access.authentication = Authentication::On).await;
    let new = NewKey { name: "t".into(), scopes: vec![Scope::Admin], expires_at: None };
    let key = app.app.access.create_key(new, Timestamp::now()).await.unwrap().0.expose();
    (app, key)
}

async fn ask(app: &TestApp, key: &str, method: &str, path: &str, body: Value) -> common::Answer {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("authorization", format!("Bearer {key}"));
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn every_change_names_who_made_it_and_no_words_of_customers() {
    let (app, key) = guarded().await;
    let me = format!("key:{}", key.split('_').nth(1).unwrap());
    let secret_word = "Zanzibar";
    // Small and large: the second is answered beside the runtime.
    for (id, body) in [("small", secret_word.to_owned()), ("large", secret_word.repeat(20_000))] {
        let article = json!({"title": secret_word, "body": body});
        assert_eq!(ask(&app, &key, "PUT", &format!("/v1/articles/{id}"), article).await.status, 200);
    }
    let ticket = json!({"ticket": {"id": "81", "subject": secret_word, "body": secret_word}});
    assert_eq!(ask(&app, &key, "POST", "/v1/triage", ticket).await.status, 200);
    let survey = json!({"id": "s1", "ticket_id": "81", "rating": 1, "comment": secret_word});
    assert_eq!(ask(&app, &key, "POST", "/v1/surveys", survey).await.status, 200);
    let call = json!({"owner": "kim", "note": secret_word});
    assert_eq!(ask(&app, &key, "POST", "/v1/surveys/s1/follow-up", call).await.status, 200);
    assert!(ask(&app, &key, "DELETE", "/v1/surveys/s1", Value::Null).await.status.is_success());
    assert!(ask(&app, &key, "DELETE", "/v1/articles/small", Value::Null).await.status.is_success());
    assert_eq!(ask(&app, &key, "DELETE", "/v1/articles/nowhere", Value::Null).await.status, 404);
    let user = json!({"name": "mira", "password": "some words with Zanzibar", "role": "agent"});
    assert_eq!(ask(&app, &key, "POST", "/v1/users", user.clone()).await.status, 200);
    assert_eq!(ask(&app, &key, "POST", "/v1/users", user).await.status, 409);
    assert_eq!(ask(&app, &key, "PATCH", "/v1/users/mira", json!({"role": "owner"})).await.status, 200);
    let own_words =
        app.app.access.sign_in("mira", "some words with Zanzibar", [192, 0, 2, 1].into(), Timestamp::now());
    own_words.await.unwrap();
    assert!(ask(&app, &key, "DELETE", "/v1/users/mira", Value::Null).await.status.is_success());

    let expected = [
        ("article.put", "small", me.as_str()),
        ("article.put", "large", &me),
        ("follow-up.change", "s1", &me),
        ("survey.delete", "s1", &me),
        ("article.delete", "small", &me),
        ("user.add", "mira", &me),
        ("user.change", "mira", &me),
        ("user.sign-in", "mira", "user:mira"),
        ("user.remove", "mira", &me),
    ];
    let told = told(&app).await;
    assert_eq!(told[0].0, "key.create");
    let rest: Vec<_> = told[1..].iter().map(|(a, s, w)| (a.as_str(), s.as_str(), w.as_str())).collect();
    assert_eq!(rest, expected);
    let read = ask(&app, &key, "GET", "/v1/trail?limit=4", Value::Null).await;
    assert_eq!((read.json()["entries"].as_array().unwrap().len(), &read.json()["next"]), (4, &json!(4)));
    let all = ask(&app, &key, "GET", "/v1/trail?after=4", Value::Null).await;
    assert_eq!((&all.json()["entries"][0]["seq"], &all.json()["next"]), (&json!(5), &Value::Null));
    assert!(!read.text().contains(secret_word) && !all.text().contains(secret_word));
    let whole = app.app.access.follow_trail(None).await.unwrap();
    assert!(matches!(whole, Chain::Whole { entries: 10, .. }), "{whole:?}");
}

#[tokio::test]
async fn an_import_is_told_in_few_entries_and_a_form_by_the_name_of_its_user() {
    let app = TestApp::new().await;
    let rows: Vec<String> =
        (0..130).map(|n| json!({"id": format!("a{n}"), "title": "t", "body": "b"}).to_string()).collect();
    let sent = app.post_as("/v1/articles/import", "application/x-ndjson", rows.join("\n")).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let told = told(&app).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|(action, _, who)| action.starts_with("article") && who == "anyone"));
}

async fn database(app: &TestApp) -> SqliteConnection {
    let path = app.dir.path().join("data/deskhand.db");
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_the_trail() {
    let app = TestApp::new().await;
    for id in ["a", "b", "c"] {
        app.put(&format!("/v1/articles/{id}"), json!({"title": "t", "body": "b"})).await;
    }
    let mut database = database(&app).await;
    for sql in [
        "UPDATE trail SET who = 'somebody else'",
        "DELETE FROM trail WHERE seq = 3",
        "INSERT OR REPLACE INTO trail SELECT 2, at, 'x', action, subject, detail, hash FROM trail WHERE seq = 1",
        "INSERT INTO trail SELECT 9, at, who, action, subject, detail, hash FROM trail WHERE seq = 1",
    ] {
        let refused = sqlx::query(sql).execute(&mut database).await.unwrap_err();
        assert!(refused.to_string().contains("only ever added to"), "{sql}: {refused}");
    }
    let whole = app.app.access.follow_trail(None).await.unwrap();
    assert!(matches!(whole, Chain::Whole { entries: 3, .. }), "{whole:?}");
}

#[tokio::test]
async fn whoever_gets_around_the_triggers_breaks_the_chain_where_it_was_touched() {
    for (tampering, expected) in [
        ("UPDATE trail SET who = 'somebody else' WHERE seq = 2", 2),
        ("UPDATE trail SET at = '2001-01-01T00:00:00.000000000Z' WHERE seq = 3", 3),
        ("UPDATE trail SET subject = 'z' WHERE seq = 1", 1),
        ("UPDATE trail SET detail = '{\"count\":1}' WHERE seq = 2", 2),
        ("UPDATE trail SET hash = zeroblob(32) WHERE seq = 2", 2),
        ("DELETE FROM trail WHERE seq = 2", 2),
        ("UPDATE trail SET detail = 'no JSON' WHERE seq = 2", 2),
    ] {
        let app = TestApp::new().await;
        for id in ["a", "b", "c", "d"] {
            app.put(&format!("/v1/articles/{id}"), json!({"title": "t", "body": "b"})).await;
        }
        let mut database = database(&app).await;
        for trigger in ["trail_is_not_changed", "trail_is_not_deleted", "trail_goes_on_at_its_end"] {
            let sql = format!("DROP TRIGGER {trigger}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut database).await.unwrap();
        }
        sqlx::query(tampering).execute(&mut database).await.unwrap();
        let chain = app.app.access.follow_trail(None).await.unwrap();
        assert_eq!(chain, Chain::Broken { seq: expected }, "{tampering}");
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_seen_by_who_noted_its_hash() {
    let app = TestApp::new().await;
    for id in ["a", "b", "c"] {
        app.put(&format!("/v1/articles/{id}"), json!({"title": "t", "body": "b"})).await;
    }
    let Chain::Whole { entries, last } = app.app.access.follow_trail(None).await.unwrap() else {
        panic!("it is whole")
    };
    let mut database = database(&app).await;
    sqlx::query("DROP TRIGGER trail_is_not_deleted").execute(&mut database).await.unwrap();
    sqlx::query("DELETE FROM trail WHERE seq = 3").execute(&mut database).await.unwrap();
    let access = &app.app.access;
    assert!(matches!(access.follow_trail(None).await.unwrap(), Chain::Whole { entries: 2, .. }));
    let noted = Some((entries, last.as_str()));
    assert_eq!(access.follow_trail(noted).await.unwrap(), Chain::Broken { seq: 3 });
    // Another entry in its place is not the one that was noted.
    app.put("/v1/articles/e", json!({"title": "t", "body": "b"})).await;
    assert_eq!(access.follow_trail(noted).await.unwrap(), Chain::Broken { seq: 3 });
}

#[tokio::test]
async fn a_change_that_is_not_kept_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let access = deskhand::access::Access::open(store.clone(), Default::default()).await.unwrap();
    access.add_user("mira", "a horse and a battery", Role::Agent, Timestamp::now()).await.unwrap();
    access.add_user("mira", "a horse and a battery", Role::Agent, Timestamp::now()).await.unwrap_err();
    access.remove_user("nobody").await.unwrap_err();
    assert!(!access.revoke_key("nowhere", Timestamp::now()).await.unwrap());
    assert_eq!(access.trail(0, 10).await.unwrap().len(), 1);
    let entry = &access.trail(0, 1).await.unwrap()[0];
    assert_eq!((entry.who.as_str(), entry.at), ("deskhand", None), "nobody acted in this task");
}

#[tokio::test]
async fn a_signal_that_is_set_aside_is_told_with_who_did_it() {
    let (app, key) = guarded().await;
    for number in 0..3 {
        let survey =
            json!({"id": format!("s{number}"), "requester_id": "8", "rating": 1, "comment": "Zanzibar"});
        assert_eq!(ask(&app, &key, "POST", "/v1/surveys", survey).await.status, 200);
    }
    app.app.signals.run(Timestamp::now()).await.unwrap();
    let listed = ask(&app, &key, "GET", "/v1/signals", Value::Null).await.json();
    let id = listed["signals"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/signals/{id}/dismiss");
    assert_eq!(ask(&app, &key, "POST", &path, json!({"by": "kim"})).await.status, 200);
    assert_eq!(
        ask(&app, &key, "POST", "/v1/signals/nowhere/dismiss", json!({"by": "kim"})).await.status,
        404
    );
    let told = told(&app).await;
    let of_signals: Vec<_> = told.iter().filter(|(action, ..)| action == "signal.dismiss").collect();
    assert_eq!(of_signals.len(), 1);
    assert_eq!((of_signals[0].1.as_str(), of_signals[0].2.starts_with("key:")), (id.as_str(), true));
}
