//! The coverage audit, through the real binary and the real router.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use common::TestApp;
use process::{deskhand, lines, ok, write};
use serde_json::{Value, json};

const TO: &str = "2026-11-22";
/// Families of categories of the samples with enough tickets that an article answers.
const FAMILIES: [&str; 7] = ["Access", "Hardware", "Software", "Security", "People", "Product", "Data"];

/// The articles of the samples, as they are exported.
static ARTICLES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    ok(deskhand(&["import", "articles", "samples/articles", "--data", &path("kb")]));
    ok(deskhand(&["export", "articles", "--data", &path("kb"), "--output", &path("base.jsonl")]));
    lines(&std::fs::read_to_string(path("base.jsonl")).unwrap())
});

/// Tickets of the samples that an article answers, by the family of their category.
fn tickets() -> Vec<Value> {
    let all = lines(&std::fs::read_to_string("samples/tickets.jsonl").unwrap());
    let family = |ticket: &Value| ticket["category"].as_str().unwrap().split("::").next().unwrap().to_owned();
    let answered = |ticket: &Value| !ticket["article_ids"].as_array().unwrap().is_empty();
    let chosen =
        all.into_iter().filter(|ticket| answered(ticket) && FAMILIES.contains(&family(ticket).as_str()));
    chosen
        .map(|ticket| {
            let family = family(&ticket);
            json!({"id": ticket["id"], "subject": ticket["subject"], "body": ticket["body"], "channel": ticket["channel"],
                "created_at": ticket["created_at"], "category": family, "article_ids": ticket["article_ids"]})
        })
        .collect()
}

fn answers(tickets: &[Value], family: &str) -> BTreeSet<String> {
    let of = tickets.iter().filter(|ticket| ticket["category"] == family);
    of.flat_map(|t| t["article_ids"].as_array().unwrap().clone())
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

/// The samples with every article fresh, changed by `change`, in a data folder.
fn base(dir: &Path, change: impl Fn(&mut Value)) -> String {
    let data = dir.join("kb").display().to_string();
    let mut articles = ARTICLES.clone();
    for article in &mut articles {
        article["updated_at"] = json!("2026-10-22T00:00:00Z");
        change(article);
    }
    let text: String = articles.iter().map(|article| format!("{article}\n")).collect();
    ok(deskhand(&["import", "articles", &write(dir, "changed.jsonl", &text), "--data", &data]));
    data
}

fn file(dir: &Path, tickets: &[Value]) -> String {
    write(dir, "tickets.jsonl", &tickets.iter().map(|ticket| format!("{ticket}\n")).collect::<String>())
}

fn audit(file: &str, data: &str, more: &[&str]) -> process::Run {
    deskhand(&[&["audit", "coverage", "--tickets", file, "--data", data, "--to", TO], more].concat())
}

/// The kinds of flags by category.
fn flags(report: &Value) -> BTreeMap<String, Vec<String>> {
    let categories = report["categories"].as_array().unwrap().iter();
    let kinds = |category: &Value| -> Vec<String> {
        let flags = category["flags"].as_array().unwrap().iter();
        flags.map(|flag| flag["kind"].as_str().unwrap().to_owned()).collect()
    };
    categories
        .map(|category| (category["category"].as_str().unwrap().to_owned(), kinds(category)))
        .filter(|(_, kinds)| !kinds.is_empty())
        .collect()
}

#[test]
fn every_planted_fault_is_found_with_its_evidence_and_no_healthy_category_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut tickets = tickets();
    let (removed, aged) = (answers(&tickets, "Software"), answers(&tickets, "Hardware"));
    let data = base(dir.path(), |article| {
        let id = article["id"].as_str().unwrap();
        if removed.contains(id) {
            article["status"] = json!("archived");
        } else if aged.contains(id) {
            article["updated_at"] = json!("2023-11-22T00:00:00Z");
        }
    });
    for ticket in &mut tickets {
        let family = ticket["category"].as_str().unwrap().to_owned();
        if family == "Software" {
            ticket["article_ids"] = json!([]);
        }
        ticket["reopened"] = json!(u8::from(family == "Security"));
    }
    let run = audit(&file(dir.path(), &tickets), &data, &["--format", "json"]);
    let report: Value = serde_json::from_str(&ok(run)).unwrap();
    let expected = [("Hardware", "outdated"), ("Security", "not_resolving"), ("Software", "missing")];
    let expected = expected.map(|(category, kind)| (category.to_owned(), vec![kind.to_owned()]));
    assert_eq!(flags(&report), BTreeMap::from(expected), "{report:#}");

    let flag = |name: &str| {
        let categories = report["categories"].as_array().unwrap();
        categories.iter().find(|category| category["category"] == name).unwrap()["flags"][0].clone()
    };
    let hardware = flag("Hardware");
    assert!(hardware["reason"].as_str().unwrap().contains("last changed on 2023-11-22"), "{hardware}");
    assert!(aged.contains(hardware["articles"][0]["id"].as_str().unwrap()), "{hardware}");
    let security = flag("Security");
    assert!(security["reason"].as_str().unwrap().contains("opened again"), "{security}");
    assert!(!flag("Software")["tickets"].as_array().unwrap().is_empty());
    assert!(report["pareto"]["vital"].as_u64().unwrap() >= 1);
}

#[test]
fn a_base_without_faults_has_no_flags_and_every_face_of_the_report_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let (tickets, data) = (file(dir.path(), &tickets()), base(dir.path(), |_| ()));
    let report: Value = serde_json::from_str(&ok(audit(&tickets, &data, &["--format", "json"]))).unwrap();
    assert_eq!(flags(&report), BTreeMap::new(), "{report:#}");

    let csv = ok(audit(&tickets, &data, &["--format", "csv", "--top", "3"]));
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.starts_with("category,tickets,"));
    let page = ok(audit(&tickets, &data, &["--format", "html"]));
    assert!(page.contains("<svg") && !page.contains("http://") && !page.contains("https://"));
    let text = ok(audit(&tickets, &data, &["--category", "Access"]));
    assert!(text.contains("Access") && !text.contains("Hardware"), "{text}");
}

#[test]
fn an_expired_article_makes_its_category_outdated_and_not_missing() {
    let dir = tempfile::tempdir().unwrap();
    let tickets = tickets();
    let expired = answers(&tickets, "Access");
    let data = base(dir.path(), |article| {
        if expired.contains(article["id"].as_str().unwrap()) {
            article["expires_at"] = json!("2026-11-01T00:00:00Z");
        }
    });
    let run = audit(&file(dir.path(), &tickets), &data, &["--format", "json"]);
    let found = flags(&serde_json::from_str(&ok(run)).unwrap());
    assert_eq!(found, BTreeMap::from([("Access".to_owned(), vec!["outdated".to_owned()])]));
}

#[test]
fn an_archived_article_that_tickets_still_ask_for_is_named_though_its_neighbours_seem_to_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut tickets = tickets();
    let removed = answers(&tickets, "Access");
    tickets.iter_mut().for_each(|ticket| ticket["article_ids"] = json!([]));
    let data = base(dir.path(), |article| {
        if removed.contains(article["id"].as_str().unwrap()) {
            article["status"] = json!("archived");
        }
    });
    let named = |run: process::Run| {
        let report: Value = serde_json::from_str(&ok(run)).unwrap();
        let flag = &report["categories"][0]["flags"][0];
        assert_eq!(flag["kind"], "missing", "{report:#}");
        assert!(flag["reason"].as_str().unwrap().contains("archived, deleted or a draft"), "{flag:#}");
        assert!(removed.contains(flag["articles"][0]["id"].as_str().unwrap()), "{flag:#}");
    };
    let (file, asked) = (file(dir.path(), &tickets), ["--format", "json", "--category", "Access"]);
    named(audit(&file, &data, &asked));
    ok(deskhand(&["import", "tickets", &file, "--data", &data]));
    named(deskhand(&[&["audit", "coverage", "--data", &data, "--to", TO], &asked[..]].concat()));
}

#[test]
fn former_versions_in_the_archive_of_articles_that_are_out_are_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let data = base(dir.path(), |_| ());
    let former = |article: &Value| {
        let mut article = article.clone();
        let (id, body) = (article["id"].as_str().unwrap(), article["body"].as_str().unwrap());
        (article["id"], article["body"]) =
            (json!(format!("{id}-2024")), json!(body.replacen(". ", ", as it was until last year. ", 2)));
        article["status"] = json!("archived");
        format!("{article}\n")
    };
    let former: String = ARTICLES.iter().map(former).collect();
    ok(deskhand(&["import", "articles", &write(dir.path(), "former.jsonl", &former), "--data", &data]));
    let run = audit(&file(dir.path(), &tickets()), &data, &["--format", "json"]);
    assert_eq!(flags(&serde_json::from_str(&ok(run)).unwrap()), BTreeMap::new());
}

/// The address of the report of October and most of November.
const NOVEMBER: &str = "/v1/audit/coverage?from=2026-10-01&to=2026-11-20";

/// A service with an article about printers and this one about the scanner.
async fn printer_and_scanner(scanner: Value) -> TestApp {
    let app = TestApp::shipped(|settings| {
        settings.audit.refresh_seconds = 0;
        settings.audit.min_tickets = 3;
    })
    .await;
    let printer = json!({"title": "Printer", "body": "Turn it off and on.", "audience": "customer"});
    app.put("/v1/articles/printer", printer).await;
    app.put("/v1/articles/scanner", scanner).await;
    app
}

/// The report once three tickets have asked about the scanner.
async fn asked_about_the_scanner(app: &TestApp) -> Value {
    for id in ["81", "82", "83"] {
        let ticket =
            json!({"id": id, "body": "the scanner blinks red", "created_at": "2026-11-01T00:00:00Z"});
        assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
    }
    app.get(NOVEMBER).await.json()
}

#[tokio::test]
async fn over_http_tickets_that_a_draft_would_answer_make_their_category_missing() {
    let draft = json!({"title": "Scanner", "body": "The scanner blinks red after a jam.", "audience": "agent", "status": "draft"});
    let app = printer_and_scanner(draft).await;
    let report = asked_about_the_scanner(&app).await;
    let flag = &report["categories"][0]["flags"][0];
    assert_eq!(
        (&flag["kind"], &flag["articles"][0]["id"]),
        (&json!("missing"), &json!("scanner")),
        "{report:#}"
    );
    assert!(flag["reason"].as_str().unwrap().contains("3 of 3 tickets are nearer"), "{flag:#}");

    app.put(
        "/v1/articles/scanner",
        json!({"title": "Scanner", "body": "The scanner blinks red after a jam.", "audience": "agent"}),
    )
    .await;
    let report = app.get(NOVEMBER).await.json();
    assert!(!report.to_string().contains("archived, deleted or a draft"), "{report:#}");
}

#[tokio::test]
async fn a_deleted_article_that_tickets_still_ask_for_is_named_until_it_comes_back() {
    let scanner =
        json!({"title": "Scanner", "body": "The scanner blinks red after a jam.", "audience": "agent"});
    let app = printer_and_scanner(scanner.clone()).await;
    assert_eq!(app.delete("/v1/articles/scanner").await.status, 204);
    let report = asked_about_the_scanner(&app).await;
    let flag = &report["categories"][0]["flags"][0];
    let article = &flag["articles"][0];
    assert_eq!(
        (&flag["kind"], &article["id"], &article["title"]),
        (&json!("missing"), &json!("scanner"), &json!("Scanner")),
        "{report:#}"
    );
    assert!(article["deleted_at"].is_string(), "{flag:#}");
    let page = app.get("/coverage?from=2026-10-01&to=2026-11-20").await.text();
    assert!(page.contains("deleted on 20") && !page.contains("/articles/scanner"), "{page}");
    let printed = app.get(&format!("{NOVEMBER}&format=html")).await.text();
    assert!(printed.contains("deleted on 20"), "{printed}");

    app.put("/v1/articles/scanner", scanner).await;
    let report = app.get(NOVEMBER).await.json();
    assert!(!report.to_string().contains("archived, deleted or a draft"), "{report:#}");
}

#[test]
fn nonsense_is_answered_with_what_is_wrong_and_no_report() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("kb").display().to_string();
    let article = "{\"id\":\"vpn\",\"title\":\"VPN\",\"body\":\"Restart the client.\"}\n";
    ok(deskhand(&["import", "articles", &write(dir.path(), "one.jsonl", article), "--data", &data]));
    let tickets = file(dir.path(), &tickets()[..3]);
    let refused = |more: &[&str]| {
        let run = audit(&tickets, &data, more);
        assert!(!run.status.success() && run.stdout.is_empty(), "{}", run.stdout);
        run.stderr
    };
    assert!(refused(&["--from", "2026-12-01"]).contains("not after its beginning"));
    let empty =
        deskhand(&["audit", "coverage", "--tickets", &tickets, "--data", &data, "--to", "2020-01-01"]);
    assert!(
        empty.stderr.contains("no ticket came in before 2020-01-01; tickets are from 2026-09"),
        "{}",
        empty.stderr
    );
    let unknown = refused(&["--category", "Garden"]);
    assert!(unknown.contains("category: no ticket of the window has it; there are"), "{unknown}");
    assert!(refused(&["--from", "yesterday"]).contains("give a day such as"));
    let folder = deskhand(&["audit", "coverage", "--tickets", &tickets, "--data", "/nowhere/kb"]);
    assert!(folder.stderr.contains("there is no knowledge base in /nowhere/kb"), "{}", folder.stderr);

    let broken = write(dir.path(), "broken.jsonl", "{\"id\":1,\"body\":\"vpn\"}\n{oops\n{\"id\":2}\n");
    let run = audit(&broken, &data, &[]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        run.stdout.starts_with("1 tickets") && run.stderr.contains("line 2"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

#[tokio::test]
async fn over_http_the_audit_stands_on_the_tickets_that_were_triaged() {
    let app = TestApp::with(|settings| settings.audit.refresh_seconds = 0).await;
    let nothing = app.get("/v1/audit/coverage?from=2026-10-01&to=2026-11-20").await;
    insta::assert_snapshot!(nothing.refusal(), @r#"
    404 nothing_to_audit
    There are no tickets to look at: No ticket came in from 2026-10-01 before 2026-11-20; there are no tickets at all yet. Choose another window or filter.
    "#);
    let article = json!({"title": "Printer", "body": "Turn it off and on.", "audience": "customer"});
    app.put("/v1/articles/printer", article).await;
    for id in ["81", "82"] {
        let ticket = json!({"id": id, "body": "the printer is stuck", "channel": "email", "created_at": "2026-11-01T00:00:00Z"});
        assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
    }
    let report = app.get("/v1/audit/coverage?from=2026-10-01&to=2026-11-20&channel=email").await.json();
    assert_eq!((&report["tickets"], &report["previous_tickets"]), (&json!(2), &json!(0)));
    let category = &report["categories"][0];
    assert_eq!((&category["category"], &category["tickets"]), (&json!("Network"), &json!(2)));
    assert!(category["adequate"]["share"].as_f64().is_some(), "{report:#}");

    let window = "from=2026-10-01&to=2026-11-20";
    let csv = app.get(&format!("/v1/audit/coverage?{window}&format=csv")).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let page = app.get(&format!("/v1/audit/coverage?{window}&format=html")).await;
    assert!(page.text().contains("Coverage of the knowledge base"));
    let trouble = app.get(&format!("/v1/audit/articles?{window}")).await.json();
    assert_eq!((&trouble["tickets"], &trouble["never_suggested"]), (&json!(2), &json!([])));
    for (query, field) in [
        ("from=2026-11-20&to=2026-11-01", "from"),
        ("to=soon", "to"),
        ("top=0", "top"),
        ("format=pdf", "format"),
        ("from=2026-10-01&to=2026-11-20&channel=fax", "channel"),
        ("windows=2", "windows"),
    ] {
        let answer = app.get(&format!("/v1/audit/coverage?{query}")).await;
        assert_eq!(answer.json()["errors"][0]["field"], field, "{}", answer.text());
    }
}

#[tokio::test]
async fn gap_groups_keep_their_id_and_what_people_decide_and_prove_that_they_are_closed() {
    let app = TestApp::with(|settings| settings.audit.refresh_seconds = 0).await;
    let window = "from=2026-10-01&to=2026-11-20";
    for id in ["81", "82", "83", "84"] {
        let ticket = json!({"id": id, "subject": "Loud radiator", "body": "my radiator knocks all day",
            "created_at": "2026-11-01T00:00:00Z"});
        assert_eq!(app.post("/v1/triage", json!({"ticket": ticket})).await.status, 200);
        let outcome = json!({"status": "solved", "resolution": "bled the radiator.", "handling_minutes": 20});
        app.post(&format!("/v1/tickets/{id}/outcome"), outcome).await;
    }
    let report = app.get(&format!("/v1/audit/gaps?{window}")).await.json();
    let (group, id) = (&report["groups"][0], report["groups"][0]["id"].as_str().unwrap().to_owned());
    assert_eq!(
        (&group["tickets"], &group["state"], &group["cost"]),
        (&json!(4), &json!("open"), &json!(80.0))
    );
    assert_eq!(group["name"].as_str().unwrap().split(", ").count(), 4, "{report:#}");
    assert_eq!(group["outline"]["steps"][0], "bled the radiator.");

    let path = format!("/v1/audit/gaps/{id}");
    let refused = app.post(&path, json!({"state": "assigned"})).await;
    assert_eq!(refused.json()["errors"][0]["field"], "/owner", "{}", refused.text());
    let refused = app.post(&path, json!({"state": "published", "article_id": "radiator"})).await;
    assert_eq!(refused.json()["errors"][0]["field"], "/article_id", "{}", refused.text());
    assert_eq!(app.post("/v1/audit/gaps/gap-0", json!({})).await.status, 404);
    assert_eq!(app.post(&path, json!({"state": "assigned", "owner": "mira"})).await.status, 200);
    app.put(
        "/v1/articles/radiator",
        json!({"title": "Loud radiator", "body": "my radiator knocks all day", "audience": "customer"}),
    )
    .await;
    let kept = app.post(&path, json!({"state": "published", "article_id": "radiator"})).await.json();
    assert_eq!((&kept["state"], &kept["owner"]), (&json!("published"), &json!("mira")));

    let report = app.get(&format!("/v1/audit/gaps?{window}")).await.json();
    let group = &report["groups"][0];
    assert_eq!((group["id"].as_str(), &group["state"]), (Some(id.as_str()), &json!("published")));
    let closure = &group["closure"];
    assert_eq!((&closure["searched"], &closure["found_first"]), (&json!(4), &json!(4)), "{report:#}");
    let (then, now) =
        (closure["confidence_then"].as_f64().unwrap(), closure["confidence_now"].as_f64().unwrap());
    assert!(now > then + 0.3, "{closure}");
    let csv = app.get(&format!("/v1/audit/gaps?{window}&format=csv")).await.text();
    assert!(csv.contains(&id) && csv.contains("published"), "{csv}");
}

#[test]
fn articles_in_trouble_are_listed_by_what_ails_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("kb").display().to_string();
    let text = "You may send an article back within {} days of delivery, whatever the reason.\n\nPut it into the box that it came in, with the label of the courier on top, and bring it to any counter. The refund is on your account a week later; write to the desk if it is not.";
    let article = |id: &str, days: &str, more: Value| {
        let mut article =
            json!({"id": id, "title": "Returns", "body": text.replace("{}", days), "audience": "customer"});
        article.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("{article}\n")
    };
    let articles = article("fourteen", "14", json!({"review_at": "2026-01-01T00:00:00Z"}))
        + &article("thirty", "30", json!({"expires_at": "2026-02-01T00:00:00Z"}));
    ok(deskhand(&["import", "articles", &write(dir.path(), "articles.jsonl", &articles), "--data", &data]));
    let run = deskhand(&["audit", "articles", "--data", &data, "--to", TO, "--format", "json"]);
    let report: Value = serde_json::from_str(&ok(run)).unwrap();
    assert_eq!(report["expired"][0]["id"], "thirty", "{report:#}");
    assert_eq!(report["review_overdue"][0]["id"], "fourteen");
    let pair = &report["contradicting"][0];
    assert_eq!((&pair["first"], &pair["second"]), (&json!("fourteen"), &json!("thirty")), "{report:#}");
    assert!(pair["differences"][0]["first"].as_str().unwrap().contains("14 days"));
    assert!(
        ok(deskhand(&["audit", "articles", "--data", &data, "--to", TO]))
            .contains("contradicting each other: 1")
    );
}
