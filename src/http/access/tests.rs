//! The table and the router: neither has a route that the other does not have.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use tower::ServiceExt as _;

use super::rules::{self, RULES};
use crate::config::Settings;
use crate::http::{App, AppState, router};
use crate::model::testing;

/// The whole service, with everything that a site can switch on.
async fn service() -> (Router, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    testing::bundle(&bundle, 1, &[]);
    let mut settings = Settings::default();
    settings.ui.widget_origins = vec!["https://help.example".into()];
    let app = App::open(settings, &dir.path().join("data"), &bundle).await.unwrap();
    (router(AppState::new(app)), dir)
}

/// The routes of a router. axum tells them in no other way than this.
fn routes(router: &Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let quoted = shown.split('"').skip(1).step_by(2);
    let paths = quoted.filter(|text| text.starts_with('/') && !text.contains("__private__"));
    paths.map(str::to_owned).collect()
}

/// An address that the route takes.
fn address(route: &str) -> String {
    let filled = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
    route.split('/').map(filled).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_and_method_of_the_service_has_a_rule() {
    let (router, _dir) = service().await;
    let routes = routes(&router);
    assert!(routes.len() > 40 && routes.contains("/v1/triage") && routes.contains("/sign-in"), "{routes:?}");
    for route in &routes {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let request = Request::builder().method(method).uri(address(route)).body(Body::empty()).unwrap();
            let status = router.clone().oneshot(request).await.unwrap().status();
            let taken = status != StatusCode::METHOD_NOT_ALLOWED;
            let ruled = rules::of(method, route).is_some();
            assert!(ruled || !taken, "{method} {route} needs a line in http/access/rules.rs");
            assert!(taken || !ruled, "there is no {method} {route}, which http/access/rules.rs names");
        }
    }
    for rule in RULES {
        let known = routes.contains(rule.route) || rule.route == "/assets/{file}";
        assert!(known, "there is no {}, which http/access/rules.rs names", rule.route);
    }
}

#[tokio::test]
async fn every_operation_of_the_document_says_who_may_ask_it() {
    let (router, _dir) = service().await;
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!((&schemes["key"]["scheme"], &schemes["signIn"]["in"]), (&"bearer".into(), &"cookie".into()));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["security"].is_array(), "{method} {path} needs a line in http/access/rules.rs");
        }
    }
}
