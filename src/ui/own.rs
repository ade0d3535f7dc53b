//! Forms are taken from our own pages only: another site must not have a reader's browser send one.
//!
//! Two things say so: where the browser tells that a form comes from, and of those who are signed in the token that
//! our own forms carry.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq as _;

use super::article_page::message;
use super::problem::Problem;
use super::visitor::Visitor;

/// Bytes that the token takes in a form beside what it may have.
const TOKEN_BYTES: usize = 256;

/// Refuses a form that a browser sends for another site. Forms of those who are signed in may have `limit` bytes.
pub(super) async fn forms_only(State(limit): State<usize>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    if is_foreign(request.headers(), request.uri()) {
        return message(Problem::foreign_form());
    }
    let Some(visitor) = Visitor::of(&request).cloned() else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, limit.saturating_add(TOKEN_BYTES)).await else {
        return message(Problem::form_too_long(limit));
    };
    let mut tokens = url::form_urlencoded::parse(&bytes).filter(|(name, _)| name == "token");
    let token = tokens.next().map(|(_, token)| token.into_owned()).unwrap_or_default();
    if !bool::from(token.as_bytes().ct_eq(visitor.token.as_bytes())) {
        return message(Problem::foreign_form());
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

/// Browsers say where a form comes from: by `Sec-Fetch-Site` (not over plain HTTP), else by `Origin`. What
/// says neither is no browser, and no reader's rights can be misused by it.
fn is_foreign(headers: &HeaderMap, uri: &Uri) -> bool {
    let word = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = word("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = word(header::ORIGIN.as_str()) else { return false };
    let here = word(header::HOST.as_str()).or_else(|| uri.authority().map(|authority| authority.as_str()));
    origin.split_once("://").map(|(_, host)| host) != here
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_form_of_another_site_is_told_from_our_own() {
        let foreign = |headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            is_foreign(&headers.collect(), &Uri::from_static("/gaps"))
        };
        assert!(!foreign(&[("host", "desk.example")]));
        assert!(!foreign(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://desk.example"),
            ("host", "inside")
        ]));
        assert!(!foreign(&[("origin", "http://desk.example:8080"), ("host", "desk.example:8080")]));
        assert!(foreign(&[("origin", "http://evil.example"), ("host", "desk.example")]));
        assert!(foreign(&[("origin", "null"), ("host", "desk.example")]));
        assert!(foreign(&[("origin", "http://evil.example")]));
        for site in ["cross-site", "same-site", "", "x"] {
            assert!(foreign(&[
                ("sec-fetch-site", site),
                ("origin", "http://desk.example"),
                ("host", "desk.example")
            ]));
        }
    }
}
