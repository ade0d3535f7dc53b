//! Nothing personal in what the program says of its work: every kind of request to every endpoint, good and bad, at
//! the log level debug, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use process::{Service, deskhand, write};
use serde_json::{Value, json};

const MARKER: &str = "zanzibar";

/// A service whose words go into files.
struct Loud {
    child: Child,
    address: String,
}

impl Loud {
    fn start(dir: &Path) -> Self {
        let bundle = dir.join("bundle");
        tiny_bundle::write(&bundle);
        // A secret, so that hooks are read; no helpdesk is there to be written to.
        let config = write(
            dir,
            "deskhand.toml",
            "[server]\nmax_body_bytes = 100000\n[ui]\nkeep_unanswered = 10\n[integrations.freshdesk.hook]\nsecrets = [\"s3cret-of-the-hook-for-this-test\"]\n[privacy.retention]\ntickets = 1\n",
        );
        let mut child = Command::new(env!("CARGO_BIN_EXE_deskhand"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config", &config])
            .args(["--data", &dir.join("data").display().to_string()])
            .args(["--model", &bundle.display().to_string()])
            .env("DESKHAND_LOG", "warn,deskhand=debug")
            .env("NO_COLOR", "1")
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(dir.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().rsplit("http://").next().unwrap().to_owned() }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        // A body that is too large is refused before it is read to its end.
        Service::request_at(&self.address, method, path, &headers, body).unwrap_or((0, String::new()))
    }
}

impl Drop for Loud {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body as the schema asks for it, with the marker in every field that takes any text.
fn body(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return body(document, document.pointer(name.trim_start_matches('#')).unwrap(), depth);
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[several].as_array() {
            let one = all.iter().find(|one| one["type"] != "null").unwrap();
            return body(document, one, depth);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].clone(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("object") if depth < 6 => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields.map(|(name, field)| (name.clone(), body(document, field, depth + 1))).collect()
        }
        Some("array") if depth < 6 => json!([body(document, &schema["items"], depth + 1)]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("string") if schema["format"] == "date-time" => json!("2026-11-21T09:40:00Z"),
        _ => json!(MARKER),
    }
}

/// Every operation of the document that is for tickets, people and articles, in every way.
fn ask_everything(service: &Loud) -> usize {
    let document: Value = serde_json::from_str(&service.ask("GET", "/openapi.json", &[], "").1).unwrap();
    let mut good = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let product = path.contains("{product}");
            let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            for part in parts.iter_mut().filter(|part| part.starts_with('{')) {
                *part = if product { "freshdesk".into() } else { MARKER.into() };
            }
            let path = parts.join("/");
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let wanted = if schema.is_null() { json!({}) } else { body(&document, schema, 0) };
            let secret = ("x-deskhand-secret", "s3cret-of-the-hook-for-this-test");
            let (status, _) = service.ask(&method, &path, &[secret], &wanted.to_string());
            good += usize::from((200..300).contains(&status));
            let query = format!(
                "{path}?{MARKER}={MARKER}&after={MARKER}&limit={MARKER}&state={MARKER}&from={MARKER}"
            );
            service.ask(&method, &query, &[secret], &wanted.to_string());
            if method == "GET" {
                continue;
            }
            for wrong in [
                json!({ MARKER: MARKER }).to_string(),
                json!(MARKER).to_string(),
                format!("{{\"{MARKER}\": {MARKER}"),
                format!("{MARKER} ").repeat(40_000),
            ] {
                service.ask(&method, &path, &[secret], &wrong);
                service.ask(&method, &path, &[("x-deskhand-secret", MARKER)], &wrong);
            }
        }
    }
    good
}

#[test]
fn whatever_is_asked_and_however_no_word_of_it_is_logged_or_measured() {
    let dir = tempfile::tempdir().unwrap();
    let service = Loud::start(dir.path());
    let good = ask_everything(&service);
    assert!(good > 30, "only {good} requests were good");
    // What people send every day, by itself good.
    let ticket = json!({"id": MARKER, "subject": MARKER, "body": format!("Dear Ms {MARKER}"), "requester_id": MARKER,
        "organization_id": MARKER, "channel": MARKER, "agent_group": MARKER, "form": MARKER});
    let freshdesk = json!({"ticket_id": 7, "ticket_subject": MARKER, "ticket_description": MARKER,
        "ticket_requester_email": MARKER, "freshdesk_webhook": {"ticket_id": 7, "ticket_subject": MARKER,
        "ticket_description": MARKER, "ticket_requester_email": MARKER}});
    for (method, path, body) in [
        ("POST", "/v1/triage".to_owned(), json!({"ticket": ticket, "options": {"explain": true}})),
        (
            "POST",
            format!("/v1/tickets/{MARKER}/outcome"),
            json!({"resolution": MARKER, "category": MARKER, "status": "solved"}),
        ),
        (
            "POST",
            "/v1/surveys".to_owned(),
            json!({"id": MARKER, "comment": MARKER, "rating": 1, "requester_id": MARKER}),
        ),
        ("POST", format!("/v1/surveys/{MARKER}/follow-up"), json!({"note": MARKER, "owner": MARKER})),
        (
            "POST",
            "/v1/deflections".to_owned(),
            json!({"session_id": MARKER, "outcome": "unanswered", "text": MARKER}),
        ),
        ("POST", "/v1/hooks/freshdesk".to_owned(), freshdesk),
        ("GET", format!("/v1/requesters/{MARKER}"), Value::Null),
        ("DELETE", format!("/v1/requesters/{MARKER}"), Value::Null),
    ] {
        let secret = ("x-deskhand-secret", "s3cret-of-the-hook-for-this-test");
        let (status, answer) = service.ask(method, &path, &[secret], &body.to_string());
        assert!((200..300).contains(&status) || path.contains("hooks"), "{method} {path}: {status} {answer}");
    }
    let metrics = service.ask("GET", "/metrics", &[], "").1;
    assert!(!metrics.to_lowercase().contains(MARKER), "{metrics}");
    drop(service);
    let said = std::fs::read_to_string(dir.path().join("stderr")).unwrap();
    assert!(said.lines().filter(|line| line.contains("request_id=")).count() > 300, "little was logged");
    let told: Vec<&str> = said.lines().filter(|line| line.to_lowercase().contains(MARKER)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn commands_that_read_tickets_say_nothing_of_their_words_when_something_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    tiny_bundle::write(&bundle);
    let (model, data) = (bundle.display().to_string(), dir.path().join("data").display().to_string());
    let rows: String = (0..30)
        .map(|n| format!("{{\"id\":\"{n}\",\"subject\":\"{MARKER}\",\"body\":\"{MARKER} {n}\",\"final_category\":\"Network\",\"status\":\"solved\",\"resolution\":\"{MARKER}\"}}\n"))
        .collect();
    let good = write(dir.path(), "tickets.jsonl", &rows);
    // Names of columns are told, and values of labels such as a status; what else stands in them is not.
    let bad = write(
        dir.path(),
        "bad.jsonl",
        &format!(
            "{{\"id\":\"{MARKER}\",\"body\":{{\"a\":\"{MARKER}\"}},\"rating\":\"{MARKER}\"}}\n{MARKER}\n{{\"id\":\"2\",\"body\":\"x\",\"created_at\":\"{MARKER}\"}}\n"
        ),
    );
    for args in [
        vec!["import", "tickets", &good, "--data", &data, "--model", &model],
        vec!["import", "tickets", &bad, "--data", &data, "--model", &model],
        vec!["import", "surveys", &bad, "--data", &data, "--model", &model],
        vec!["retrain", "--data", &data],
        vec!["retention", "--data", &data],
        vec!["doctor", "--data", &data, "--model", &model],
        vec!["trail", "show", "--data", &data],
    ] {
        let run = deskhand(&args);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!said.is_empty() || args[0] == "trail", "{args:?}");
        assert!(!said.to_lowercase().contains(MARKER), "{args:?}: {said}");
    }
}
