//! Who may ask what: every endpoint of the document with every kind of key, limits, and where requests come from.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use common::{Answer, TestApp};
use deskhand::access::{NewKey, Peer};
use deskhand::config::{Authentication, Limit, Scope, Settings};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const PORTAL: &str = "https://help.example";

async fn guarded(change: impl FnOnce(&mut Settings)) -> TestApp {
    TestApp::with(|settings| {
        settings.access.authentication = Authentication::On;
        change(settings);
    })
    .await
}

/// A key with these scopes.
async fn key(app: &TestApp, scopes: &[Scope]) -> String {
    made(app, scopes, None, Timestamp::now()).await
}

async fn made(app: &TestApp, scopes: &[Scope], expires_at: Option<Timestamp>, at: Timestamp) -> String {
    let new = NewKey { name: "test".into(), scopes: scopes.into(), expires_at };
    app.app.access.create_key(new, at).await.unwrap().0.expose()
}

async fn ask(app: &TestApp, method: &str, path: &str, key: Option<&str>, body: &Value) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

fn code(answer: &Answer) -> String {
    let problem = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

/// An operation of the document, and which scopes open it: `None` where nothing is needed.
struct Operation {
    method: String,
    path: String,
    scopes: Option<Vec<String>>,
}

async fn operations(app: &TestApp, admin: &str) -> Vec<Operation> {
    let document = ask(app, "GET", "/openapi.json", Some(admin), &Value::Null).await.json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array();
            let security = security.unwrap_or_else(|| panic!("{method} {path} has no rule"));
            let with_key = security.iter().filter_map(|one| one["key"].as_array());
            let scopes = with_key.flatten().map(|scope| scope.as_str().unwrap().to_owned()).collect();
            let path = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.collect::<Vec<_>>().join("/"),
                scopes: (!security.is_empty()).then_some(scopes),
            });
        }
    }
    all
}

#[tokio::test]
async fn every_endpoint_is_closed_without_a_key_and_to_a_wrong_an_expired_and_a_revoked_one() {
    let app = guarded(|_| ()).await;
    let admin = key(&app, &[Scope::Admin]).await;
    let now = Timestamp::now();
    let before = now - SignedDuration::from_hours(2);
    let expired = made(&app, &[Scope::Admin], Some(now - SignedDuration::from_secs(1)), before).await;
    let revoked = key(&app, &[Scope::Admin]).await;
    let id = revoked.split('_').nth(1).unwrap().to_owned();
    let taken_back = ask(&app, "DELETE", &format!("/v1/keys/{id}"), Some(&admin), &Value::Null).await;
    assert_eq!(taken_back.status, StatusCode::OK);
    let wrong = format!("{}x", &admin[..admin.len() - 1]);
    let operations = operations(&app, &admin).await;
    assert!(operations.len() > 35, "{}", operations.len());
    for Operation { method, path, scopes } in &operations {
        let none = ask(&app, method, path, None, &json!({})).await;
        if scopes.is_none() {
            // A hook is closed in its own way: without a secret in the settings nothing is taken.
            let own_way = path == "/v1/hooks/x" && none.status.is_client_error();
            let health = ["/health/live", "/health/ready"].contains(&path.as_str());
            assert!(own_way || (health && none.status == StatusCode::OK), "{method} {path} is open");
            continue;
        }
        assert_eq!(
            (none.status, code(&none).as_str()),
            (StatusCode::UNAUTHORIZED, "key_missing"),
            "{method} {path}"
        );
        assert_eq!(none.header("www-authenticate"), Some("Bearer realm=\"deskhand\""));
        for refused in [&wrong, &expired, &revoked, "dh_", "", "Bearer"] {
            let answer = ask(&app, method, path, Some(refused), &json!({})).await;
            let told = (answer.status, code(&answer));
            assert_eq!(told, (StatusCode::UNAUTHORIZED, "key_refused".into()), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_endpoint_is_open_to_the_scopes_that_the_document_names_and_to_no_others() {
    let app = guarded(|_| ()).await;
    let admin = key(&app, &[Scope::Admin]).await;
    let operations = operations(&app, &admin).await;
    for scope in Scope::ALL {
        let key = key(&app, &[scope]).await;
        for Operation { method, path, scopes } in &operations {
            let answer = ask(&app, method, path, Some(&key), &json!({})).await;
            let open = scopes.as_ref().is_none_or(|scopes| {
                scopes.is_empty() || scope == Scope::Admin || scopes.iter().any(|s| s == scope.word())
            });
            let refused = (answer.status, code(&answer)) == (StatusCode::FORBIDDEN, "scope_missing".into());
            assert_eq!(open, !refused, "{scope}: {method} {path} gave {}", answer.text());
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{scope}: {method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_endpoint_of_the_document_has_its_rule_too() {
    let app = guarded(|_| ()).await;
    for path in ["/openapi.json", "/docs/", "/docs/errors", "/docs/swagger-ui.css"] {
        assert_eq!(code(&app.get(path).await), "key_missing", "{path}");
    }
    let least = key(&app, &[Scope::SuggestCustomer]).await;
    for path in ["/openapi.json", "/docs/errors", "/docs/swagger-ui.css"] {
        assert_eq!(ask(&app, "GET", path, Some(&least), &Value::Null).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(code(&ask(&app, "GET", "/metrics", Some(&least), &Value::Null).await), "scope_missing");
    assert_eq!(app.get("/v1/nowhere").await.status, StatusCode::NOT_FOUND);
    // A method that no route has is for nobody; that there is none, only an admin is told.
    assert_eq!(code(&ask(&app, "DELETE", "/v1/triage", Some(&least), &Value::Null).await), "scope_missing");
    let style = app.get("/sign-in").await.text();
    let style = style.split("href=\"").map(|rest| rest.split('"').next().unwrap());
    let style = style.filter(|path| path.ends_with(".css")).last().unwrap().to_owned();
    assert_eq!(app.get(&style).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_for_customers_never_sees_an_article_for_agents() {
    let app = guarded(|_| ()).await;
    let admin = key(&app, &[Scope::Admin]).await;
    for (id, audience) in [("toner", "customer"), ("key", "agent")] {
        let article = json!({"title": id, "body": "About the printer.", "audience": audience});
        let put = ask(&app, "PUT", &format!("/v1/articles/{id}"), Some(&admin), &article).await;
        assert_eq!(put.status, StatusCode::OK);
    }
    let customer = key(&app, &[Scope::SuggestCustomer]).await;
    let agent = key(&app, &[Scope::SuggestAgent]).await;
    let asked = |audience: &str| json!({"text": "printer", "audience": audience});
    for question in [json!({"text": "printer"}), asked("customer")] {
        let found = ask(&app, "POST", "/v1/suggest", Some(&customer), &question).await;
        assert_eq!(found.status, StatusCode::OK);
        assert!(found.text().contains("\"toner\"") && !found.text().contains("\"key\""), "{}", found.text());
    }
    // A large body is answered beside the runtime, by another way.
    let mut large = asked("agent");
    large["text"] = "printer ".repeat(20_000).into();
    for question in [asked("agent"), large] {
        let refused = ask(&app, "POST", "/v1/suggest", Some(&customer), &question).await;
        assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::FORBIDDEN, "scope_missing"));
        let found = ask(&app, "POST", "/v1/suggest", Some(&agent), &question).await;
        assert!(found.text().contains("\"key\""), "{}", found.text());
    }
    for path in ["/v1/articles/key", "/v1/articles/key/versions", "/articles/key"] {
        let refused = ask(&app, "GET", path, Some(&customer), &Value::Null).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!refused.text().contains("printer"));
    }
}

#[tokio::test]
async fn a_page_of_the_widgets_sites_asks_without_a_key_as_a_customer_and_not_too_often() {
    let app = guarded(|settings| {
        settings.ui.widget_origins = vec![PORTAL.into()];
        settings.access.widget_limit = Limit { per_second: 0.01, burst: 3 };
    })
    .await;
    let from = async |origin: &str, path: &str, body: Value| {
        let request = Request::post(path).header("content-type", "application/json").header("origin", origin);
        app.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let question = json!({"text": "printer"});
    assert_eq!(from(PORTAL, "/v1/suggest", question.clone()).await.status, StatusCode::OK);
    let agent = from(PORTAL, "/v1/suggest", json!({"text": "printer", "audience": "agent"})).await;
    assert_eq!(agent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(code(&from("https://evil.example", "/v1/suggest", question.clone()).await), "key_missing");
    assert_eq!(code(&from(PORTAL, "/v1/triage", json!({})).await), "key_missing");
    let visit = json!({"session_id": "v1", "outcome": "unanswered"});
    assert_eq!(from(PORTAL, "/v1/deflections", visit).await.status, StatusCode::OK);
    let refused = from(PORTAL, "/v1/suggest", question).await;
    assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::TOO_MANY_REQUESTS, "too_often"));
    assert_eq!(refused.header("retry-after"), Some("100"));
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits_and_others_do_not() {
    let limit = Limit { per_second: 0.01, burst: 2 };
    let app = guarded(|settings| {
        let _ = settings.access.limits.insert(Scope::Triage, limit);
    })
    .await;
    let (one, other) = (key(&app, &[Scope::Triage, Scope::Survey]).await, key(&app, &[Scope::Admin]).await);
    let read = async |key: &str, path: &str| ask(&app, "GET", path, Some(key), &Value::Null).await;
    for _ in 0..2 {
        assert_eq!(read(&one, "/v1/tickets/1").await.status, StatusCode::NOT_FOUND);
    }
    let refused = read(&one, "/v1/tickets/1").await;
    assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::TOO_MANY_REQUESTS, "too_often"));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 90);
    assert_eq!(read(&one, "/v1/surveys").await.status, StatusCode::OK, "another scope has no limit");
    assert_eq!(read(&other, "/v1/tickets/1").await.status, StatusCode::NOT_FOUND, "another key");
}

#[tokio::test]
async fn keys_are_made_listed_and_taken_back_over_http_and_shown_once() {
    let app = guarded(|_| ()).await;
    let admin = key(&app, &[Scope::Admin]).await;
    let new = json!({"name": "helpdesk", "scopes": ["triage"], "expires_at": "2999-01-01T00:00:00Z"});
    let made = ask(&app, "POST", "/v1/keys", Some(&admin), &new).await;
    assert_eq!(made.status, StatusCode::OK);
    let (secret, id) = (made.json()["key"].clone(), made.json()["id"].clone());
    let secret = secret.as_str().unwrap();
    assert_eq!(ask(&app, "GET", "/v1/tickets/1", Some(secret), &Value::Null).await.status, 404);
    let listed = ask(&app, "GET", "/v1/keys", Some(&admin), &Value::Null).await;
    let shown = listed.json()["keys"].as_array().unwrap().iter().find(|key| key["id"] == id).unwrap().clone();
    assert_eq!((&shown["name"], &shown["scopes"]), (&json!("helpdesk"), &json!(["triage"])));
    assert!(shown["last_used_at"].is_string());
    assert!(!listed.text().contains(secret.rsplit_once('_').unwrap().1) && shown["hash"].is_null());
    let path = format!("/v1/keys/{}", id.as_str().unwrap());
    assert_eq!(ask(&app, "DELETE", &path, Some(&admin), &Value::Null).await.status, StatusCode::OK);
    assert_eq!(code(&ask(&app, "GET", "/v1/tickets/1", Some(secret), &Value::Null).await), "key_refused");
    assert_eq!(code(&ask(&app, "DELETE", &path, Some(&admin), &Value::Null).await), "key_not_found");
    for (bad, field) in [
        (json!({"name": "", "scopes": ["triage"]}), "/name"),
        (json!({"name": "a", "scopes": []}), "/scopes"),
        (json!({"name": "a", "scopes": ["root"]}), "/scopes/0"),
        (json!({"name": "a", "scopes": ["triage"], "expires_at": "2001-01-01T00:00:00Z"}), "/expires_at"),
    ] {
        let refused = ask(&app, "POST", "/v1/keys", Some(&admin), &bad).await;
        assert_eq!(refused.json()["errors"][0]["field"], field, "{}", refused.text());
    }
}

#[tokio::test]
async fn without_authentication_only_this_machine_is_answered() {
    let app = TestApp::new().await;
    let from = async |host: &str, forwarded: Option<&str>| {
        let mut request = Request::get("/info").header("host", host);
        if let Some(address) = forwarded {
            request = request.header("x-forwarded-for", address);
        }
        let mut request = request.body(Body::empty()).unwrap();
        // As a connection brings it.
        let peer = Peer { address: "127.0.0.1".parse().unwrap(), secure: false };
        request.extensions_mut().insert(peer);
        app.send(request).await
    };
    assert_eq!(from("localhost:8080", None).await.status, StatusCode::OK);
    for (host, forwarded) in [("rebound.example", None), ("127.0.0.1:8080", Some("192.0.2.1"))] {
        let refused = from(host, forwarded).await;
        assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::FORBIDDEN, "authentication_off"));
        assert!(!refused.text().contains("rebound"), "what was sent is not repeated");
    }
}

#[tokio::test]
async fn without_authentication_a_proxy_that_the_site_trusts_authenticates_in_its_place() {
    let proxy: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    let app = TestApp::with(|settings| settings.access.trusted_proxies = vec![proxy]).await;
    let from = async |address: &str| {
        let request =
            Request::get("/info").header("host", "desk.example").header("x-forwarded-for", "192.0.2.1");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer { address: address.parse().unwrap(), secure: false });
        app.send(request).await.status
    };
    assert_eq!(from("127.0.0.1").await, StatusCode::OK);
    assert_eq!(from("127.0.0.2").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn no_answer_may_be_taken_for_something_else_or_kept_by_a_browser() {
    let app = TestApp::new().await;
    let put = app.put("/v1/articles/a", json!({"title": "Toner", "body": "Shake it."})).await;
    let answers =
        [put, app.get("/info").await, app.get("/v1/nowhere").await, app.get("/v1/articles/export").await];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("strict-transport-security"), None, "there is no TLS here");
    }
    for path in ["/", "/suggest", "/sign-in"] {
        let policy =
            app.get(path).await.header("content-security-policy").map(str::to_owned).unwrap_or_default();
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    let docs = app.get("/docs/").await;
    let policy = docs.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self'"), "{policy}");
}

#[tokio::test]
async fn nothing_in_an_address_or_a_header_leads_out_of_its_place() {
    let app = TestApp::new().await;
    for path in [
        "/docs/../../etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/docs/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/../deskhand.db",
        "/assets/..%2fdeskhand.db",
        "/docs/%00",
        "/docs//etc/passwd",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains("root:") && !answer.text().contains("[package]"));
    }
    // An id is an id, whatever it looks like: it names no file.
    for id in ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "..%5C..%5Cwin.ini"] {
        let path = format!("/v1/articles/{id}");
        assert_eq!(app.put(&path, json!({"title": "t", "body": "b"})).await.status, StatusCode::OK, "{id}");
        assert_eq!(app.get(&path).await.json()["body"], "b");
    }
    assert!(!app.dir.path().join("etc").exists());
    // A line break in what is given back would begin a header of the caller's choice.
    for path in [
        "/v1/articles/a%0D%0Ax-evil:%201",
        "/gaps?owner=a%0D%0Ax-evil:%201",
        "/sign-in?next=/a%0D%0Ax-evil:%201",
    ] {
        let answer = app.get(path).await;
        assert!(answer.headers.get("x-evil").is_none(), "{path}");
    }
    let mut request = common::request(Method::GET, "/info", None, Body::empty());
    request.headers_mut().insert("x-request-id", "a b\tc".parse().unwrap());
    let id = app.send(request).await.header("x-request-id").unwrap().to_owned();
    assert!(!id.contains([' ', '\t']), "{id}");
}
