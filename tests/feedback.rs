//! What people say about suggested articles, and what it does to the next suggestion.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, TestApp};
use serde_json::{Value, json};

/// Two articles that say the same, and one about something else.
async fn desk() -> TestApp {
    let app = TestApp::new().await;
    for (id, title, body) in [
        ("a", "Toner", "Shake the toner of the printer."),
        ("b", "Toner", "Shake the toner of the printer."),
        ("other", "Holidays", "Ask your manager."),
        ("another", "Parking", "Behind the house."),
    ] {
        let article = json!({"title": title, "body": body, "audience": "customer"});
        assert_eq!(app.put(&format!("/v1/articles/{id}"), article).await.status, 200);
    }
    app
}

async fn say(app: &TestApp, feedback: Value) -> Answer {
    app.post("/v1/feedback", feedback).await
}

async fn solved(app: &TestApp, article: &str, tickets: std::ops::Range<usize>) {
    for ticket in tickets {
        let word = json!({"ticket_id": ticket.to_string(), "article_id": article, "kind": "solved"});
        assert_eq!(say(app, word).await.status, 200);
    }
}

async fn suggested(app: &TestApp, text: &str) -> Vec<String> {
    let answer = app.post("/v1/suggest", json!({"text": text, "audience": "customer"})).await.json();
    answer["articles"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap().into()).collect()
}

/// Which of the two that say the same comes first.
async fn better(app: &TestApp) -> String {
    let all = suggested(app, "toner of the printer").await;
    all.into_iter().find(|id| id == "a" || id == "b").unwrap()
}

#[tokio::test]
async fn what_is_said_twice_on_a_ticket_counts_once_and_undo_takes_exactly_that_back() {
    let app = desk().await;
    let word = |ticket: &str, kind: &str| json!({"ticket_id": ticket, "article_id": "a", "kind": kind});
    let undo = |mut word: Value| {
        word["undo"] = json!(true);
        word
    };
    let nothing = app.get("/v1/articles/a/feedback").await.json();
    let none = json!({"viewed": 0, "attached": 0, "solved": 0, "dismissed": 0, "usefulness": 0.5});
    assert_eq!(nothing, none);
    let first = say(&app, word("1", "solved")).await.json();
    assert_eq!((&first["changed"], &first["feedback"]["solved"]), (&json!(true), &json!(1)));
    let again = say(&app, word("1", "solved")).await.json();
    assert_eq!((&again["changed"], &again["feedback"]), (&json!(false), &first["feedback"]));

    say(&app, word("1", "viewed")).await;
    let both = say(&app, word("2", "dismissed")).await.json();
    let before = app.get("/v1/articles/a/feedback").await.json();
    assert_eq!(before, both["feedback"]);
    assert_eq!(before, json!({"viewed": 1, "attached": 0, "solved": 1, "dismissed": 1, "usefulness": 0.5}));
    say(&app, word("3", "attached")).await;
    let back = say(&app, undo(word("3", "attached"))).await.json();
    assert_eq!((&back["changed"], &back["feedback"]), (&json!(true), &before));
    let never = say(&app, undo(word("4", "solved"))).await.json();
    assert_eq!((&never["changed"], &never["feedback"]), (&json!(false), &before));
}

#[tokio::test]
async fn without_a_ticket_the_callers_own_id_tells_one_word_from_another() {
    let app = desk().await;
    for id in ["visit-1", "visit-2", "visit-1"] {
        say(&app, json!({"id": id, "article_id": "a", "kind": "viewed", "at": "2026-11-01T00:00:00Z"})).await;
    }
    assert_eq!(app.get("/v1/articles/a/feedback").await.json()["viewed"], 2);
}

#[tokio::test]
async fn feedback_that_cannot_be_kept_says_why() {
    let app = desk().await;
    let refused = |feedback: Value| async { say(&app, feedback).await.refusal() };
    let word = |article: &str, kind: &str| json!({"ticket_id": "1", "article_id": article, "kind": kind});
    insta::assert_snapshot!(refused(word("nowhere", "solved")).await, @r#"
    404 article_not_found
    There is no article with this id: Check the id; in an address a / in it has to be written as %2F.
    "#);
    insta::assert_snapshot!(refused(word("a", "liked")).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/kind" is not known; use one of `viewed`, `attached`, `solved`, `dismissed`
    "#);
    insta::assert_snapshot!(refused(json!({"article_id": "a", "kind": "solved"})).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "" neither ticket_id nor id is given; give the ticket's, or without a ticket an id of your own
    "#);
    let both = json!({"id": "1", "ticket_id": "1", "article_id": "a", "kind": "solved"});
    insta::assert_snapshot!(refused(both).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "" ticket_id and id are both given; give one of them
    "#);
    let tomorrow = json!({"id": "1", "article_id": "a", "kind": "solved", "at": "2999-01-01T00:00:00Z"});
    insta::assert_snapshot!(refused(tomorrow).await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "/at" lies in the future; give when it was said, or nothing for now
    "#);
    assert_eq!(app.get("/v1/articles/nowhere/feedback").await.json()["code"], "article_not_found");
    assert_eq!(app.get("/v1/articles/a/feedback").await.json()["solved"], 0);
}

#[tokio::test]
async fn of_two_articles_as_good_the_one_that_solved_tickets_comes_first_until_that_is_undone() {
    let app = desk().await;
    assert_eq!(better(&app).await, "a");
    solved(&app, "b", 0..2).await;
    assert_eq!(better(&app).await, "b");
    for ticket in ["0", "1"] {
        say(&app, json!({"ticket_id": ticket, "article_id": "b", "kind": "solved", "undo": true})).await;
    }
    assert_eq!(better(&app).await, "a");
    say(&app, json!({"ticket_id": "1", "article_id": "a", "kind": "dismissed"})).await;
    assert_eq!(better(&app).await, "b");
}

#[tokio::test]
async fn no_amount_of_feedback_puts_an_article_before_the_one_that_has_the_error_code() {
    let app = desk().await;
    let article = json!({"title": "Errors", "body": "CC-1042: close the lid.", "audience": "customer"});
    app.put("/v1/articles/code", article).await;
    assert_eq!(suggested(&app, "CC-1042").await[0], "code");
    for other in ["a", "b", "other", "another"] {
        solved(&app, other, 0..40).await;
    }
    assert_eq!(suggested(&app, "CC-1042").await[0], "code");
}

#[tokio::test]
async fn an_article_for_agents_stays_hidden_from_customers_however_useful_it_is() {
    let app = desk().await;
    let article =
        json!({"title": "Toner of the printer", "body": "The key is under the mat.", "audience": "agent"});
    app.put("/v1/articles/secret", article).await;
    let before = suggested(&app, "toner of the printer").await;
    solved(&app, "secret", 0..9).await;
    assert_eq!(suggested(&app, "toner of the printer").await, before);
    assert!(!before.contains(&"secret".to_owned()));
}

#[tokio::test]
async fn a_site_can_leave_feedback_out_of_its_ranking() {
    let app = TestApp::with(|settings| settings.search.usefulness_weight = 0.0).await;
    for id in ["a", "b", "c"] {
        let body = if id == "c" { "Ask your manager." } else { "Shake the toner of the printer." };
        app.put(
            &format!("/v1/articles/{id}"),
            json!({"title": "Help", "body": body, "audience": "customer"}),
        )
        .await;
    }
    solved(&app, "b", 0..9).await;
    assert_eq!(better(&app).await, "a");
}
