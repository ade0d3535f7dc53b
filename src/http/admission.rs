//! How much is taken on at a time. What goes beyond is refused at once, so that memory stays bounded
//! and those who are already being served are not slowed down by those who are not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Code, Problem};
use super::state::AppState;
use crate::access::{Caller, Who};

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
    /// How many places each caller holds.
    held: Arc<Mutex<HashMap<Who, usize>>>,
    large: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    audits: Arc<Semaphore>,
}

/// What a caller may hold, in terms of what is free.
const FAIR: usize = 3;

/// One of the places that a caller holds, for as long as this lives.
#[derive(Debug)]
pub(super) struct Share {
    held: Arc<Mutex<HashMap<Who, usize>>>,
    who: Who,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(&self.who) {
            Some(mine) if *mine > 1 => *mine -= 1,
            // Who holds none is not remembered.
            _ => drop(held.remove(&self.who)),
        }
    }
}

/// A place that is taken for as long as this lives.
pub(super) type Place = OwnedSemaphorePermit;

impl Default for Admission {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            pace: PACE,
            requests: places(REQUESTS),
            held: Arc::default(),
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

    /// A share of the places for a caller, or a refusal: each may hold as many as are free, three times over, so
    /// that one alone gets three quarters of all, two get three sevenths each, and there is always a place for one
    /// who comes with a single request (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on
    /// Networking 6(2), 1998). Where nobody has to say who they are, all are one.
    pub(super) fn share(&self, who: &Who) -> Result<Option<Share>, Problem> {
        if *who == Who::Anyone {
            return Ok(None);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = held.entry(who.clone()).or_default();
        // The place of this request is taken already.
        if *mine >= FAIR * (self.requests.available_permits() + 1) {
            let full = "This caller has as many requests in work as it may while others ask too.";
            return Err(Problem::because(Code::Overloaded, full).retry_after(1));
        }
        *mine += 1;
        Ok(Some(Share { held: Arc::clone(&self.held), who: who.clone() }))
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

/// Middleware: a request has a place, within its caller's share, or is refused.
pub(super) async fn admit(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let _place = match app.admission.request() {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let who = request.extensions().get::<Caller>().map_or(Who::Anyone, |caller| caller.who.clone());
    match app.admission.share(&who) {
        Ok(_share) => next.run(request).await,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Lets each of them take as many places as it gets, in turns.
    fn greedy(admission: &Admission, callers: &[Who]) -> (Vec<usize>, Vec<(Place, Option<Share>)>) {
        let (mut counts, mut all) = (vec![0; callers.len()], Vec::new());
        loop {
            let before = all.len();
            for (count, who) in counts.iter_mut().zip(callers) {
                if let Ok(place) = admission.request()
                    && let Ok(share) = admission.share(who)
                {
                    all.push((place, share));
                    *count += 1;
                }
            }
            if all.len() == before {
                return (counts, all);
            }
        }
    }

    #[test]
    fn a_caller_that_takes_all_it_gets_leaves_places_for_those_who_come_later() {
        let who = |name: &str| Who::Key(name.to_owned());
        for greedy_ones in 1..=8 {
            let admission = Admission::default();
            let callers: Vec<Who> = (0..greedy_ones).map(|n| who(&n.to_string())).collect();
            let (counts, all) = greedy(&admission, &callers);
            let fair = FAIR * REQUESTS / (FAIR * greedy_ones + 1);
            assert!(counts.iter().all(|count| count.abs_diff(fair) <= FAIR), "{counts:?}, {fair}");
            let place = admission.request().unwrap();
            assert!(admission.share(&who("late")).unwrap().is_some(), "{greedy_ones} greedy ones");
            drop((place, all));
            assert!(admission.held.lock().unwrap().is_empty(), "what is given back is forgotten");
        }
    }

    #[test]
    fn where_nobody_says_who_they_are_all_places_are_for_all() {
        let admission = Admission::default();
        let (counts, _all) = greedy(&admission, &[Who::Anyone]);
        assert_eq!(counts, [REQUESTS]);
    }
}
