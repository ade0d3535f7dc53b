//! What a house runs, found in the words of a ticket.

#![allow(clippy::unwrap_used)]

mod common;

use common::TestApp;
use serde_json::{Value, json};

async fn with_vpn() -> TestApp {
    let app = TestApp::new().await;
    let item =
        json!({"name": "LarkVPN", "kind": "service", "aliases": ["remote access"], "agent_group": "Network"});
    assert_eq!(app.put("/v1/configuration-items/svc-vpn", item).await.status, 200);
    app
}

async fn named(app: &TestApp, ticket: Value, options: Value) -> Value {
    let answer = app.post("/v1/triage", json!({"ticket": ticket, "options": options})).await;
    assert_eq!(answer.status, 200);
    answer.json()["configuration_items"].clone()
}

#[tokio::test]
async fn a_ticket_is_answered_with_the_items_that_it_names_and_where() {
    let app = with_vpn().await;
    let body = "<p>Hello,</p><p>our <b>remote&nbsp;access</b> drops.</p>";
    let ticket = json!({"subject": "Help", "body": body, "body_format": "html"});
    let found = named(&app, ticket, json!({})).await;
    let place = &found[0]["place"];
    let (start, end) = (place["start"].as_u64().unwrap() as usize, place["end"].as_u64().unwrap() as usize);
    assert_eq!(body.chars().skip(start).take(end - start).collect::<String>(), "remote&nbsp;access");
    let mut found = found;
    found[0]["place"].take();
    let expected = json!([{"id": "svc-vpn", "name": "LarkVPN", "kind": "service", "agent_group": "Network",
        "matched_by": "alias", "place": null}]);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_a_house_runs_is_not_shown_to_customers() {
    let app = with_vpn().await;
    let ticket = json!({"subject": "LarkVPN drops"});
    assert_eq!(named(&app, ticket.clone(), json!({"audience": "customer"})).await, json!([]));
    assert_eq!(named(&app, ticket, json!({"audience": "agent"})).await[0]["id"], "svc-vpn");
}

#[tokio::test]
async fn an_item_that_is_changed_or_deleted_is_so_for_the_next_ticket() {
    let app = with_vpn().await;
    let ticket = json!({"subject": "LarkVPN drops"});
    let item = json!({"name": "Heron VPN"});
    assert_eq!(app.put("/v1/configuration-items/svc-vpn", item).await.status, 200);
    assert_eq!(named(&app, ticket.clone(), json!({})).await, json!([]));
    assert_eq!(named(&app, json!({"subject": "heron vpn?"}), json!({})).await[0]["name"], "Heron VPN");
    assert_eq!(app.delete("/v1/configuration-items/svc-vpn").await.status, 204);
    assert_eq!(app.delete("/v1/configuration-items/svc-vpn").await.status, 404);
    assert_eq!(named(&app, json!({"subject": "heron vpn?"}), json!({})).await, json!([]));
}

#[tokio::test]
async fn items_are_listed_page_by_page() {
    let app = with_vpn().await;
    for id in ["a", "b"] {
        assert_eq!(
            app.put(&format!("/v1/configuration-items/{id}"), json!({"name": "Thing"})).await.status,
            200
        );
    }
    let page = app.get("/v1/configuration-items?limit=2").await.json();
    assert_eq!((&page["items"][1]["id"], &page["next"]), (&json!("b"), &json!("b")));
    let rest = app.get("/v1/configuration-items?limit=2&after=b").await.json();
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&json!("svc-vpn"), &Value::Null));
    assert_eq!(app.get("/v1/configuration-items/a").await.json()["name"], "Thing");
}

#[tokio::test]
async fn an_item_that_cannot_be_used_is_refused_by_its_field() {
    let app = TestApp::new().await;
    let item = json!({"name": "Laptop", "tag_patterns": ["LT-(", "LT-\\d{5}"]});
    let refused = app.put("/v1/configuration-items/laptop", item).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["errors"][0]["field"], "/tag_patterns/0");
    assert_eq!(app.get("/v1/configuration-items/laptop").await.status, 404);
}
