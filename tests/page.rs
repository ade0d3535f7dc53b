//! The pages through their router, as a browser uses them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use common::TestApp;
use deskhand::held::Held;
use deskhand::model::Shelf;
use deskhand::store::{Article, ArticleStatus, Audience};
use deskhand::text::Format;
use deskhand::triage::Ticket;
use deskhand::ui::{self, Pages};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

const LIMIT: usize = 20_000;

/// The pages over an empty data folder, with one example.
struct Browser {
    app: TestApp,
    router: Router,
}

/// A page as the browser got it.
struct Page {
    status: StatusCode,
    response: axum::http::HeaderMap,
    html: String,
}

impl Browser {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let example = Ticket {
            id: Some("LB-1046".into()),
            subject: "LarkVPN in hotel impossible".into(),
            body: "<p>It says <b>LV-809</b>.</p>".into(),
            body_format: Format::Html,
            ..Ticket::default()
        };
        let router = ui::router(Pages {
            answering: {
                let app = app.app.clone();
                ui::Answering::new(move || app.now().for_pages())
            },
            store: app.app.store.clone(),
            examples: Arc::from([example]),
            max_form_bytes: LIMIT,
            shelf: Shelf::of(&app.dir.path().join("data")),
            audits: app.app.audits.clone(),
            ledgers: Held::new(60, Duration::ZERO),
            summaries: Held::new(60, Duration::ZERO),
            performances: Held::new(60, Duration::ZERO),
            signals: app.app.signals.clone(),
            matrix: app.app.settings.triage.matrix.clone(),
            drift: Default::default(),
            settings: app.app.settings.ui.clone(),
        });
        Self { app, router }
    }

    async fn send(&self, request: Request<Body>) -> Page {
        let response: Response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Page {
            status: parts.status,
            response: parts.headers,
            html: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Page {
        self.send(common::request(Method::GET, path, None, Body::empty())).await
    }

    /// Fills in the form and presses its button.
    async fn post(&self, fields: &[(&str, &str)]) -> Page {
        let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let form = "application/x-www-form-urlencoded";
        self.send(common::request(Method::POST, "/", Some(form), body.join("&"))).await
    }

    async fn put(&self, id: &str, audience: Audience, body: &str) {
        let article = Article {
            id: id.into(),
            title: format!("About {id}"),
            body: body.into(),
            body_format: Format::Markdown,
            url: None,
            audience,
            status: ArticleStatus::Published,
            category: None,
            tags: Vec::new(),
            language: None,
            updated_at: None,
            ..Article::default()
        };
        self.app.app.now().knowledge.put(vec![article]).await.unwrap();
    }
}

impl Page {
    fn shows(&self, words: &str) -> bool {
        self.html.contains(words)
    }
}

#[tokio::test]
async fn a_pasted_ticket_shows_its_labels_and_is_not_kept() {
    let browser = Browser::new().await;
    let page = browser.post(&[("subject", "VPN"), ("body", "It is down\r\nsince nine.")]).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in
        ["Network", "<b>96%</b> sure", "threshold 80%", "Impact", "Urgency", "P2", "chip-auto", "tiny 1"]
    {
        assert!(page.shows(words), "{words} is not in {}", page.html);
    }
    assert_eq!(browser.app.app.store.ticket_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_page_works_with_its_form_alone() {
    let browser = Browser::new().await;
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.shows("<form method=\"post\" action=\"/#answer\"") && page.shows("type=\"submit\""));
    assert!(!page.shows("<script"));
    for name in ["subject", "body", "audience"] {
        assert!(page.shows(&format!("name=\"{name}\"")), "{name}");
    }
}

#[tokio::test]
async fn articles_that_answer_are_shown_with_their_passage_and_page() {
    let browser = Browser::new().await;
    browser.put("kb-vpn", Audience::Customer, "## Hotels\n\nIn hotels, tick the web port of the VPN.").await;
    let page = browser.post(&[("subject", "VPN in a hotel")]).await;
    assert!(page.shows("href=\"/articles/kb-vpn#hotels\""), "{}", page.html);
    assert!(page.shows("<mark>VPN</mark>") && page.shows("<mark>hotels</mark>"), "{}", page.html);
    let article = browser.get("/articles/kb-vpn").await;
    assert_eq!(article.status, StatusCode::OK);
    assert!(
        article.shows("<h2 id=\"hotels\">Hotels</h2>") && article.shows("for everyone"),
        "{}",
        article.html
    );
}

#[tokio::test]
async fn an_article_for_agents_is_not_shown_for_customers() {
    let browser = Browser::new().await;
    browser.put("kb-agents", Audience::Agent, "The VPN master key is under the mat.").await;
    let words = ("subject", "VPN key");
    assert!(browser.post(&[words, ("audience", "agent")]).await.shows("kb-agents"));
    let page = browser.post(&[words, ("audience", "customer")]).await;
    assert!(!page.shows("kb-agents") && !page.shows("under the mat"), "{}", page.html);
    assert!(page.shows("value=\"customer\" checked"));
}

#[tokio::test]
async fn markup_in_a_ticket_or_an_article_is_shown_as_text() {
    let browser = Browser::new().await;
    let attack = "\"><script>alert(1)</script></textarea> VPN";
    browser
        .put("kb-attack", Audience::Customer, "VPN `<script>alert(1)</script>`\n\n<script>alert(1)</script>")
        .await;
    for page in [
        browser.post(&[("subject", attack), ("body", attack)]).await,
        browser.post(&[("subject", attack), ("body", attack), ("example", attack)]).await,
        browser.get("/articles/kb-attack").await,
        browser.get("/articles/%3Cscript%3E").await,
        browser.get("/?example=%3Cscript%3E").await,
    ] {
        assert!(!page.shows("<script"), "{}", page.html);
    }
}

#[tokio::test]
async fn an_empty_ticket_is_answered_with_what_to_do() {
    let browser = Browser::new().await;
    let page = browser.post(&[("subject", " "), ("body", "\r\n"), ("audience", "customer")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows("There is nothing to read yet.") && page.shows("role=\"alert\""));
    assert!(page.shows("aria-invalid=\"true\"") && page.shows("value=\"customer\" checked"));
}

#[tokio::test]
async fn a_refused_ticket_keeps_its_words_in_the_form() {
    let browser = Browser::new().await;
    let subject = "x".repeat(2_001);
    let page = browser.post(&[("subject", &subject), ("body", "All my words & more")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows("The subject is too long.") && page.shows(&subject));
    assert!(page.shows("All my words &#38; more</textarea>"));
}

#[tokio::test]
async fn a_ticket_that_is_too_long_is_answered_with_a_page() {
    let page = Browser::new().await.post(&[("body", &"x".repeat(LIMIT))]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(page.shows("The ticket is too long.") && page.shows("20 kilobytes"), "{}", page.html);
}

#[tokio::test]
async fn a_ticket_of_which_the_model_reads_a_part_says_so() {
    let page = Browser::new().await.post(&[("body", &"printer ".repeat(400))]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.shows("longer than the model reads at once"), "{}", page.html);
}

#[tokio::test]
async fn an_example_is_one_click() {
    let browser = Browser::new().await;
    assert!(browser.get("/").await.shows("href=\"/?example=LB-1046#answer\""));
    let page = browser.get("/?example=LB-1046").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.shows("It says LV-809.</textarea>") && page.shows("Network"), "{}", page.html);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_answered_with_a_page() {
    let browser = Browser::new().await;
    for path in ["/?example=none", "/?example=a&example=b", "/articles/none", "/articles/%ff"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.shows("There is no such"), "{path}: {}", page.html);
    }
}

#[tokio::test]
async fn every_page_forbids_scripts_frames_and_foreign_sources() {
    let browser = Browser::new().await;
    let pages = [browser.get("/").await, browser.get("/articles/none").await, browser.post(&[]).await];
    for page in pages {
        let policy = &page.response[header::CONTENT_SECURITY_POLICY];
        assert_eq!(
            policy,
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(page.response[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn what_a_page_loads_is_served_from_here_and_may_be_kept() {
    let browser = Browser::new().await;
    let page = browser.get("/").await;
    let loaded: BTreeMap<&str, &str> = page
        .html
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .map(|path| (path.rsplit('.').next().unwrap(), path))
        .collect();
    assert_eq!(loaded.keys().copied().collect::<Vec<_>>(), ["css", "svg"]);
    for (kind, path) in loaded {
        let asset = browser.get(path).await;
        assert_eq!(asset.status, StatusCode::OK, "{path}");
        assert!(asset.response[header::CONTENT_TYPE].to_str().unwrap().contains(kind));
        assert_eq!(asset.response[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
    assert!(!page.shows("src=\"http") && !page.shows("href=\"http"));
}
