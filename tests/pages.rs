//! The pages Suggestions and Model, and a ticket's panel, through the service's router.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use axum::http::{Method, StatusCode};
use common::{Answer, TestApp, request};
use deskhand::config::Secret;
use deskhand::store::Audience;
use deskhand::ui::link::PanelLink;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const SECRET: &str = "a word of at least 32 characters";
const FORM: &str = "application/x-www-form-urlencoded";

async fn desk() -> TestApp {
    let app = TestApp::with(|settings| {
        settings.ui.link_secret = Some(Secret::from(SECRET.to_owned()));
        settings.ui.frame_ancestors =
            vec!["https://desk.example".into(), "https://other.example:8443".into()];
    })
    .await;
    for (id, title, body, audience) in [
        ("toner", "Toner", "Shake the toner of the printer. Then close the lid.", "customer"),
        ("key", "Printer key", "The key of the printer and its toner is under the mat.", "agent"),
        ("holidays", "Holidays", "Ask your manager.", "customer"),
    ] {
        let article = json!({"title": title, "body": body, "audience": audience});
        assert_eq!(app.put(&format!("/v1/articles/{id}"), article).await.status, 200);
    }
    app
}

async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    app.post_as(path, FORM, body.join("&")).await
}

/// The value of a hidden field.
fn hidden(html: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    html.split(&begin).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_question_is_answered_with_articles_and_what_is_said_of_them_counts_until_it_is_taken_back() {
    let app = desk().await;
    assert!(app.get("/suggest").await.text().contains("Ask the knowledge base"));
    let asked = [("text", "toner of the printer"), ("audience", "agent")];
    let page = post(&app, "/suggest", &asked).await;
    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    assert!(html.contains("<mark>toner</mark>") && html.contains("This helped"), "{html}");
    let visit = hidden(&html, "visit");
    let say = |what: &'static str| {
        let fields = [asked[0], asked[1], ("visit", visit.as_str()), ("article", "toner"), ("say", what)];
        let app = &app;
        async move { post(app, "/suggest", &fields).await.text() }
    };
    let solved = async || app.get("/v1/articles/toner/feedback").await.json()["solved"].clone();
    assert!(say("solved").await.contains("Noted: this helped."));
    assert!(say("solved").await.contains("Noted: this helped."));
    assert_eq!(solved().await, 1);
    assert!(!say("undo-solved").await.contains("Noted"));
    assert_eq!(solved().await, 0);
    assert!(say("dismissed").await.contains("Noted: no help."));
}

#[tokio::test]
async fn a_link_may_ask_a_question_but_say_nothing_of_an_article() {
    let app = desk().await;
    let visit = "0192f0c1-2d3e-7abc-8def-0123456789ab";
    let path = format!("/suggest?text=toner%20printer&visit={visit}&article=toner&say=solved");
    assert!(app.get(&path).await.text().contains("Shake the"), "the question is answered");
    assert_eq!(app.get("/v1/articles/toner/feedback").await.json()["solved"], 0);
}

#[tokio::test]
async fn customers_are_suggested_nothing_that_is_for_agents() {
    let app = desk().await;
    let html = async |audience: &'static str| {
        post(&app, "/suggest", &[("text", "key of the printer and toner"), ("audience", audience)])
            .await
            .text()
    };
    assert!(html("agent").await.contains("under the mat"));
    let customer = html("customer").await;
    assert!(!customer.contains("under the mat") && !customer.contains("Similar tickets"), "{customer}");
}

#[tokio::test]
async fn a_question_without_words_or_of_nonsense_is_answered_with_what_to_do() {
    let app = desk().await;
    for page in [
        post(&app, "/suggest", &[("text", " \r\n")]).await,
        app.get("/suggest?audience=everybody").await,
        app.get("/suggest?visit=1").await,
    ] {
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text().contains("There is nothing to read yet."));
    }
    let attack = "\"><script>alert(1)</script></textarea>";
    assert!(!post(&app, "/suggest", &[("text", attack)]).await.text().contains("<script"));
}

#[tokio::test]
async fn the_model_page_tells_what_answers_and_its_tables_are_files_too() {
    let app = desk().await;
    let html = app.get("/model").await.text();
    for words in ["tiny", "Licence of the base", "aria-current=\"page\">Model", "<caption>", "c-bar", "<desc"]
    {
        assert!(html.contains(words), "{words}: {html}");
    }
    let one = app.get("/model?task=urgency").await.text();
    assert!(one.contains("value=\"urgency\" selected"), "{one}");
    let file = app.get("/model?task=urgency&table=labels&sort=label&dir=asc&format=csv").await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = file.text();
    let labels: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(labels, ["label", "high", "low", "medium"]);
    let nonsense = app.get("/model?task=%ff&sort=x&dir=y&page=-9&table=labels&format=exe").await;
    assert_eq!(nonsense.status, StatusCode::OK);
}

#[tokio::test]
async fn the_navigation_leads_to_every_page() {
    let app = desk().await;
    let html = app.get("/").await.text();
    let nav = html.split("<nav aria-label=\"Site\">").nth(1).unwrap().split("</nav>").next().unwrap();
    let links: Vec<&str> = nav.split("href=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    assert!(links.len() >= 4, "{links:?}");
    for link in links {
        let status = app.get(link).await.status;
        assert!(status.is_success() || status.is_redirection(), "{link}: {status}");
    }
}

async fn keep_ticket(app: &TestApp, id: &str) {
    let ticket =
        json!({"ticket": {"id": id, "subject": "Toner", "body": "The toner of the printer is empty."}});
    assert_eq!(app.post("/v1/triage", ticket).await.status, 200);
}

fn link(id: &str, audience: Audience, hours: i64) -> String {
    let expires = Timestamp::now() + SignedDuration::from_hours(hours);
    PanelLink { ticket_id: id.into(), expires, audience }.signed(&Secret::from(SECRET.to_owned()))
}

#[tokio::test]
async fn a_signed_link_shows_a_ticket_s_panel_in_frames_of_the_sites_that_may() {
    let app = desk().await;
    keep_ticket(&app, "81").await;
    keep_ticket(&app, "82").await;
    let page = app.get(&link("81", Audience::Agent, 1)).await;
    let html = page.text();
    assert_eq!(page.status, StatusCode::OK, "{html}");
    assert!(html.contains("Shake the") && html.contains("under the mat") && html.contains(">82<"), "{html}");
    assert!(html.contains("target=\"_blank\""), "a link leads out of the frame");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.ends_with("frame-ancestors https://desk.example https://other.example:8443"), "{policy}");
    let customer = app.get(&link("81", Audience::Customer, 1)).await.text();
    assert!(customer.contains("Shake the"), "{customer}");
    assert!(!customer.contains("under the mat") && !customer.contains(">82<"), "{customer}");
}

#[tokio::test]
async fn what_is_said_in_a_panel_is_feedback_on_its_ticket() {
    let app = desk().await;
    keep_ticket(&app, "81").await;
    let path = link("81", Audience::Agent, 1);
    let said = post(&app, &path, &[("article", "toner"), ("say", "solved")]).await;
    assert_eq!((said.status, said.header("location")), (StatusCode::SEE_OTHER, Some(path.as_str())));
    assert!(app.get(&path).await.text().contains("Noted: this helped."));
    let again = json!({"ticket_id": "81", "article_id": "toner", "kind": "solved"});
    assert_eq!(app.post("/v1/feedback", again).await.json()["changed"], false);
}

#[tokio::test]
async fn a_link_that_was_altered_or_is_over_opens_nothing_and_says_nothing() {
    let app = desk().await;
    keep_ticket(&app, "81").await;
    keep_ticket(&app, "82").await;
    let good = link("81", Audience::Customer, 1);
    let other = |from: &str, to: &str| good.replacen(from, to, 1);
    let (path, _) = good.split_once('?').unwrap();
    for bad in [
        link("81", Audience::Agent, -1),
        other("/81?", "/82?"),
        other("for=customer", "for=agent"),
        other("expires=", "expires=9"),
        other("key=", "key=0"),
        path.to_owned(),
        format!("{path}?expires=9999999999&for=agent&key="),
        format!("{path}?expires=99999999999999999&for=agent&key=00"),
    ] {
        let page = app.get(&bad).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{bad}");
        assert!(!page.text().contains("oner") && page.text().contains("does not open anything"), "{bad}");
        let said = post(&app, &bad, &[("article", "toner"), ("say", "solved")]).await;
        assert_eq!(said.status, StatusCode::FORBIDDEN, "{bad}");
    }
    assert_eq!(app.get("/v1/articles/toner/feedback").await.json()["solved"], 0);
    assert_eq!(app.get(&link("none", Audience::Agent, 1)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_secret_there_are_no_panels() {
    let app = TestApp::new().await;
    keep_ticket(&app, "81").await;
    let page = app.send(request(Method::GET, &link("81", Audience::Agent, 1), None, "")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    assert!(page.text().contains("ui.link_secret"));
}
