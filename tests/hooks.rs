//! What helpdesks may rely on: a delivery in their own form is believed, kept, worked on once, and comes to one
//! update of the ticket for each version of its words.

#![allow(clippy::unwrap_used)]

mod common;
mod deliveries;

use axum::body::Body;
use axum::http::{Method, Request};
use common::{Answer, TestApp};
use deliveries::{Delivery, OWN_USER, fixture, freshdesk, generic, set_up, standard, zammad, zendesk};
use deskhand::config::{EndpointSettings, Settings};
use deskhand::http::work;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

async fn send(service: &TestApp, delivery: &Delivery) -> Answer {
    let mut request =
        Request::builder().method(Method::POST).uri(delivery.path).header("content-type", "application/json");
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    service.send(request.body(Body::from(delivery.body.clone())).unwrap()).await
}

/// A service with all helpdesks, and what is changed of its settings.
async fn service(change: impl FnOnce(&mut Settings)) -> TestApp {
    TestApp::with(|settings| {
        set_up(settings);
        change(settings);
    })
    .await
}

/// Works off what was kept.
async fn work_off(service: &TestApp) {
    let working = work::start(&service.app).await.unwrap();
    while service.app.store.next_job_at("hook").await.unwrap().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    working.stop().await;
}

/// Sends, is believed, and works it off.
async fn deliver(service: &TestApp, delivery: &Delivery) -> Value {
    let answer = send(service, delivery).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    work_off(service).await;
    answer.json()
}

async fn updates(service: &TestApp) -> Vec<Value> {
    service.get("/v1/updates").await.json()["updates"].as_array().unwrap().clone()
}

async fn results(service: &TestApp, product: &str) -> Vec<String> {
    let metrics = service.get("/metrics").await.text();
    let begin = format!("deskhand_deliveries_ended_total{{product=\"{product}\",result=\"");
    let ended = metrics.lines().filter_map(|line| line.strip_prefix(&begin)?.split_once("\"} "));
    let ended = ended.filter(|(_, count)| *count != "0");
    let mut ended: Vec<String> = ended.map(|(result, count)| format!("{result} {count}")).collect();
    ended.sort();
    ended
}

#[tokio::test]
async fn a_delivery_of_each_helpdesk_becomes_an_answered_ticket_and_one_update() {
    let service = service(|_| ()).await;
    let now = Timestamp::now();
    let sent = [
        (zendesk(&fixture("zendesk-ticket-created"), "8350205582", now), "zendesk:8350205582", "81"),
        (zammad(&fixture("zammad-ticket"), "a1b2"), "zammad:a1b2", "zm-81"),
        (generic(&fixture("generic-ticket")), "generic:d-1", "g-81"),
        (freshdesk(&fixture("freshdesk-ticket")), "freshdesk:", "fd-81"),
    ];
    for (delivery, key, ticket) in &sent {
        let kept = deliver(&service, delivery).await;
        assert!(kept["delivery"].as_str().unwrap().starts_with(key), "{kept}");
        assert_eq!(kept["duplicate"], false);
        let ticket = service.get(&format!("/v1/tickets/{ticket}")).await.json();
        assert_eq!(ticket["subject"], "VPN drops every hour");
        assert_eq!(ticket["channel"].as_str().unwrap().to_lowercase(), "email");
        assert_eq!(ticket["predictions"].as_array().unwrap().len(), 1);
    }
    let updates = updates(&service).await;
    assert_eq!(updates.len(), 4);
    for update in &updates {
        assert!(update["job_id"].is_i64(), "it is to be written: {update}");
        assert_eq!(update["ticket_id"], "81");
        assert_eq!(update["update"]["category"], "Network");
        assert_eq!(update["update"]["tags"], json!(["deskhand"]));
        assert!(update["update"]["note"]["lines"][0].as_str().unwrap().starts_with("Category: Network ("));
    }
    let jobs = service.get("/v1/jobs?kind=event").await.json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 4, "one event for each answer");
}

#[tokio::test]
async fn the_event_of_an_answer_holds_no_words_of_the_ticket() {
    // Nobody answers there, so that the delivery waits for its next attempt and can be looked at.
    let nowhere = EndpointSettings {
        url: "https://receiver.invalid/events".into(),
        types: Vec::new(),
        secrets: vec!["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".to_owned().into()],
    };
    let service = service(|settings| drop(settings.events.endpoints.insert("pager".into(), nowhere))).await;
    deliver(&service, &zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now())).await;
    let job = loop {
        let jobs = service.get("/v1/jobs?kind=event_delivery").await.json();
        if let Some(id) = jobs["jobs"][0]["id"].as_i64() {
            break id;
        }
        work_off(&service).await;
    };
    let delivery = service.app.store.job(job).await.unwrap().unwrap().payload;
    let event: Value = serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap();
    assert_eq!(event["type"], "triage.completed");
    assert_eq!(event["data"]["ticket_id"], "81");
    assert_eq!(event["data"]["predictions"]["category"]["label"], "Network");
    assert!(!event.to_string().contains("VPN"), "{event}");
}

#[tokio::test]
async fn a_delivery_that_comes_twice_is_kept_once() {
    let service = service(|_| ()).await;
    for delivery in [
        zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now()),
        zammad(&fixture("zammad-ticket"), "1"),
        generic(&fixture("generic-ticket")),
        standard(&fixture("generic-ticket").replace("d-1", "d-2"), "msg_1", Timestamp::now()),
        freshdesk(&fixture("freshdesk-ticket")),
    ] {
        assert_eq!(send(&service, &delivery).await.json()["duplicate"], false, "{}", delivery.path);
        assert_eq!(send(&service, &delivery).await.json()["duplicate"], true, "{}", delivery.path);
    }
    work_off(&service).await;
    assert_eq!(updates(&service).await.len(), 4);
}

#[tokio::test]
async fn a_delivery_that_is_not_signed_rightly_is_refused_and_told_what_to_check() {
    let service = service(|_| ()).await;
    let now = Timestamp::now();
    let body = fixture("zendesk-ticket-created");
    let right = zendesk(&body, "1", now);
    let old = zendesk(&body, "1", now - SignedDuration::from_secs(302));
    let early = zendesk(&body, "1", now + SignedDuration::from_secs(302));
    let mut shown = String::new();
    for refused in [
        right.clone().with("x-zendesk-webhook-signature", "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw="),
        Delivery { headers: Vec::new(), ..right.clone() },
        // Another time than was signed.
        right.clone().with("x-zendesk-webhook-signature-timestamp", "2026-11-21T09:40:00Z"),
        Delivery { body: body.as_bytes()[..body.len() / 2].to_vec(), ..right.clone() },
        old,
        early,
        zammad(&fixture("zammad-ticket"), "1").with("x-hub-signature", "sha1=0"),
        freshdesk(&fixture("freshdesk-ticket")).with("x-deskhand-secret", "guessed"),
        generic(&fixture("generic-ticket")).with("x-deskhand-signature", "sha256="),
        standard(&fixture("generic-ticket"), "1", now - SignedDuration::from_secs(302)),
    ] {
        let answer = send(&service, &refused).await;
        assert_eq!(answer.status, 401);
        shown += &answer.refusal();
    }
    insta::assert_snapshot!(shown);
    assert!(service.get("/v1/jobs").await.json()["jobs"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_is_refused_with_its_field_and_without_its_words() {
    let service = service(|settings| settings.server.max_body_bytes = 20_000).await;
    let now = Timestamp::now();
    let created = |from: &str, to: &str| {
        let body = fixture("zendesk-ticket-created").replace(from, to);
        zendesk(&body, "1", now)
    };
    let mut shown = String::new();
    for refused in [
        created("\"id\": \"81\"", "\"id\": \"\""),
        created("\"subject\": \"VPN drops every hour\"", "\"subject\": {\"secret\": \"words\"}"),
        created("\"updated_at\": \"2026-11-21T09:40:00Z\"", "\"updated_at\": \"secret words\""),
        zammad("{\"secret words", "1"),
        zammad("[]", "1"),
        freshdesk("{}"),
        generic("{\"ticket\": {\"id\": {}}}"),
        generic(&format!("{{\"ticket\": {{\"id\": \"81\", \"body\": \"{}\"}}}}", "x".repeat(20_000))),
        Delivery { path: "/v1/hooks/helpscout", ..generic("{}") },
    ] {
        let answer = send(&service, &refused).await;
        assert!(!answer.text().contains("secret"), "{}", answer.text());
        shown += &answer.refusal();
    }
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn a_helpdesk_without_a_secret_is_told_what_to_set() {
    let service = TestApp::new().await;
    let answer = send(&service, &zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now())).await;
    insta::assert_snapshot!(answer.refusal());
}

#[tokio::test]
async fn internal_notes_and_what_deskhand_did_itself_are_not_answered() {
    let service = service(|_| ()).await;
    let now = Timestamp::now();
    let own = fixture("zendesk-ticket-created").replace("8447388090495", OWN_USER);
    deliver(&service, &zendesk(&own, "1", now)).await;
    deliver(&service, &zendesk(&fixture("zendesk-private-comment"), "2", now)).await;
    deliver(&service, &zammad(&fixture("zammad-note"), "1")).await;
    deliver(&service, &freshdesk(&fixture("freshdesk-note"))).await;
    let spam = fixture("zendesk-ticket-created").replace("ticket.created", "ticket.marked_as_spam");
    deliver(&service, &zendesk(&spam, "3", now)).await;
    let closed = fixture("zendesk-ticket-created").replace("\"NEW\"", "\"CLOSED\"");
    deliver(&service, &zendesk(&closed, "4", now)).await;
    assert!(updates(&service).await.is_empty());
    assert_eq!(results(&service, "zendesk").await, ["closed 1", "internal_note 1", "other 1", "own 1"]);
    assert_eq!(results(&service, "zammad").await, ["internal_note 1"]);
    assert_eq!(results(&service, "freshdesk").await, ["internal_note 1"]);
}

#[tokio::test]
async fn a_ticket_is_answered_once_for_each_version_of_its_words() {
    let service = service(|_| ()).await;
    let now = Timestamp::now();
    let body = fixture("zendesk-ticket-created");
    deliver(&service, &zendesk(&body, "1", now)).await;
    // What Deskhand wrote comes back, by a user that nobody named: the words are the same.
    let written = body.replace("\"tags\": [\n      \"vpn\"", "\"tags\": [\n      \"deskhand\"");
    deliver(&service, &zendesk(&written.replace("ticket.created", "ticket.tags_changed"), "2", now)).await;
    assert_eq!(updates(&service).await.len(), 1);
    let changed = body.replace("every ten minutes", "every minute");
    let changed = changed
        .replace("\"updated_at\": \"2026-11-21T09:40:00Z\"", "\"updated_at\": \"2026-11-21T09:45:00Z\"");
    deliver(&service, &zendesk(&changed.replace("ticket.created", "ticket.description_changed"), "3", now))
        .await;
    let updates = updates(&service).await;
    assert_eq!(updates.len(), 2);
    assert_ne!(updates[0]["version"], updates[1]["version"]);
    // One that comes late does not bring the old words back.
    deliver(&service, &zendesk(&body, "4", now)).await;
    assert_eq!(self::updates(&service).await.len(), 2);
}

#[tokio::test]
async fn a_later_article_of_zammad_is_no_new_version_of_the_ticket() {
    let service = service(|_| ()).await;
    deliver(&service, &zammad(&fixture("zammad-ticket"), "1")).await;
    let reply = fixture("zammad-note").replace("\"internal\": true", "\"internal\": false");
    deliver(&service, &zammad(&reply, "2")).await;
    assert_eq!(updates(&service).await.len(), 1);
    let ticket = service.get("/v1/tickets/zm-81").await.json();
    let course = service.get("/v1/tickets/zm-81/events").await.json();
    assert_eq!(course["events"], json!([{"at": "2026-11-21T09:50:00.333Z", "kind": "agent_reply"}]));
    assert!(ticket["body"].as_str().unwrap().contains("whole team"));
}

#[tokio::test]
async fn what_agents_do_with_a_ticket_becomes_its_outcome() {
    let service = service(|_| ()).await;
    let now = Timestamp::now();
    deliver(&service, &zendesk(&fixture("zendesk-ticket-created"), "1", now)).await;
    deliver(&service, &zendesk(&fixture("zendesk-priority-changed"), "2", now)).await;
    let outcome = |ticket: &Value| ticket["outcome"].clone();
    let changed = outcome(&service.get("/v1/tickets/81").await.json());
    assert_eq!(changed["priority"], "P1", "{changed}");
    let reply = fixture("zendesk-private-comment").replace("\"is_public\": false", "\"is_public\": true");
    deliver(&service, &zendesk(&reply.replace("T09:50", "T10:30"), "2b", now)).await;
    let solved = fixture("zendesk-status-changed");
    deliver(&service, &zendesk(&solved, "3", now)).await;
    let done = outcome(&service.get("/v1/tickets/81").await.json());
    assert_eq!((&done["status"], &done["priority"]), (&json!("solved"), &json!("P2")), "{done}");
    assert_eq!(done["solved_at"], "2026-11-21T11:05:00Z");
    let again =
        solved.replace("SOLVED\",\n    \"subject", "OPEN\",\n    \"subject").replace("T11:05", "T12:05");
    deliver(&service, &zendesk(&again, "4", now)).await;
    let reopened = outcome(&service.get("/v1/tickets/81").await.json());
    assert_eq!((&reopened["status"], &reopened["reopened"]), (&json!("open"), &json!(1)), "{reopened}");
    let course = service.get("/v1/tickets/81/events").await.json();
    let kinds: Vec<&str> =
        course["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["agent_reply", "solved", "reopened"]);
    assert_eq!(updates(&service).await.len(), 1, "none of it is a new version of the words");
}

#[tokio::test]
async fn what_deskhand_wrote_or_the_requester_chose_is_no_label_of_an_agent() {
    let service = service(|_| ()).await;
    let now = Timestamp::now();
    deliver(&service, &zendesk(&fixture("zendesk-ticket-created"), "1", now)).await;
    let written = updates(&service).await[0]["update"]["priority"].clone();
    assert_eq!(written, "P2");
    // The priority that Deskhand wrote, by a user that the settings do not name.
    let came_back = fixture("zendesk-priority-changed").replace("URGENT", "HIGH");
    deliver(&service, &zendesk(&came_back, "2", now)).await;
    let by_requester = fixture("zendesk-priority-changed").replace("8447388099999", "8447388090495");
    deliver(&service, &zendesk(&by_requester, "3", now)).await;
    let ticket = service.get("/v1/tickets/81").await.json();
    assert_eq!(ticket["outcome"]["priority"], Value::Null, "{ticket}");
}

#[tokio::test]
async fn in_a_dry_run_the_update_is_kept_and_nothing_is_to_be_written() {
    let service = service(|settings| settings.integrations.zendesk.dry_run = true).await;
    deliver(&service, &zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now())).await;
    let updates = updates(&service).await;
    assert_eq!((&updates[0]["state"], &updates[0]["job_id"]), (&json!("dry_run"), &Value::Null));
    assert_eq!(updates[0]["update"]["category"], "Network");
    let jobs = service.get("/v1/jobs?kind=write_back").await.json();
    assert!(jobs["jobs"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn only_what_is_sure_enough_is_set_unless_the_site_says_otherwise() {
    let auto = |threshold: f32| {
        move |settings: &mut Settings| {
            for task in ["category", "impact", "urgency", "priority"] {
                settings.triage.auto_threshold.insert(task.into(), threshold);
            }
        }
    };
    let unsure = service(auto(1.0)).await;
    let delivery = zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now());
    deliver(&unsure, &delivery).await;
    let update = &updates(&unsure).await[0]["update"];
    assert_eq!((&update["category"], &update["priority"]), (&Value::Null, &Value::Null));
    assert!(update["note"]["lines"][0].as_str().unwrap().contains("suggested"), "{update}");
    let bold = service(|settings| {
        auto(1.0)(settings);
        settings.integrations.zendesk.auto_only = false;
        settings.integrations.zendesk.note = false;
    })
    .await;
    deliver(&bold, &delivery).await;
    let update = &updates(&bold).await[0]["update"];
    assert_eq!((&update["category"], &update["note"]), (&json!("Network"), &Value::Null));
}

#[tokio::test]
async fn jobs_are_listed_without_what_they_hold_and_only_dead_ones_are_begun_anew() {
    let service = service(|_| ()).await;
    send(&service, &zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now())).await;
    let page = service.get("/v1/jobs?kind=hook&state=waiting&limit=1").await;
    assert!(!page.text().contains("VPN"), "{}", page.text());
    let page = page.json();
    assert_eq!(page["jobs"][0]["subject"], "zendesk:81");
    let id = page["next"].as_i64().unwrap();
    let mut shown = service.post(&format!("/v1/jobs/{id}/replay"), Value::Null).await.refusal();
    shown += &service.post("/v1/jobs/999/replay", Value::Null).await.refusal();
    shown += &service.get("/v1/jobs/x").await.refusal();
    shown += &service.get("/v1/jobs?limit=201").await.refusal();
    insta::assert_snapshot!(shown);
    // A payload that no version of Deskhand wrote is given up, seen, and begun anew.
    let job = deskhand::store::NewJob {
        kind: "hook",
        key: "zendesk:broken".into(),
        subject: None,
        payload: json!({}),
        run_at: Timestamp::now(),
    };
    service.app.store.enqueue(vec![job], Timestamp::now()).await.unwrap();
    work_off(&service).await;
    let dead = service.get("/v1/jobs?state=dead&kind=hook").await.json();
    let id = dead["jobs"][0]["id"].as_i64().unwrap();
    assert!(dead["jobs"][0]["error"].as_str().unwrap().contains("cannot read"));
    let again = service.post(&format!("/v1/jobs/{id}/replay"), Value::Null).await.json();
    assert_eq!((&again["state"], &again["attempts"]), (&json!("waiting"), &json!(0)));
}

#[tokio::test]
async fn the_bodies_that_the_docs_give_are_accepted_once_they_are_filled_in() {
    let service = service(|settings| {
        settings.integrations.freshdesk.fields.category = Some("cf_category".into());
    })
    .await;
    let template = |name: &str| {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/integrations/");
        std::fs::read_to_string(format!("{dir}{name}.json")).unwrap()
    };
    let now = Timestamp::now();
    let zendesk_body = filled(&template("zendesk-trigger"), "{{", "}}");
    deliver(&service, &zendesk(&zendesk_body, "1", now)).await;
    deliver(&service, &zammad(&filled(&template("zammad-webhook"), "#{", "}"), "1")).await;
    deliver(&service, &freshdesk(&filled(&template("freshdesk-webhook"), "{{", "}}"))).await;
    deliver(&service, &generic(&template("generic-delivery"))).await;
    let updates = updates(&service).await;
    assert_eq!(updates.len(), 4, "{updates:#?}");
    for id in ["81", "zm-81", "fd-81", "g-81"] {
        let ticket = service.get(&format!("/v1/tickets/{id}")).await.json();
        assert_eq!(ticket["subject"], "VPN drops every hour", "{id}");
        assert!(ticket["body"].as_str().unwrap().starts_with("Since this morning"), "{id}");
        assert_eq!(ticket["agent_group"], "Service Desk", "{id}");
        assert_ne!(ticket["submitted"]["priority"], Value::Null, "{id}");
    }
}

/// A body with its placeholders filled in as the helpdesk does it.
fn filled(template: &str, begin: &str, end: &str) -> String {
    let value = |name: &str| match name {
        _ if name.ends_with("article_count") => "1",
        _ if name.ends_with("is_public") => "true",
        _ if name.ends_with("internal") => "false",
        _ if name.ends_with("_with_timestamp") => "2026-11-21T09:40Z",
        _ if name.ends_with("_at") => "2026-11-21T09:40:00.000Z",
        "ticket.id" => "81",
        "ticket.title" | "ticket.subject" => "VPN drops every hour",
        "article.content_type" => "text/plain",
        "ticket.description" => {
            "----------------------------------------------\\n\\nAda Roe, Nov 21, 2026, 09:40\\n\\nSince this morning the VPN disconnects."
        }
        "ticket.description_text" | "article.body" => "Since this morning the VPN disconnects.",
        "ticket.status" | "ticket.state.name" => "Open",
        "ticket.priority" => "Low",
        "ticket.priority.name" => "1 low",
        "ticket.group.name" => "Service Desk",
        "triggered_event" => "{ticket_action:created}",
        _ if name.contains("field") || name.contains("cf_") => "Access",
        _ => "8",
    };
    let mut parts = template.split(begin);
    let mut body = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(end).unwrap();
        body += value(name);
        body += rest;
    }
    body
}
