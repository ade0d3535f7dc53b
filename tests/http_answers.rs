//! What the service answers about tickets and comments, through the real router.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{TestApp, tiny_bundle};
use serde_json::json;

#[tokio::test]
async fn a_ticket_is_answered_and_kept_with_its_answer() {
    let app = TestApp::new().await;
    let ticket = json!({
        "ticket": {
            "id": "81", "subject": "VPN drops every hour", "body": "<p>Since this morning, our whole team.</p>",
            "body_format": "html", "channel": "email", "created_at": "2026-11-21T09:40:00Z", "requester_id": "8",
            "submitted": {"priority": "P4", "category": "Hardware"}
        },
        "options": {"top_n": 2}
    });
    let answer = app.post("/v1/triage", ticket).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    insta::assert_json_snapshot!(answer, {
        ".prediction_id" => "(id)", ".model.taxonomy" => "(sum)",
        ".predictions.**.confidence" => insta::rounded_redaction(2),
        ".predictions.**.threshold" => insta::rounded_redaction(2),
    }, @r#"
    {
      "prediction_id": "(id)",
      "ticket_id": "81",
      "model": {
        "name": "tiny",
        "version": "1",
        "taxonomy": "(sum)"
      },
      "language": "en",
      "predictions": {
        "category": {
          "label": "Network",
          "confidence": 0.96,
          "confidence_level": "high",
          "threshold": 0.8,
          "decision": "auto",
          "ranking": [
            {
              "label": "Network",
              "confidence": 0.96
            },
            {
              "label": "Hardware",
              "confidence": 0.02
            }
          ],
          "mismatch": {
            "submitted": "Hardware",
            "flagged": true
          }
        },
        "impact": {
          "label": "medium",
          "confidence": 0.96,
          "confidence_level": "high",
          "threshold": 0.8,
          "decision": "auto",
          "ranking": [
            {
              "label": "medium",
              "confidence": 0.96
            },
            {
              "label": "high",
              "confidence": 0.02
            }
          ]
        },
        "priority": {
          "label": "P2",
          "confidence": 0.93,
          "confidence_level": "high",
          "threshold": 0.8,
          "decision": "auto",
          "ranking": [
            {
              "label": "P2",
              "confidence": 0.93
            },
            {
              "label": "P3",
              "confidence": 0.03
            }
          ],
          "mismatch": {
            "submitted": "P4",
            "flagged": true
          }
        },
        "urgency": {
          "label": "high",
          "confidence": 0.96,
          "confidence_level": "high",
          "threshold": 0.8,
          "decision": "auto",
          "ranking": [
            {
              "label": "high",
              "confidence": 0.96
            },
            {
              "label": "medium",
              "confidence": 0.02
            }
          ]
        }
      },
      "answered": false,
      "answer_confidence": 0.0,
      "articles": [],
      "similar_tickets": [],
      "open_tickets": [],
      "configuration_items": [],
      "truncated": false,
      "warnings": []
    }
    "#);

    let kept = app.get("/v1/tickets/81").await.json();
    assert_eq!(kept["submitted"], json!({"priority": "P4", "category": "Hardware"}));
    assert_eq!(kept["predictions"].as_array().unwrap().len(), 1);
    assert_eq!(kept["predictions"][0]["answer"], answer);
}

#[tokio::test]
async fn a_floor_for_the_recall_of_p1_raises_tickets_that_reach_its_threshold_and_says_so() {
    let priority = async |floor: f32| {
        let app = TestApp::with(|settings| settings.triage.p1_recall_floor = Some(floor)).await;
        let answer = app.post("/v1/triage", json!({"ticket": {"subject": "VPN drops"}})).await.json();
        answer["predictions"]["priority"].clone()
    };
    let raised = priority(0.9).await;
    assert_eq!((&raised["label"], &raised["decision"]), (&json!("P1"), &json!("suggest")));
    assert!(
        raised["confidence"].as_f64().unwrap() < 0.05,
        "what the model thinks is told as it is: {raised}"
    );
    assert_eq!((&raised["confidence_level"], &raised["raised"]["from"]), (&json!("low"), &json!("P2")));
    assert_eq!(raised["ranking"][0]["label"], "P2");
    let left = priority(0.5).await;
    assert_eq!((&left["label"], &left["decision"]), (&json!("P2"), &json!("auto")));
    assert!(left.get("raised").is_none());
}

#[tokio::test]
async fn a_ticket_sent_again_is_kept_once_with_both_answers_the_newest_first() {
    let app = TestApp::new().await;
    let first = app.post("/v1/triage", json!({"ticket": {"id": "1", "subject": "first"}})).await.json();
    let second = app.post("/v1/triage", json!({"ticket": {"id": "1", "subject": "second"}})).await.json();
    let kept = app.get("/v1/tickets/1").await.json();
    assert_eq!(kept["subject"], "second");
    assert_eq!(kept["predictions"][0]["prediction_id"], second["prediction_id"]);
    assert_eq!(kept["predictions"][1]["prediction_id"], first["prediction_id"]);
    assert_eq!(app.get("/info").await.json()["counts"]["tickets"], 1);
}

#[tokio::test]
async fn a_ticket_without_an_id_is_answered_with_a_warning_that_it_is_not_kept() {
    let app = TestApp::new().await;
    let answer = app.post("/v1/triage", json!({"ticket": {"subject": "help"}})).await.json();
    assert!(answer["warnings"][0].as_str().unwrap().contains("not kept"), "{answer}");
    assert_eq!(app.get("/info").await.json()["counts"]["tickets"], 0);
}

#[tokio::test]
async fn a_hundred_thousand_nested_tags_are_answered() {
    let app = TestApp::new().await;
    let body = "<div>".repeat(100_000) + "the printer is on fire";
    let started = Instant::now();
    let ticket = json!({"ticket": {"body": body, "body_format": "html"}});
    let answer = app.post("/v1/triage", ticket).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_ticket_in_a_language_that_the_bundle_does_not_know_abstains_with_a_warning() {
    let body = "Guten Morgen, seit heute früh kann ich mich nicht mehr am Rechner anmelden. Das Kennwort wird \
                abgelehnt, obwohl ich es gestern erst geändert habe. Können Sie mir bitte helfen?";
    let answer = TestApp::new().await.post("/v1/triage", json!({"ticket": {"body": body}})).await.json();
    assert_eq!(answer["language"], "de");
    for (task, prediction) in answer["predictions"].as_object().unwrap() {
        assert_eq!(prediction["decision"], "abstain", "{task}");
    }
    assert!(answer["warnings"].to_string().contains("\\\"de\\\""), "{}", answer["warnings"]);
}

#[tokio::test]
async fn a_ticket_longer_than_the_model_reads_says_so() {
    // The small bundle reads letters.
    let body = "x ".repeat(tiny_bundle::MAX_TOKENS);
    let answer = TestApp::new().await.post("/v1/triage", json!({"ticket": {"body": body}})).await.json();
    assert_eq!(answer["truncated"], true);
    assert!(answer["warnings"].to_string().contains("512 tokens"), "{}", answer["warnings"]);
}

#[tokio::test]
async fn one_comment_gets_one_answer() {
    let comment =
        json!({"id": "s-1", "text": "Friendly, but it took days.", "question": "why_score", "rating": 2});
    let answer = TestApp::new().await.post("/v1/sentiment", comment).await.json();
    insta::assert_json_snapshot!(answer, {
        ".model.taxonomy" => "(sum)",
        ".sentiment.**" => insta::rounded_redaction(2),
        ".aspects[].confidence" => insta::rounded_redaction(2),
    }, @r#"
    {
      "id": "s-1",
      "model": {
        "name": "tiny",
        "version": "1",
        "taxonomy": "(sum)"
      },
      "sentiment": {
        "label": "mixed",
        "score": 0.0,
        "confidence": 0.87,
        "scores": {
          "mixed": 0.8700486,
          "negative": 0.043317165,
          "neutral": 0.043317165,
          "positive": 0.043317165
        }
      },
      "aspects": [
        {
          "aspect": "speed",
          "sentiment": "negative",
          "confidence": 0.91
        }
      ],
      "rating_conflict": false,
      "warnings": []
    }
    "#);
}

#[tokio::test]
async fn several_comments_get_the_answers_that_each_would_get_alone_in_order() {
    let app = TestApp::new().await;
    let comments =
        [json!({"id": "b", "text": "Great!"}), json!({"id": "a", "text": "Nothing", "question": "improve"})];
    let answers = app.post("/v1/sentiment", json!({ "comments": comments })).await.json();
    for (comment, answer) in comments.iter().zip(answers["answers"].as_array().unwrap()) {
        assert_eq!(&app.post("/v1/sentiment", comment.clone()).await.json(), answer);
    }
    // A list of one is still a list.
    let list = app.post("/v1/sentiment", json!({"comments": [{"text": "Great!"}]})).await.json();
    assert_eq!(list["answers"].as_array().unwrap().len(), 1);
}
