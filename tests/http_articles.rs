//! Articles in, found and out again, through the real router.

#![allow(clippy::unwrap_used)]

mod common;

use std::num::NonZeroU64;

use common::TestApp;
use serde_json::{Value, json};

const VPN: &str = "/v1/articles/vpn%2Fdrops";

fn ids(answer: &Value) -> Vec<&str> {
    answer["articles"].as_array().unwrap().iter().map(|article| article["id"].as_str().unwrap()).collect()
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
async fn the_search_index_can_be_built_anew_while_it_serves() {
    let app = TestApp::new().await;
    let article = json!({"title": "VPN drops", "body": "Update the VPN client."});
    assert_eq!(app.put(VPN, article.clone()).await.status, 200);
    assert_eq!(app.put("/v1/articles/b", article).await.status, 200);
    let rebuilt = app.post("/v1/articles/reindex", json!({})).await;
    assert_eq!((rebuilt.status.as_u16(), rebuilt.json()), (200, json!({"articles": 2})));
    assert_eq!(app.delete("/v1/articles/b").await.status, 204);
    let found = app.post("/v1/suggest", json!({"text": "vpn", "audience": "agent"})).await.json();
    assert_eq!(ids(&found), ["vpn/drops"]);
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
      "skipped": {},
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
async fn an_article_keeps_its_product_its_dates_its_attachments_and_what_it_said_before() {
    let app = TestApp::new().await;
    let mut article = json!({
        "title": "VPN drops", "body": "![The icon](icon.png)\n\nUpdate the client.", "body_format": "markdown",
        "audience": "customer", "product": "LarkVPN", "expires_at": "2999-01-01T00:00:00Z",
        "review_at": "2027-01-01T00:00:00Z", "attachments": [{"address": "form.pdf", "alt": "Form"}],
    });
    app.put(VPN, article.clone()).await;
    article["body"] = json!("Restart the client.");
    app.put(VPN, article).await;
    let read = app.get(VPN).await.json();
    assert_eq!((&read["product"], &read["version"]), (&json!("LarkVPN"), &json!(2)));
    assert_eq!(read["review_at"], "2027-01-01T00:00:00Z");
    assert_eq!(read["attachments"], json!([{"address": "form.pdf", "alt": "Form"}]));
    let versions = app.get(&format!("{VPN}/versions")).await.json();
    assert_eq!((&versions["version"], &versions["former"][0]["version"]), (&json!(2), &json!(1)));
    assert!(versions["former"][0]["body"].as_str().unwrap().contains("Update the client."));
    assert_eq!(app.get("/v1/articles/none/versions").await.status, 404);
}

#[tokio::test]
async fn product_labels_and_expiry_decide_what_is_suggested() {
    let app = TestApp::new().await;
    for (id, fields) in [
        ("lark", json!({"product": "Lark", "tags": ["mac", "home"]})),
        ("bench", json!({"product": "Bench", "tags": ["mac"]})),
        ("any", json!({"tags": ["mac"], "expires_at": "2999-01-01T00:00:00Z"})),
        ("gone", json!({"product": "Lark", "tags": ["mac"], "expires_at": "2020-01-01T00:00:00Z"})),
    ] {
        let mut article = json!({"title": "VPN", "body": "Restart the VPN.", "audience": "customer"});
        article.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(app.put(&format!("/v1/articles/{id}"), article).await.status, 200);
    }
    let ask = async |fields: Value| {
        let answer = app.post("/v1/suggest", fields).await.json();
        let mut ids: Vec<String> = ids(&answer).into_iter().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    assert_eq!(ask(json!({"text": "vpn"})).await, ["any", "bench", "lark"]);
    assert_eq!(ask(json!({"text": "vpn", "product": "Lark"})).await, ["any", "lark"]);
    assert_eq!(ask(json!({"text": "vpn", "labels": ["mac", "home"]})).await, ["lark"]);
    assert_eq!(app.get("/v1/articles/gone").await.status, 200);
}

#[tokio::test]
async fn an_export_is_json_lines_that_make_the_same_base_again() {
    let (app, other) = (TestApp::new().await, TestApp::new().await);
    for n in 0..70 {
        let body = format!("---\nsaid: {n}\n---\n\n ![Panel](p.png) Restart it.\n");
        let article = json!({
            "title": format!("VPN {n}"), "body": body, "body_format": "markdown", "tags": ["a, b", "c;d"],
            "audience": "customer", "product": "Lark", "review_at": "2027-01-01T00:00:00Z",
        });
        app.put(&format!("/v1/articles/{n}"), article.clone()).await;
    }
    let reworded = json!({"title": "Changed", "body": "Now."});
    app.put("/v1/articles/1", reworded).await;
    let exported = app.get("/v1/articles/export").await;
    assert_eq!(exported.headers["content-type"], "application/x-ndjson");
    assert_eq!(exported.text().lines().count(), 70);
    let taken = other.post_as("/v1/articles/import", "application/x-ndjson", exported.text()).await;
    assert_eq!((taken.status, &taken.json()["accepted"]), (200.try_into().unwrap(), &json!(70)));
    assert_eq!(other.get("/v1/articles/export").await.text(), exported.text());
    assert_eq!(other.get("/v1/articles/1").await.json()["version"], 2);
}

#[tokio::test]
async fn a_wiki_is_imported_and_its_redirects_are_counted() {
    let app = TestApp::new().await;
    let wiki = std::fs::read_to_string("tests/fixtures/knowledge/wiki.xml").unwrap();
    let answer = app.post_as("/v1/articles/import", "application/xml", wiki).await.json();
    assert_eq!((&answer["accepted"], &answer["skipped"]["redirect"]), (&json!(1), &json!(1)));
}
