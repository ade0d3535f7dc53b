//! Headers that every answer has where it says nothing else: what a browser may do with it, and keep of it.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::state::AppState;

/// An answer that is no page loads nothing and is shown in no frame.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Swagger UI has its scripts and styles in files of its own, and sets further styles by script; it asks this
/// service alone.
const DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A year: a browser that came over TLS once never tries without again (RFC 6797).
const TLS_ONLY: &str = "max-age=31536000";

/// Middleware around everything.
pub(super) async fn protect(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let of_docs =
        request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str().starts_with("/docs"));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut unless_said = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    unless_said(X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_said(REFERRER_POLICY, "no-referrer");
    unless_said(CONTENT_SECURITY_POLICY, if of_docs { DOCS } else { NOTHING });
    // The files of Swagger UI are the same for everybody; all else is about somebody's tickets.
    unless_said(CACHE_CONTROL, if of_docs { "private, no-cache" } else { "no-store" });
    if app.tls.is_some() {
        unless_said(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    response
}

/// The policy of a report that is one file: its own style, by its hash, and nothing else.
pub(super) fn of_report(html: &str) -> HeaderValue {
    let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let hash = style.map(|(style, _)| BASE64_STANDARD.encode(Sha256::digest(style)));
    let policy = hash.map(|hash| format!("{NOTHING}; style-src 'sha256-{hash}'"));
    let policy = policy.and_then(|policy| HeaderValue::from_str(&policy).ok());
    policy.unwrap_or(HeaderValue::from_static(NOTHING))
}
