//! One log line and one measurement for each request, and the id that ties them to it.
//!
//! A line has method, matched route, status, milliseconds, request id, the id of the key if one asked, and for
//! failures the code and the cause. Never a body, a query string, a raw path or a header: they may hold a ticket's words.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use super::error::{Code, Refused};
use super::state::AppState;
use crate::telemetry::{SPAN, continue_trace};

/// Names a request in the log and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken over from a caller, in characters.
const ID_CHARS: usize = 64;
/// Stands for a request that the client gave up before it was answered, as nginx has it.
const CLIENT_LEFT: u16 = 499;
/// Stands for the route of an address that there is not.
const NO_ROUTE: &str = "none";

/// Middleware around everything else.
pub(super) async fn observe(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_string());
    let mut line = Line {
        method: method(request.method()),
        route: route.unwrap_or_else(|| NO_ROUTE.into()),
        id: id.clone(),
        started: Instant::now(),
        status: CLIENT_LEFT,
        refused: None,
        key: None,
        app,
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let span = span(&line, request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    line.status = response.status().as_u16();
    line.refused = response.extensions_mut().remove::<Refused>();
    line.key = response.extensions_mut().remove::<AskedBy>().map(|AskedBy(key)| key);
    span.record("http.response.status_code", line.status);
    if line.status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    response
}

/// The span of a request, by the names of OpenTelemetry's conventions for HTTP; a part of the caller's trace, if it
/// has one.
fn span(line: &Line, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        target: SPAN,
        "request",
        otel.name = format!("{} {}", line.method, line.route),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = line.method,
        http.route = line.route,
        http.response.status_code = Empty,
        request_id = line.id,
    );
    if !span.is_disabled() {
        continue_trace(&span, headers);
    }
    span
}

/// The caller's id where it is short and plain, so that it can neither break a log line nor carry
/// text; else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(plain))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_string)
}

/// A method may be any word; only the usual ones make a label.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// What is known of a request; written when it is over, however it ends.
struct Line {
    method: &'static str,
    route: String,
    id: String,
    started: Instant,
    status: u16,
    refused: Option<Refused>,
    /// Id of the key that asked.
    key: Option<String>,
    app: AppState,
}

/// Which key asked, by its public part; travels with the response. A user's name is no matter of the log.
#[derive(Debug, Clone)]
pub(super) struct AskedBy(pub(super) String);

impl Drop for Line {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let Self { method, route, id, status, key, .. } = self;
        let ms = took.as_millis() as u64;
        let code = self.refused.as_ref().map(|refused| refused.code.row().code);
        let cause = self.refused.as_ref().and_then(|refused| refused.cause.as_deref());
        if *status >= 500 {
            tracing::error!(
                method,
                route,
                status,
                ms,
                request_id = id,
                key,
                code,
                cause,
                "request {id} failed"
            );
        } else {
            tracing::info!(method, route, status, ms, request_id = id, key, code, "request {id}");
        }
        self.app.metrics.request(method, route, *status, took);
        match self.refused.as_ref().map(|refused| refused.code) {
            Some(code) if code.is_of_store() => self.app.metrics.store_error(),
            Some(Code::ModelFailed) => self.app.model_has_failed(),
            _ => {}
        }
    }
}
