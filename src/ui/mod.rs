//! The pages: a person pastes a ticket and reads what Deskhand makes of it.
//!
//! In come a form or a link; out goes HTML, made on the server, that needs no script and loads
//! nothing from anywhere else. `view` and `article` turn answers and articles into what a page
//! shows, the templates in `templates/ui` only place it. Text is escaped by the templates, without
//! exception. This room knows nothing of the JSON interface, and keeps nothing of what is pasted.

mod article;
mod article_page;
mod assets;
mod example;
mod excerpt;
mod problem;
#[cfg(test)]
mod samples;
mod triage_page;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::store::Store;
use crate::triage::{Ticket, Triage};

/// Gives the triage that answers at this moment; it may be another one the next time.
#[derive(Clone)]
pub struct Answering(Arc<dyn Fn() -> Triage + Send + Sync>);

impl Answering {
    /// The triage that `now` gives when it is asked.
    pub fn new(now: impl Fn() -> Triage + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> Triage {
        (self.0)()
    }
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answering")
    }
}

/// What the pages need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Answers what is pasted; with a desk, or there are no articles to show.
    pub triage: Answering,
    /// Where the articles are read.
    pub store: Store,
    /// Tickets that the first page offers to try, best first; each needs an id. May be empty.
    pub examples: Arc<[Ticket]>,
    /// Largest form in bytes; above it a page says that the ticket is too long.
    pub max_form_bytes: usize,
}

/// The pages: `/`, `/articles/{id}`, and what they load from `/assets/`.
pub fn router(pages: Pages) -> Router {
    let limit = DefaultBodyLimit::max(pages.max_form_bytes);
    let mut router = Router::new()
        .route("/", get(triage_page::first).post(triage_page::answer).layer(limit))
        .route("/articles/{id}", get(article_page::show))
        .with_state(pages);
    for (name, value) in PAGE_HEADERS {
        router = router.layer(SetResponseHeaderLayer::overriding(name, value));
    }
    router.merge(assets::router())
}

/// A page runs no script, loads its style and icon from here alone, posts only to here and is shown
/// in no frame. `no-cache` rather than `no-store`, so that the way back from an article to a pasted
/// ticket does not ask to send the form again.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
];

/// A page with its status.
fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            let plain = "This page could not be written. The reason is in the log of Deskhand.";
            (StatusCode::INTERNAL_SERVER_ERROR, plain).into_response()
        }
    }
}
