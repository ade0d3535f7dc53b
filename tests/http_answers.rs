//! What the service answers, through the real router.

#![allow(clippy::unwrap_used)]

mod common;

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use common::{TestApp, tiny_bundle};
use serde_json::{Value, json};

const VPN: &str = "/v1/articles/vpn%2Fdrops";

fn ids(answer: &Value) -> Vec<&str> {
    answer["articles"].as_array().unwrap().iter().map(|article| article["id"].as_str().unwrap()).collect()
}

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
      "articles": [],
      "similar_tickets": [],
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
    let body = "printer ".repeat(tiny_bundle::MAX_TOKENS);
    let answer = TestApp::new().await.post("/v1/triage", json!({"ticket": {"body": body}})).await.json();
    assert_eq!(answer["truncated"], true);
    assert!(answer["warnings"].to_string().contains("512 tokens"), "{}", answer["warnings"]);
}

#[tokio::test]
async fn an_article_is_found_from_its_answer_on_and_gone_from_its_deletion_on() {
    let app = TestApp::new().await;
    let article = json!({"title": "VPN drops", "body": "Update the VPN client.", "audience": "customer"});
    let kept = app.put(VPN, article.clone()).await;
    assert_eq!(kept.json(), json!({"id": "vpn/drops", "passages": 1, "warnings": []}));
    let read = app.get(VPN).await.json();
    assert_eq!((&read["id"], &read["title"]), (&json!("vpn/drops"), &article["title"]));
    let found = app.post("/v1/suggest", json!({"text": "the vpn client drops"})).await.json();
    assert_eq!(ids(&found), ["vpn/drops"]);
    assert_eq!(found["model"]["name"], "tiny");

    assert_eq!(app.delete(VPN).await.status, 204);
    assert_eq!(app.get(VPN).await.status, 404);
    assert_eq!(app.delete(VPN).await.status, 404);
    let found = app.post("/v1/suggest", json!({"text": "the vpn client drops"})).await.json();
    assert_eq!(ids(&found), [""; 0]);
}

#[tokio::test]
async fn an_article_for_agents_is_shown_only_where_agents_are_asked_for() {
    let app = TestApp::new().await;
    let agents = json!({"title": "VPN secrets", "body": "The VPN admin password is in the safe."});
    assert_eq!(app.put("/v1/articles/agents", agents).await.status, 200);
    let everyone =
        json!({"title": "VPN", "body": "The VPN client is on the portal.", "audience": "customer"});
    assert_eq!(app.put("/v1/articles/everyone", everyone).await.status, 200);
    let draft = json!({"title": "VPN draft", "body": "The VPN.", "audience": "customer", "status": "draft"});
    assert_eq!(app.put("/v1/articles/draft", draft).await.status, 200);

    let unsaid = app.post("/v1/suggest", json!({"text": "vpn", "top": 50})).await.json();
    assert_eq!(ids(&unsaid), ["everyone"]);
    let agent = app.post("/v1/suggest", json!({"text": "vpn", "top": 50, "audience": "agent"})).await.json();
    assert_eq!(ids(&agent).len(), 2);
    let ticket = json!({"subject": "vpn"});
    let customer =
        app.post("/v1/triage", json!({"ticket": ticket, "options": {"audience": "customer"}})).await;
    assert_eq!(ids(&customer.json()), ["everyone"]);
    let triaged = app.post("/v1/triage", json!({ "ticket": ticket })).await.json();
    assert_eq!(ids(&triaged).len(), 2);
}

#[tokio::test]
async fn a_ticket_can_be_the_question() {
    let app = TestApp::new().await;
    for n in 0..3 {
        let article =
            json!({"title": format!("VPN {n}"), "body": "Restart the VPN.", "audience": "customer"});
        app.put(&format!("/v1/articles/{n}"), article).await;
    }
    let ticket =
        json!({"ticket": {"subject": "VPN", "body": "<b>It is down</b>", "body_format": "html"}, "top": 2});
    let answer = app.post("/v1/suggest", ticket).await.json();
    assert_eq!(ids(&answer).len(), 2);
    assert_eq!(app.get("/info").await.json()["counts"], json!({"articles": 3, "tickets": 0}));
}

#[tokio::test]
async fn an_import_keeps_the_good_rows_and_tells_the_line_of_each_bad_one() {
    let app = TestApp::new().await;
    let rows = concat!(
        "{\"id\":\"a\",\"title\":\"A\",\"body\":\"Alpha\",\"audience\":\"customer\"}\n",
        "{\"id\":\"b\",\"title\":\n",
        "\n",
        "{\"title\":\"no id\",\"body\":\"x\"}\n",
        "{\"id\":\"c\",\"title\":\"C\",\"body\":\"Gamma\",\"audience\":\"nobody\"}\n",
        "{\"id\":\"d\",\"title\":\"D\",\"body\":\"Delta\",\"language\":\"english please\"}\n",
    );
    let answer = app.post_as("/v1/articles/import", "application/x-ndjson", rows).await;
    assert_eq!(answer.status, 207);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap(), @r#"
    {
      "accepted": 2,
      "rejected": 3,
      "passages": 2,
      "errors": [
        {
          "line": 2,
          "message": "not valid JSON: EOF while parsing a value (line 2, position 18)"
        },
        {
          "line": 4,
          "field": "id",
          "message": "is missing; give each article one that no other has"
        },
        {
          "line": 5,
          "field": "audience",
          "message": "\"nobody\" is not known; use one of customer, agent"
        }
      ],
      "warnings": [
        {
          "line": 6,
          "id": "d",
          "message": "field `language`: is no language code such as en or en-US, and was left out"
        }
      ],
      "omitted": 0
    }
    "#);
    assert_eq!(app.get("/v1/articles/a").await.status, 200);
    assert_eq!(app.get("/v1/articles/c").await.status, 404);
    let found = app.post("/v1/suggest", json!({"text": "alpha"})).await.json();
    assert_eq!(ids(&found), ["a"]);
}

#[tokio::test]
async fn an_import_reads_json_lines_csv_and_arrays() {
    let app = TestApp::new().await;
    let kinds = [
        ("application/x-ndjson", "{\"id\":\"1\",\"title\":\"One\",\"body\":\"x\"}\n"),
        ("text/csv; charset=utf-8", "id;title;body\n2;Two;\"x; y\"\n"),
        ("text/tab-separated-values", "id\ttitle\tbody\n3\tThree\tx\n"),
        ("application/json", "[{\"id\":\"4\",\"title\":\"Four\",\"body\":\"x\"}]"),
    ];
    for (kind, body) in kinds {
        let answer = app.post_as("/v1/articles/import", kind, body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["accepted"]),
            (200, &json!(1)),
            "{kind}: {}",
            answer.text()
        );
    }
    assert_eq!(app.get("/info").await.json()["counts"]["articles"], 4);
}

#[tokio::test]
async fn an_import_of_many_rows_is_kept_whole_and_its_messages_stay_few() {
    let app = TestApp::new().await;
    let rows: String = (0..1_500)
        .map(|n| {
            if n % 10 == 0 {
                format!("{{\"id\":\"{n}\",\"title\":\"T{n}\",\"body\":\"x\"}}\n")
            } else {
                "bad\n".into()
            }
        })
        .collect();
    let answer = app.post_as("/v1/articles/import", "application/x-ndjson", rows).await.json();
    assert_eq!(
        (&answer["accepted"], &answer["rejected"], &answer["omitted"]),
        (&json!(150), &json!(1_350), &json!(350))
    );
    assert_eq!(app.get("/info").await.json()["counts"]["articles"], 150);
}

#[tokio::test]
async fn an_import_that_runs_out_of_room_says_how_much_is_kept() {
    let app = TestApp::with(|settings| settings.store.max_mebibytes = NonZeroU64::new(1)).await;
    // Much to keep and little to read.
    let body = format!("<!-- {} --><p>Word</p>", "x".repeat(8_000));
    let row =
        |n| format!("{{\"id\":\"{n}\",\"title\":\"T\",\"body\":\"{body}\",\"body_format\":\"html\"}}\n");
    let rows: String = (0..300).map(row).collect();
    let answer = app.post_as("/v1/articles/import", "application/x-ndjson", rows).await;
    assert_eq!(answer.status, 507, "{}", answer.text());
    let kept = app.get("/info").await.json()["counts"]["articles"].as_u64().unwrap();
    assert!((64..300).contains(&kept) && kept % 64 == 0);
    assert!(
        answer.json()["detail"].as_str().unwrap().contains(&format!("The first {kept} good rows are kept"))
    );
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
