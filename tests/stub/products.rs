//! What each product answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskhand::integrations::Product;
use serde_json::{Value, json};

use super::{Got, State, TOKEN};

/// A file of `tests/fixtures/rest`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/rest/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The ticket and its notes as they are at first.
pub fn beginning(product: Product) -> (Value, Vec<Value>) {
    let notes = |notes: Value| notes.as_array().unwrap().clone();
    match product {
        Product::Zendesk => {
            let ticket = fixture("zendesk/ticket")["ticket"].clone();
            (ticket, notes(fixture("zendesk/comments")["comments"].clone()))
        }
        Product::Zammad => (fixture("zammad/ticket"), notes(fixture("zammad/articles"))),
        Product::Freshdesk => (fixture("freshdesk/ticket"), notes(fixture("freshdesk/conversations"))),
        Product::Generic => (json!({}), Vec::new()),
    }
}

/// Whether the request has the credentials, in the product's own way.
pub fn authorized(product: Product, got: &Got) -> bool {
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    let wanted = match product {
        Product::Zendesk => basic(format!("deskhand@acme.example/token:{TOKEN}")),
        Product::Zammad => format!("Token token={TOKEN}"),
        Product::Freshdesk => basic(format!("{TOKEN}:X")),
        Product::Generic => format!("Bearer {TOKEN}"),
    };
    got.path.starts_with(EVENTS) || got.header("authorization") == wanted
}

/// Where events are posted to; their signature takes the place of credentials.
pub const EVENTS: &str = "/events";

/// Status and body.
pub fn answer(product: Product, state: &mut State, got: &Got) -> (u16, Value) {
    match product {
        Product::Zendesk => zendesk(state, got),
        Product::Zammad => zammad(state, got),
        Product::Freshdesk => freshdesk(state, got),
        Product::Generic if got.path.starts_with(EVENTS) => (202, Value::Null),
        Product::Generic => generic(state, got),
    }
}

fn zendesk(state: &mut State, got: &Got) -> (u16, Value) {
    let path = got.path.split('?').next().unwrap();
    match (got.method.as_str(), path) {
        ("GET", "/api/v2/tickets/81.json") => (200, json!({"ticket": state.ticket})),
        ("GET", "/api/v2/tickets/81/comments.json") => {
            let newest: Vec<&Value> = state.notes.iter().rev().take(100).collect();
            (200, json!({"comments": newest, "next_page": null, "count": state.notes.len()}))
        }
        ("GET", "/api/v2/ticket_fields/360001.json") => (200, fixture("zendesk/ticket_field")),
        ("GET", "/api/v2/ticket_fields.json") => (200, fixture("zendesk/ticket_fields")),
        ("GET", "/api/v2/users/me.json") => (200, fixture("zendesk/me")),
        ("PUT", "/api/v2/tickets/81.json") => zendesk_update(state, &got.json()["ticket"]),
        _ => (404, json!({"error": "RecordNotFound", "description": "Not found"})),
    }
}

fn zendesk_update(state: &mut State, update: &Value) -> (u16, Value) {
    if update["safe_update"] == true && update["updated_stamp"] != state.ticket["updated_at"] {
        return (409, json!({"error": "UpdateConflict", "description": "Safe Update prevented the update"}));
    }
    let fields = update["custom_fields"].as_array().cloned().unwrap_or_default();
    if let Some(tags) = update.get("tags") {
        state.ticket["tags"] = tags.clone();
    }
    for set in fields {
        let field = fixture("zendesk/ticket_field");
        let options = field["ticket_field"]["custom_field_options"].as_array().unwrap();
        if !options.iter().any(|option| option["value"] == set["value"]) {
            return (422, json!({"error": "RecordInvalid", "description": "Record validation errors"}));
        }
        // Zendesk keeps the tag of the value among the ticket's tags; one of another value sets the field back.
        let tags = state.ticket["tags"].as_array_mut().unwrap();
        assert!(
            !tags
                .iter()
                .any(|tag| *tag != set["value"] && options.iter().any(|option| option["value"] == *tag)),
            "the tag of another value would set the field back"
        );
        if !tags.contains(&set["value"]) {
            tags.push(set["value"].clone());
        }
        let held = state.ticket["custom_fields"].as_array_mut().unwrap();
        let held = held.iter_mut().find(|held| held["id"] == set["id"]).unwrap();
        held["value"] = set["value"].clone();
    }
    if let Some(priority) = update.get("priority") {
        state.ticket["priority"] = priority.clone();
    }
    if let Some(comment) = update.get("comment") {
        let id = 2_000 + state.notes.len();
        state.notes.push(json!({"id": id, "type": "Comment", "author_id": 35436, "public": comment["public"],
            "html_body": format!("<div class=\"zd-comment\">{}</div>", comment["html_body"].as_str().unwrap())}));
    }
    state.changes += 1;
    state.ticket["updated_at"] = format!("2026-11-20T10:00:{:02}Z", state.changes).into();
    (200, json!({"ticket": state.ticket, "audit": {"id": state.changes}}))
}

fn zammad(state: &mut State, got: &Got) -> (u16, Value) {
    let path = got.path.split('?').next().unwrap();
    match (got.method.as_str(), path) {
        ("GET", "/api/v1/ticket_articles/by_ticket/81") => (200, state.notes.clone().into()),
        ("GET", "/api/v1/users/me") => (200, fixture("zammad/me")),
        ("GET", "/api/v1/object_manager_attributes") => (200, fixture("zammad/attributes")),
        ("GET", "/api/v1/ticket_priorities") => (200, fixture("zammad/priorities")),
        ("POST", "/api/v1/tags/add") => {
            let told = got.json();
            assert_eq!((&told["object"], &told["o_id"]), (&json!("Ticket"), &json!(81)));
            let tag = told["item"].as_str().unwrap().to_owned();
            if !state.tags.contains(&tag) {
                state.tags.push(tag);
            }
            (201, true.into())
        }
        ("PUT", "/api/v1/tickets/81") => {
            for (field, value) in got.json().as_object().unwrap() {
                if field == "article" {
                    let mut article = value.clone();
                    article["id"] = (400 + state.notes.len()).into();
                    state.notes.push(article);
                } else {
                    state.ticket[field] = value.clone();
                }
            }
            state.changes += 1;
            (200, state.ticket.clone())
        }
        _ => (404, json!({"error": "Not found", "error_human": "Not found"})),
    }
}

fn freshdesk(state: &mut State, got: &Got) -> (u16, Value) {
    let path = got.path.split('?').next().unwrap();
    match (got.method.as_str(), path) {
        ("GET", "/api/v2/tickets/81") => (200, state.ticket.clone()),
        ("GET", "/api/v2/tickets/81/conversations") => {
            let page: usize = got.path.rsplit("&page=").next().unwrap().parse().unwrap();
            let rows: Vec<Value> = state.notes.iter().skip((page - 1) * 100).take(100).cloned().collect();
            (200, rows.into())
        }
        ("GET", "/api/v2/ticket_fields") => (200, fixture("freshdesk/ticket_fields")),
        ("GET", "/api/v2/agents/me") => (200, fixture("freshdesk/me")),
        ("PUT", "/api/v2/tickets/81") => {
            for (field, value) in got.json().as_object().unwrap() {
                match field.as_str() {
                    "custom_fields" => {
                        for (name, value) in value.as_object().unwrap() {
                            state.ticket["custom_fields"][name] = value.clone();
                        }
                    }
                    "priority" | "type" | "tags" => state.ticket[field] = value.clone(),
                    _ => {
                        return (
                            400,
                            json!({"description": "Validation failed", "errors": [{"field": field, "code": "invalid_field"}]}),
                        );
                    }
                }
            }
            state.changes += 1;
            (200, state.ticket.clone())
        }
        ("POST", "/api/v2/tickets/81/notes") => {
            let mut note = got.json();
            note["id"] = (10 + state.notes.len()).into();
            state.notes.push(note.clone());
            (201, note)
        }
        _ => (404, Value::Null),
    }
}

/// Takes each key once, as who receives updates is asked to.
fn generic(state: &mut State, got: &Got) -> (u16, Value) {
    let key = got.header("idempotency-key").to_owned();
    assert!(!key.is_empty());
    if !state.tags.contains(&key) {
        state.tags.push(key);
        state.ticket = got.json();
        state.notes.push(got.json()["note"].clone());
        state.changes += 1;
    }
    (200, json!("taken"))
}
