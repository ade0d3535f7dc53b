//! Signing in to the pages, as a browser does it.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::{Answer, TestApp};
use deskhand::access::NewKey;
use deskhand::config::{Authentication, Role, Scope};
use jiff::Timestamp;
use serde_json::json;

const FORM: &str = "application/x-www-form-urlencoded";
const PASSWORD: &str = "a horse and a battery";

async fn desk() -> TestApp {
    let app = TestApp::with(|settings| settings.access.authentication = Authentication::On).await;
    for (name, role) in [("mira", Role::Agent), ("owen", Role::Owner), ("ada", Role::Admin)] {
        app.app.access.add_user(name, PASSWORD, role, Timestamp::now()).await.unwrap();
    }
    app
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn send(app: &TestApp, method: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let mut request = Request::builder().method(method).uri(path).header("host", "desk.example");
    if method == "POST" {
        request = request.header("content-type", FORM).header("origin", "http://desk.example");
    }
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    app.send(request.body(Body::from(body.join("&"))).unwrap()).await
}

/// The cookie of somebody who signs in.
async fn sign_in(app: &TestApp, name: &str) -> String {
    let answer = send(app, "POST", "/sign-in", "", &[("name", name), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, Some("/")));
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

/// The token in a form of the page.
fn token(html: &str) -> String {
    html.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_leads_to_the_sign_in_and_from_there_back_to_itself() {
    let app = desk().await;
    let asked = send(&app, "GET", "/gaps?top=5", "", &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let there = asked.header("location").unwrap().to_owned();
    let form = send(&app, "GET", &there, "", &[]).await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.text().contains("name=\"next\" value=\"/gaps?top=5\""), "{}", form.text());
    assert!(!form.text().contains("<script"));
    let fields = [("name", "owen"), ("password", PASSWORD), ("next", "/gaps?top=5")];
    let answer = send(&app, "POST", "/sign-in", "", &fields).await;
    assert_eq!(answer.header("location"), Some("/gaps?top=5"));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("deskhand=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let page = send(&app, "GET", "/gaps?top=5", cookie.split(';').next().unwrap(), &[]).await;
    assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, Some("no-store")));
}

#[tokio::test]
async fn no_link_to_the_sign_in_leads_to_another_site() {
    let app = desk().await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
    ] {
        let fields = [("name", "mira"), ("password", PASSWORD), ("next", next)];
        let answer = send(&app, "POST", "/sign-in", "", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, Some("/")), "{next}");
        let form = send(&app, "GET", &format!("/sign-in?next={}", escaped(next)), "", &[]).await;
        assert!(form.text().contains("name=\"next\" value=\"/\""), "{next}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_tell_what_was_wrong_and_repeated_ones_cost_time() {
    let app = desk().await;
    let attempt = async |name: &str| {
        send(&app, "POST", "/sign-in", "", &[("name", name), ("password", "wrong words, all")]).await
    };
    let (known, unknown) = (attempt("mira").await, attempt("nobody").await);
    assert_eq!(known.status, StatusCode::UNAUTHORIZED);
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
    assert!(known.header("set-cookie").is_none() && !known.text().contains("wrong words"));
    for name in ["mira", "nobody"] {
        for _ in 0..4 {
            assert_eq!(attempt(name).await.status, StatusCode::UNAUTHORIZED);
        }
        let paused = attempt(name).await;
        assert_eq!(paused.status, StatusCode::TOO_MANY_REQUESTS, "{name}");
        let wait: u64 = paused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=15).contains(&wait) && paused.text().contains("Too many tries"));
    }
    let right = send(&app, "POST", "/sign-in", "", &[("name", "mira"), ("password", PASSWORD)]).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "not even the right one, for so long");
    assert_eq!(sign_in(&app, "owen").await.split('=').next(), Some("deskhand"), "others are not held up");
}

#[tokio::test]
async fn a_role_opens_its_pages_and_the_navigation_shows_no_others() {
    let app = desk().await;
    let opened = async |name: &str| {
        let cookie = sign_in(&app, name).await;
        let mut open = Vec::new();
        for path in [
            "/",
            "/suggest",
            "/coverage",
            "/gaps",
            "/surveys",
            "/performance",
            "/mismatches",
            "/deliveries",
            "/model",
        ] {
            let page = send(&app, "GET", path, &cookie, &[]).await;
            let allowed = page.status == StatusCode::OK;
            assert!(allowed || page.status == StatusCode::FORBIDDEN, "{path} {}", page.status);
            assert!(page.header("content-security-policy").unwrap().contains("style-src 'self'"), "{path}");
            let home = send(&app, "GET", "/", &cookie, &[]).await.text();
            assert_eq!(home.contains(&format!("<li><a href=\"{path}\"")), allowed, "{name} {path}");
            if allowed {
                open.push(path);
            }
        }
        open
    };
    assert_eq!(opened("mira").await, ["/", "/suggest", "/surveys"]);
    assert_eq!(opened("owen").await.len(), 8);
    assert_eq!(opened("ada").await.len(), 9);
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_own_sign_in() {
    let app = desk().await;
    let (mine, other) = (sign_in(&app, "mira").await, sign_in(&app, "owen").await);
    let page = send(&app, "GET", "/", &mine, &[]).await.text();
    let foreign = token(&send(&app, "GET", "/", &other, &[]).await.text());
    let own = token(&page);
    assert_eq!(page.matches("method=\"post\"").count(), page.matches("name=\"token\"").count());
    let ask = async |token: Option<&str>| {
        let mut fields = vec![("text", "toner of the printer"), ("audience", "agent")];
        fields.extend(token.map(|token| ("token", token)));
        send(&app, "POST", "/suggest", &mine, &fields).await
    };
    assert_eq!(ask(Some(&own)).await.status, StatusCode::OK);
    for wrong in [None, Some(""), Some("0"), Some(foreign.as_str())] {
        let refused = ask(wrong).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{wrong:?}");
        assert!(refused.text().contains("came from another site"));
    }
    // The cookie of a browser and a form of another site: neither the token nor the origin is right.
    let mut request = Request::post("/suggest").header("cookie", &mine).header("host", "desk.example");
    request = request.header("origin", "https://evil.example").header("content-type", FORM);
    let body = format!("text=x&token={own}");
    assert_eq!(app.send(request.body(Body::from(body)).unwrap()).await.status, StatusCode::FORBIDDEN);
    let long = "x".repeat(3_000_000);
    let too_long = send(&app, "POST", "/", &mine, &[("body", &long), ("token", &own)]).await;
    assert_eq!(too_long.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn every_form_of_the_pages_carries_the_token() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/ui");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for form in text.split("<form ").skip(1).filter(|form| form.contains("method=\"post\"")) {
            let inside = form.split("</form>").next().unwrap();
            let told = path.display();
            assert!(inside.contains("{% include \"ui/token.html\" %}"), "a form of {told} lacks the token");
        }
    }
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_for_whoever_kept_its_cookie() {
    let app = desk().await;
    let cookie = sign_in(&app, "mira").await;
    let page = send(&app, "GET", "/sign-out", &cookie, &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(send(&app, "POST", "/sign-out", &cookie, &[]).await.status, StatusCode::FORBIDDEN, "no token");
    let token = token(&page.text());
    let left = send(&app, "POST", "/sign-out", &cookie, &[("token", &token)]).await;
    assert_eq!((left.status, left.header("location")), (StatusCode::SEE_OTHER, Some("/sign-in")));
    assert!(
        left.header("set-cookie").unwrap().contains("deskhand=;")
            && left.header("set-cookie").unwrap().contains("Max-Age=0")
    );
    assert_eq!(send(&app, "GET", "/", &cookie, &[]).await.status, StatusCode::SEE_OTHER);
    let form = send(&app, "POST", "/suggest", &cookie, &[("text", "toner"), ("token", &token)]).await;
    assert_eq!(form.status, StatusCode::UNAUTHORIZED);
    assert!(form.text().contains("not signed in any more"));
}

#[tokio::test]
async fn a_sign_in_reads_the_interface_and_changes_nothing_there() {
    let app = desk().await;
    let cookie = sign_in(&app, "ada").await;
    for path in ["/openapi.json", "/v1/surveys", "/v1/keys", "/metrics"] {
        assert_eq!(send(&app, "GET", path, &cookie, &[]).await.status, StatusCode::OK, "{path}");
    }
    for (method, path) in
        [("POST", "/v1/keys"), ("DELETE", "/v1/articles/a"), ("POST", "/v1/articles/reindex")]
    {
        let refused = send(&app, method, path, &cookie, &[]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert!(refused.text().contains("key_missing"));
    }
}

#[tokio::test]
async fn where_nobody_has_to_sign_in_there_is_nothing_to_sign_in_to() {
    let app = TestApp::new().await;
    let page = send(&app, "GET", "/sign-in", "", &[]).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, Some("/")));
    let home = app.get("/").await.text();
    assert!(!home.contains("Sign out") && !home.contains("name=\"token\""));
}

#[tokio::test]
async fn what_people_wrote_is_text_on_every_page() {
    let app = desk().await;
    let new = NewKey { name: "t".into(), scopes: vec![Scope::Admin], expires_at: None };
    let key = app.app.access.create_key(new, Timestamp::now()).await.unwrap().0.expose();
    let evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>";
    let put = async |method: &str, path: &str, body: serde_json::Value| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {key}"));
        let answer = app.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
    };
    let article = json!({"title": evil, "body": format!("printer {evil}"), "category": evil, "tags": [evil]});
    put("PUT", "/v1/articles/evil", article).await;
    let ticket = json!({"ticket": {"id": "81", "subject": format!("printer {evil}"), "body": evil, "channel": "email"}});
    put("POST", "/v1/triage", ticket).await;
    put("POST", "/v1/surveys", json!({"id": "s1", "ticket_id": "81", "rating": 1, "comment": evil})).await;
    let cookie = sign_in(&app, "ada").await;
    let home = send(&app, "GET", "/", &cookie, &[]).await.text();
    let asked = [("text", evil), ("token", &token(&home))];
    let mut pages = vec![send(&app, "POST", "/suggest", &cookie, &asked).await];
    let pasted = [("subject", evil), ("body", "printer"), ("token", &token(&home))];
    pages.push(send(&app, "POST", "/", &cookie, &pasted).await);
    for path in ["/articles/evil", "/surveys", "/gaps", "/coverage", "/mismatches", "/suggest?text=printer"] {
        pages.push(send(&app, "GET", path, &cookie, &[]).await);
    }
    for page in pages {
        let html = page.text();
        assert_eq!(page.status, StatusCode::OK, "{html}");
        for tag in ["<script", "<img src=x", "<svg onload"] {
            assert!(!html.contains(tag), "{html}");
        }
    }
}
