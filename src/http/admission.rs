//! How much is taken on at a time. What goes beyond is refused at once, so that memory stays bounded
//! and those who are already being served are not slowed down by those who are not.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Code, Problem};
use super::state::AppState;

/// Requests that are worked on at a time. Each holds at most [`LARGE_BODY`] bytes of body, unless it
/// is one of the few large ones.
pub(super) const REQUESTS: usize = 256;
/// Of these, requests with a body over [`LARGE_BODY`] at a time.
pub(super) const LARGE_REQUESTS: usize = 16;
/// Imports at a time: each may hold `max_import_bytes`, and the writer takes one after another anyway.
pub(super) const IMPORTS: usize = 1;
/// Audits at a time: each may read every ticket that is kept.
pub(super) const AUDITS: usize = 2;
/// From this many bytes on a body is large: parsing and cleaning it may take more than a millisecond,
/// and is done beside the runtime's threads.
pub(super) const LARGE_BODY: usize = 64 * 1024;

/// How fast a body has to come: within `start`, and a second more for each `bytes_a_second` of it. The
/// rule is that of Apache's mod_reqtimeout, whose defaults are 20 s and 500 bytes; a service beside the
/// helpdesk can ask for more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) start: Duration,
    pub(super) bytes_a_second: u64,
}

const PACE: Pace = Pace { start: Duration::from_secs(10), bytes_a_second: 64 * 1024 };

/// The places that there are, and how long one may be held for a body.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) pace: Pace,
    requests: Arc<Semaphore>,
    large: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    audits: Arc<Semaphore>,
}

/// A place that is taken for as long as this lives.
pub(super) type Place = OwnedSemaphorePermit;

impl Default for Admission {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            pace: PACE,
            requests: places(REQUESTS),
            large: places(LARGE_REQUESTS),
            imports: places(IMPORTS),
            audits: places(AUDITS),
        }
    }
}

impl Admission {
    /// A place among all requests, or a refusal.
    pub(super) fn request(&self) -> Result<Place, Problem> {
        place(&self.requests, "Too many requests are being answered.", 1)
    }

    /// A place among those with a large body, or a refusal.
    pub(super) fn large(&self) -> Result<Place, Problem> {
        place(&self.large, "Too many large requests are being answered.", 2)
    }

    /// The place of an import, or a refusal.
    pub(super) fn import(&self) -> Result<Place, Problem> {
        place(&self.imports, "Another import is running.", 10)
    }

    /// The place of an audit, or a refusal.
    pub(super) fn audit(&self) -> Result<Place, Problem> {
        place(&self.audits, "Other audits are running.", 10)
    }
}

fn place(places: &Arc<Semaphore>, full: &str, retry_after_s: u64) -> Result<Place, Problem> {
    Arc::clone(places)
        .try_acquire_owned()
        .map_err(|_| Problem::because(Code::Overloaded, full).retry_after(retry_after_s))
}

/// Middleware: a request has a place or is refused.
pub(super) async fn admit(State(app): State<AppState>, request: Request, next: Next) -> Response {
    match app.admission.request() {
        Ok(_place) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Middleware: an answer comes within `request_timeout_s`, or the request is given up and its work
/// withdrawn.
pub(super) async fn time_limit(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let seconds = app.settings.server.request_timeout_s;
    match tokio::time::timeout(Duration::from_secs(seconds), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::because(Code::TimedOut, format!("There was no answer within {seconds} s."))
            .retry_after(seconds)
            .into_response(),
    }
}
