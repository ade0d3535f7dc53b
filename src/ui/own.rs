//! Forms are taken from our own pages only: another site must not have a reader's browser send one.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::article_page::message;
use super::problem::Problem;

/// Refuses a form that a browser sends for another site.
pub(super) async fn forms_only(request: Request, next: Next) -> Response {
    if request.method() == Method::POST && is_foreign(request.headers(), request.uri()) {
        return message(Problem::foreign_form());
    }
    next.run(request).await
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
