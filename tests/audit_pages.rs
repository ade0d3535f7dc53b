//! The pages Coverage, Gaps, Surveys and Mismatches, through the service's router.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use axum::http::{Method, StatusCode};
use common::{Answer, TestApp, request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const PAGES: [&str; 4] = ["/coverage", "/gaps", "/surveys", "/mismatches"];

/// Everything is read anew for each page.
async fn desk() -> TestApp {
    TestApp::with(|settings| settings.audit.refresh_seconds = 0).await
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    app.post_as(path, FORM, body.join("&")).await
}

/// A ticket that was triaged and settled; the small bundle says `Network` and P2 to all.
async fn ticket(app: &TestApp, id: &str, words: &str, more: Value, outcome: Value) {
    let mut ticket = more;
    (ticket["id"], ticket["subject"], ticket["body"]) = (json!(id), json!(words), json!(words));
    let answer = app.post("/v1/triage", json!({"ticket": ticket})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = app.post(&format!("/v1/tickets/{id}/outcome"), outcome).await;
    assert_eq!(told.status, 200, "{}", told.text());
}

async fn radiators(app: &TestApp) {
    for id in ["81", "82", "83", "84", "85", "86"] {
        let outcome = json!({"status": "solved", "resolution": "bled the radiator.", "handling_minutes": 20});
        ticket(app, id, "my radiator knocks all day", json!({"channel": "email"}), outcome).await;
    }
}

async fn page(app: &TestApp, path: &str) -> String {
    let answer = app.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    let html = answer.text();
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    assert!(!html.contains("<script"), "{path}");
    html
}

fn columns(file: &Answer) -> Vec<String> {
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    file.text().lines().next().unwrap().split(',').map(str::to_owned).collect()
}

#[tokio::test]
async fn coverage_shows_categories_with_their_shares_flags_with_evidence_and_articles_in_trouble() {
    let app = desk().await;
    radiators(&app).await;
    let article = json!({"title": "Holidays", "body": "Ask your manager.", "audience": "customer",
        "expires_at": "2026-01-01T00:00:00Z"});
    assert_eq!(app.put("/v1/articles/holidays", article).await.status, 200);
    let html = page(&app, "/coverage").await;
    for words in [
        "aria-current=\"page\">Coverage",
        "<svg",
        "c-whisker",
        "Tickets of",
        "badge-draft\">missing",
        "<details>",
        "href=\"/v1/tickets/81\"",
        "Look through all articles",
        "No article was found at fault.",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let all = page(&app, "/coverage?articles=all").await;
    assert!(all.contains("It expired on 2026-01-01.") && !all.contains("Look through all"), "{all}");
    let file = app.get("/coverage?table=categories&format=csv").await;
    assert_eq!(columns(&file)[..3], ["category", "tickets", "trend"]);
    assert_eq!(file.text().lines().count(), 2, "{}", file.text());
    assert_eq!(columns(&app.get("/coverage?table=articles&format=csv").await)[0], "article");
}

#[tokio::test]
async fn coverage_of_nothing_says_what_there_is_instead() {
    let app = desk().await;
    radiators(&app).await;
    let html = page(&app, "/coverage?channel=telegraph").await;
    assert!(
        html.contains("Channel: no ticket of the window has it; there are email") && !html.contains("<svg"),
        "{html}"
    );
    assert!(html.contains("value=\"telegraph\""), "what was asked stays in the form");
    let html = page(&app, "/coverage?from=2020-01-01&to=2020-02-01").await;
    assert!(html.contains("No ticket came in from 2020-01-01 before 2020-02-01; tickets are from"), "{html}");
}

#[tokio::test]
async fn a_page_without_any_data_says_so_in_a_sentence_and_draws_no_empty_picture() {
    let app = desk().await;
    for (path, words) in [
        ("/coverage", "there are no tickets at all yet."),
        ("/gaps", "there are no tickets at all yet."),
        ("/surveys", "No survey of this time fits, so there are no figures."),
        ("/mismatches", "There is nothing to compare."),
    ] {
        let html =
            page(&app, path).await.replace("there is nothing to compare", "There is nothing to compare");
        assert!(html.contains(words) && !html.contains("<svg"), "{path}: {html}");
    }
    assert!(page(&app, "/surveys").await.contains("There is no such call."));
}

#[tokio::test]
async fn nonsense_in_an_address_is_told_or_passed_over_and_never_a_failure() {
    let app = desk().await;
    radiators(&app).await;
    let long = app.get("/surveys?from=1900-01-01").await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(long.text().contains("A summary goes over 3660 days at most."));
    for path in PAGES {
        for wrong in ["from=yesterday", "to=2026-13-01", "from=2026-11-02&to=2026-11-01"] {
            let answer = app.get(&format!("{path}?{wrong}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}?{wrong}");
            assert!(
                answer.text().contains("role=\"status\"") && !answer.text().contains("<svg"),
                "{path}?{wrong}"
            );
        }
        let long = "x".repeat(5_000);
        for passed in [
            "days=-1&by=%ff&task=x&list=x&measure=x&sort=x&dir=y&page=-9&table=groups",
            "top=0&format=exe&gap=none&follow_up=none&said=x",
            "days=all&from=&to=",
            &format!("category={long}"),
            "from=2020-02-29",
            "=&&==&%",
        ] {
            let answer = app.get(&format!("{path}?{passed}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}?{passed}: {}", answer.text());
        }
        let attack = escaped("\"><script>alert(1)</script>");
        let html =
            page(&app, &format!("{path}?channel={attack}&owner={attack}&category={attack}&gap={attack}"))
                .await;
        assert!(!html.contains("alert(1)</script>"), "{path}: {html}");
    }
}

#[tokio::test]
async fn gaps_are_ranked_with_an_outline_and_what_is_decided_stands_on_the_page() {
    let app = desk().await;
    radiators(&app).await;
    let html = page(&app, "/gaps").await;
    for words in [
        "aria-current=\"page\">Gaps",
        "<svg",
        "Proposed title",
        "bled the radiator.",
        "href=\"/v1/tickets/8",
        "6 tickets, each about 20 minutes; 120 minutes in all.",
        "<option value=\"open\" selected",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let id = hidden(&html, "id");
    let file = app.get("/gaps?table=groups&format=csv").await;
    assert_eq!(columns(&file)[..3], ["name", "tickets", "cost"]);
    assert!(file.text().contains(&id), "{}", file.text());

    let decide = async |state: &str, owner: &str, article: &str| {
        let fields = [
            ("id", id.as_str()),
            ("state", state),
            ("owner", owner),
            ("article_id", article),
            ("back", "?days=30"),
        ];
        post(&app, "/gaps", &fields).await
    };
    for (state, advice) in
        [("assigned", "An assigned group needs an owner."), ("published", "A published group needs the id")]
    {
        let refused = decide(state, "", "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.text().contains(advice) && refused.text().contains("<option value=\"open\" selected")
        );
    }
    assert_eq!(decide("finished", "", "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(decide("assigned", &"x".repeat(201), "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = decide("assigned", "mira", "").await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER);
    let there = kept.header("location").unwrap().to_owned();
    assert_eq!(there, format!("/gaps?days=30&gap={id}&said=kept#gap"));
    let html = page(&app, there.trim_end_matches("#gap")).await;
    for words in
        ["Kept.", "<option value=\"assigned\" selected", "value=\"mira\"", "<option value=\"30\" selected"]
    {
        assert!(html.contains(words), "{words}: {html}");
    }
    let article =
        json!({"title": "Loud radiator", "body": "my radiator knocks all day", "audience": "customer"});
    assert_eq!(app.put("/v1/articles/radiator", article).await.status, 200);
    assert_eq!(decide("published", "", "radiator").await.status, StatusCode::SEE_OTHER);
    let html = page(&app, &format!("/gaps?gap={id}")).await;
    for words in ["What moved since it was published", "on 6 of 6 tickets", "href=\"/articles/radiator\""] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let gone = post(&app, "/gaps", &[("id", "gap-0"), ("state", "open")]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&app, "/gaps", &[("state", "open")]).await.status, StatusCode::BAD_REQUEST);
}

/// The value of a hidden field.
fn hidden(html: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    html.split(&begin).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

async fn survey(app: &TestApp, survey: Value) {
    assert_eq!(app.post("/v1/surveys", survey).await.status, 200);
}

#[tokio::test]
async fn surveys_show_figures_with_intervals_groups_and_calls_those_due_soonest_first() {
    let app = desk().await;
    for number in 0..6 {
        let at = Timestamp::now() - SignedDuration::from_hours(24 * 7 * number + 1);
        let good =
            json!({"id": format!("good-{number}"), "rating": 5, "category": "Hardware", "answered_at": at});
        survey(&app, good).await;
    }
    survey(
        &app,
        json!({"id": "late", "rating": 1, "category": "Network", "answered_at": "2026-01-02T00:00:00Z"}),
    )
    .await;
    survey(&app, json!({"id": "new", "rating": 2, "category": "Network", "comment": "Nobody <b>called</b>.", "ticket_id": "81"}))
        .await;
    let html = page(&app, "/surveys").await;
    for words in [
        "aria-current=\"page\">Surveys",
        "c-band",
        "c-whisker",
        "86 % (between",
        "Hardware: 100 %",
        "1 group has fewer than 5 ratings",
        "overdue",
        "name=\"outcome\"",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let calls = html.split("<h2 id=\"calls-title\">").nth(1).unwrap();
    assert!(calls.find(">late<").unwrap() < calls.find(">new<").unwrap(), "{calls}");
    assert_eq!(hidden(calls, "id"), "late", "the call that is due soonest is open");
    let one = page(&app, "/surveys?follow_up=new").await;
    assert!(one.contains("Nobody &#60;b&#62;called") && one.contains("href=\"/v1/tickets/81\""), "{one}");
    assert!(page(&app, "/surveys?list=low&days=30").await.contains("Low scores, the latest first"));
    assert!(page(&app, "/surveys?list=closed").await.contains("There is no such call."));
    assert!(
        page(&app, "/surveys?by=channel&measure=nps").await.contains("Nobody gave an answer of this kind")
    );
    let file = app.get("/surveys?table=calls&format=csv").await;
    assert_eq!(columns(&file)[..3], ["survey", "state", "due"]);
    assert_eq!(file.text().lines().count(), 3, "{}", file.text());
    let file = app.get("/surveys?table=groups&format=csv&sort=answers&dir=desc").await;
    assert!(file.text().lines().nth(1).unwrap().starts_with("Hardware,6,1,"), "{}", file.text());
}

#[tokio::test]
async fn a_call_is_told_and_closed_by_its_form_and_nothing_else_of_it_changes() {
    let app = desk().await;
    survey(&app, json!({"id": "s/1", "rating": 1, "category": "Network"})).await;
    let tell = async |more: &[(&str, &str)]| {
        let base = [("id", "s/1"), ("back", "?list=all&days=30")];
        post(&app, "/surveys", &[&base, more].concat()).await
    };
    let kept =
        tell(&[("owner", " kim "), ("outcome", "reached"), ("root_cause", "process"), ("note", "a\r\nb")])
            .await;
    let there = kept.header("location").unwrap();
    assert_eq!(
        (kept.status, there),
        (StatusCode::SEE_OTHER, "/surveys?list=all&days=30&follow_up=s%2F1&said=kept#follow-up")
    );
    let told = app.get("/v1/surveys/s%2F1").await.json()["follow_up"].clone();
    assert_eq!(
        (&told["owner"], &told["outcome"], &told["note"]),
        (&json!("kim"), &json!("reached"), &json!("a\nb"))
    );
    let html = page(&app, there.trim_end_matches("#follow-up")).await;
    for words in
        ["Kept.", "value=\"kim\"", "value=\"reached\" selected", "value=\"process\" selected", ">contacted<"]
    {
        assert!(html.contains(words), "{words}: {html}");
    }
    let all = [("owner", "kim"), ("outcome", "reached"), ("root_cause", "process"), ("note", "a\r\nb")];
    assert_eq!(tell(&[&all[..], &[("closed", "yes")]].concat()).await.status, StatusCode::SEE_OTHER);
    let closed = app.get("/v1/surveys/s%2F1").await.json()["follow_up"].clone();
    assert_eq!(closed["state"], "closed");
    assert_eq!(closed["contacted_at"], told["contacted_at"], "the call was not made again");
    assert_eq!(tell(&[("owner", "")]).await.status, StatusCode::SEE_OTHER);
    let empty = app.get("/v1/surveys/s%2F1").await.json()["follow_up"].clone();
    assert_eq!(
        (&empty["owner"], &empty["outcome"], &empty["closed_at"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    assert_eq!(tell(&[("outcome", "shouted")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let long = tell(&[("owner", &"x".repeat(201))]).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(long.text().contains("may have 200 characters"));
    assert_eq!(post(&app, "/surveys", &[("id", "none")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&app, "/surveys", &[("owner", "kim")]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_form_is_taken_from_another_site_and_none_leads_to_one() {
    let app = desk().await;
    survey(&app, json!({"id": "s-1", "rating": 1})).await;
    for path in ["/gaps", "/surveys", "/suggest", "/"] {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let mut form = request(Method::POST, path, Some(FORM), "id=s-1&owner=mallory&state=open&text=a");
            form.headers_mut().insert("host", "desk.example".parse().unwrap());
            form.headers_mut().insert(name, value.parse().unwrap());
            let refused = app.send(form).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {name}");
            assert!(refused.text().contains("This form came from another site."), "{path}");
        }
    }
    assert_eq!(app.get("/v1/surveys/s-1").await.json()["follow_up"]["owner"], Value::Null);
    for back in ["//evil.example/", "https://evil.example", "?x=1#//evil"] {
        let kept = post(&app, "/surveys", &[("id", "s-1"), ("back", back)]).await;
        assert!(kept.header("location").unwrap().starts_with("/surveys?"), "{back}");
    }
}

#[tokio::test]
async fn mismatches_show_the_worst_first_with_their_tickets() {
    let app = desk().await;
    for (id, who, submitted, settled) in [
        ("1", "calm", "P3", "P1"),
        ("2", "hasty", "P2", "P3"),
        ("3", "exact", "P3", "P3"),
        ("4", "hasty", "P2", "P3"),
    ] {
        let ticket_ = json!({"requester_id": who, "channel": "email", "submitted": {"priority": submitted}});
        ticket(&app, id, "No VPN", ticket_, json!({"priority": settled})).await;
    }
    let html = page(&app, "/mismatches").await;
    for words in [
        "aria-current=\"page\">Mismatches",
        "c-bar",
        "3 of 4 settled (75 %)",
        "priority submitted as P3, predicted as P2, settled as P1; cost 12.0",
        "href=\"/v1/tickets/1\"",
        "12.0 on 1 ticket",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let file = app.get("/mismatches?table=groups&format=csv").await;
    let text = file.text();
    let names: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names, ["group", "calm", "hasty", "exact"]);
    let pairs = app.get("/mismatches?table=pairs&format=csv").await.text();
    assert!(pairs.contains("P2,P3,priority,2"), "{pairs}");
    assert!(page(&app, "/mismatches?by=channel").await.contains("email"));
    assert!(page(&app, "/mismatches?task=category").await.contains("nothing to compare"));
}
