//! For those who run the service and those who write against it: documents, metrics, health, log.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use common::{TestApp, request};
use deskhand::store::{Embedding, GapRecord, GapState};
use serde_json::{Value, json};

#[tokio::test]
async fn the_openapi_document_is_what_was_agreed() {
    let document = TestApp::new().await.get("/openapi.json").await.json();
    insta::assert_json_snapshot!(document);
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own_and_says_how_it_may_be_refused() {
    let document = TestApp::new().await.get("/openapi.json").await.json();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{path}");
            if path.starts_with("/v1") {
                assert!(operation["responses"]["429"].is_object(), "{path}");
            }
        }
    }
}

/// A gap group of this id.
fn gap(id: &str) -> GapRecord {
    let now = jiff::Timestamp::UNIX_EPOCH;
    GapRecord {
        id: id.into(),
        name: "vpn".into(),
        state: GapState::Open,
        owner: None,
        article_id: None,
        members: Vec::new(),
        centroid: Embedding { encoder: "none".into(), vector: Vec::new() },
        confidence: 0.0,
        first_seen_at: now,
        last_seen_at: now,
        published_at: None,
    }
}

/// The id of a signal that stands.
async fn raised(app: &TestApp) -> String {
    let now = jiff::Timestamp::now();
    let sla = json!({"due_at": now});
    app.post("/v1/triage", json!({"ticket": {"id": "due", "subject": "VPN", "sla": sla}})).await;
    let found = app.app.signals.run(now).await.unwrap();
    found.raised[0].id.clone()
}

#[tokio::test]
async fn every_example_in_the_document_is_accepted() {
    let app = TestApp::new().await;
    app.put("/v1/articles/vpn-drops", json!({"title": "VPN"})).await;
    app.post("/v1/triage", json!({"ticket": {"id": "vpn-drops", "subject": "VPN"}})).await;
    app.post("/v1/surveys", json!({"id": "vpn-drops", "rating": 2})).await;
    app.app.store.save_gaps(&[gap("vpn-drops")]).await.unwrap();
    let signal = raised(&app).await;
    let document = app.get("/openapi.json").await.json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(kinds) = operation["requestBody"]["content"].as_object() else { continue };
            for (kind, content) in kinds {
                for example in examples(content) {
                    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                    let body = match &example {
                        Value::String(text) => text.clone(),
                        json => json.to_string(),
                    };
                    // A signal's id is not ours to choose; mira is the user whom an example adds.
                    let id = if path.starts_with("/v1/signals/") { &signal } else { "vpn-drops" };
                    let answer = app
                        .send(request(
                            method,
                            &path.replace("{id}", id).replace("{name}", "mira"),
                            Some(kind),
                            body,
                        ))
                        .await;
                    assert_eq!(answer.status, 200, "{path} {kind}: {}", answer.text());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 9, "only {tried} examples");
}

fn examples(content: &Value) -> Vec<Value> {
    let several = content["examples"].as_object().into_iter().flatten();
    several.map(|(_, example)| example["value"].clone()).chain(content.get("example").cloned()).collect()
}

#[tokio::test]
async fn the_pages_of_the_document_need_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/docs").await.header("location"), Some("/docs/"));
    for page in ["/docs/", "/docs/index.html"] {
        let page = app.get(page).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("://"), "{}", page.text());
    }
    let start = app.get("/docs/swagger-initializer.js").await.text();
    assert!(start.contains("\"/openapi.json\"") && start.contains("\"validatorUrl\": \"none\""), "{start}");
    assert_eq!(app.get("/docs/swagger-ui-bundle.js").await.status, 200);
}

#[tokio::test]
async fn the_page_of_errors_has_every_code_under_its_address() {
    let page = TestApp::new().await.get("/docs/errors").await.text();
    for code in deskhand::http::Code::ALL {
        assert!(page.contains(&format!("id=\"{}\"", code.row().code)), "{code:?}");
    }
}

#[tokio::test]
async fn every_metric_is_there_before_the_first_request() {
    let app = TestApp::new().await;
    // The warm-up has been read; how long it is does not matter here.
    let tokens = format!("deskhand_tokens_total {}", app.app.now().model.tokens_read());
    let text = app.get("/metrics").await.text().replace(&tokens, "deskhand_tokens_total (warm-up)");
    let lines = text.lines().filter(|line| !line.contains("_bucket") && !line.is_empty());
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn metrics_count_what_was_done() {
    let app = TestApp::new().await;
    app.put("/v1/articles/a", json!({"title": "A", "body": "Alpha"})).await;
    app.post("/v1/triage", json!({"ticket": {"subject": "a"}})).await;
    app.post("/v1/triage", json!({})).await;
    app.post("/v1/suggest", json!({"text": "Zanzibar ".repeat(100)})).await;
    app.get("/nowhere/Zanzibar").await;
    app.send(request(Method::from_bytes(b"ZANZIBAR").unwrap(), "/info", None, Body::empty())).await;
    let before = app.app.now().model.tokens_read();
    let text = app.get("/metrics").await.text();
    for line in [
        "deskhand_requests_total{method=\"PUT\",route=\"/v1/articles/{id}\",status=\"200\"} 1",
        "deskhand_requests_total{method=\"POST\",route=\"/v1/triage\",status=\"200\"} 1",
        "deskhand_requests_total{method=\"POST\",route=\"/v1/triage\",status=\"422\"} 1",
        "deskhand_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "deskhand_requests_total{method=\"other\",route=\"/info\",status=\"405\"} 1",
        "deskhand_request_seconds_count{method=\"POST\",route=\"/v1/triage\"} 2",
        "deskhand_predictions_total{task=\"category\",decision=\"auto\"} 1",
        "deskhand_predictions_total{task=\"priority\",decision=\"auto\"} 1",
        "deskhand_articles 1",
        "deskhand_queue_tokens 0",
        "deskhand_truncated_texts_total 1",
        &format!("deskhand_tokens_total {before}"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.to_lowercase().contains("zanzibar"));
}

#[tokio::test]
async fn health_and_info_tell_what_runs() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/health/live").await.json(), json!({"status": "live"}));
    let info = app.get("/info").await.json();
    let ready = app.get("/health/ready").await.json();
    assert_eq!(ready["status"], "ready");
    for part in ["name", "version", "taxonomy"] {
        assert_eq!(ready["model"][part], info["model"][part], "both name the bundle that answers");
    }
    insta::assert_json_snapshot!(info, {
        ".version" => "(version)", ".uptime_s" => "(seconds)", ".model.taxonomy" => "(sum)", ".model.encoder" => "(sum)",
        ".model.tasks.**" => insta::rounded_redaction(2),
    }, @r#"
    {
      "version": "(version)",
      "uptime_s": "(seconds)",
      "model": {
        "name": "tiny",
        "version": "1",
        "taxonomy": "(sum)",
        "encoder": "(sum)",
        "max_tokens": 512,
        "base": "no pretraining",
        "licence": "Apache-2.0",
        "languages": [
          "en"
        ],
        "tasks": {
          "aspect/speed": {
            "labels": [
              "absent",
              "negative",
              "positive"
            ],
            "auto_threshold": 0.8,
            "suggest_threshold": 0.4,
            "calibrated_on": null
          },
          "category": {
            "labels": [
              "Network",
              "Hardware",
              "Access"
            ],
            "auto_threshold": 0.8,
            "suggest_threshold": 0.4,
            "calibrated_on": null
          },
          "impact": {
            "labels": [
              "high",
              "medium",
              "low"
            ],
            "auto_threshold": 0.8,
            "suggest_threshold": 0.4,
            "calibrated_on": null
          },
          "sentiment": {
            "labels": [
              "negative",
              "neutral",
              "positive",
              "mixed"
            ],
            "auto_threshold": 0.8,
            "suggest_threshold": 0.4,
            "calibrated_on": null
          },
          "urgency": {
            "labels": [
              "high",
              "medium",
              "low"
            ],
            "auto_threshold": 0.8,
            "suggest_threshold": 0.4,
            "calibrated_on": null
          }
        }
      },
      "counts": {
        "articles": 0,
        "tickets": 0
      }
    }
    "#);
    assert_eq!(info["model"]["encoder"], app.app.now().model.encoder_id());
}

#[tokio::test]
async fn a_service_without_its_store_is_alive_but_not_ready() {
    let app = TestApp::new().await;
    app.app.store.close().await.unwrap();
    assert_eq!(app.get("/health/live").await.status, 200);
    insta::assert_snapshot!(app.get("/health/ready").await.refusal(), @r"
    503 stopping
    retry-after: 5
    Deskhand is being stopped: Send the request again once it runs.
    ");
    let ticket = json!({"ticket": {"id": "1", "subject": "a"}});
    insta::assert_snapshot!(app.post("/v1/triage", ticket).await.refusal(), @r"
    503 stopping
    retry-after: 5
    Deskhand is being stopped: Send the request again once it runs.
    ");
}
