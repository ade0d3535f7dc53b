//! The guard before every route: who asks, whether the table lets them, and how often.
//!
//! It stands around the whole router, so that a route cannot be forgotten; which caller asks is known to handlers
//! as an extension, to pages by `ui::visitor`, and to the trail and the model's queue by `Acting`.

mod document;
mod origin;
pub(super) mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::elsewhere;
use super::error::{Code, Problem};
use super::observe::AskedBy;
use super::state::AppState;
use crate::access::{Caller, SignedIn, Who, network};
use crate::acting::Acting;
use crate::config::Scope;
use crate::ui;
use crate::ui::visitor::Visitor;
use rules::Need;

pub(super) use document::with_security;

/// What a request shows of who sends it.
enum Shown {
    Key(Caller),
    SignIn(Box<SignedIn>),
    Nothing,
}

/// Who is let in.
struct LetIn {
    caller: Caller,
    sign_in: Option<Box<SignedIn>>,
}

impl LetIn {
    fn as_caller(caller: Caller) -> Self {
        Self { caller, sign_in: None }
    }
}

/// Middleware around every route.
pub(super) async fn guard(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let now = Timestamp::now();
    let settings = app.access.settings();
    let peer = match origin::peer(&parts, settings) {
        Ok(peer) => peer,
        Err(problem) => return problem.into_response(),
    };
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let let_in = match (settings.is_on(), route) {
        (true, Some(route)) => {
            let need = rules::need(&parts.method, route.as_str());
            match let_in(&app, &parts, need, peer.address, now).await {
                Ok(let_in) => let_in,
                Err(problem) => return refusal(need, problem, &parts),
            }
        }
        // Nobody has to say who they are, or there is nothing at this address.
        _ => LetIn::as_caller(Caller::anyone()),
    };
    let acting = Acting { who: let_in.caller.who.to_string(), at: now };
    parts.extensions.insert(peer);
    parts.extensions.insert(let_in.caller.clone());
    let mut request = Request::from_parts(parts, body);
    match let_in.sign_in {
        None => {
            let mut response = acting.doing(next.run(request)).await;
            if let Who::Key(id) = let_in.caller.who {
                response.extensions_mut().insert(AskedBy(id));
            }
            response
        }
        Some(sign_in) => {
            let visitor = Arc::new(visitor(&sign_in));
            request.extensions_mut().insert(Arc::clone(&visitor));
            let mut response = acting.doing(visitor.shown(next.run(request))).await;
            // Whoever sits down here next must not find it by going back.
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

/// Whether the request may have what it needs.
async fn let_in(
    app: &AppState,
    parts: &Parts,
    need: Need,
    address: std::net::IpAddr,
    now: Timestamp,
) -> Result<LetIn, Problem> {
    let headers = &parts.headers;
    let (scopes, by_sign_in) = match need {
        Need::Nothing => return Ok(LetIn::as_caller(Caller { who: Who::Anyone, scopes: Arc::default() })),
        Need::Widget(_) if !headers.contains_key(AUTHORIZATION) => {
            return visitor_of_site(app, headers, address, now);
        }
        Need::Anybody => (None, parts.method.is_safe()),
        Need::OneOf(scopes) | Need::Widget(scopes) => (Some(scopes), parts.method.is_safe()),
        Need::Page([]) => (None, true),
        Need::Page(scopes) => (Some(scopes), true),
    };
    let let_in = match shown(app, headers, now).await? {
        Shown::Key(caller) => LetIn::as_caller(caller),
        Shown::SignIn(signed_in) if by_sign_in => {
            LetIn { caller: signed_in.caller.clone(), sign_in: Some(signed_in) }
        }
        Shown::SignIn(_) => {
            let detail = "A sign-in changes things through the forms of the pages alone.";
            return Err(Problem::because(Code::KeyMissing, detail));
        }
        Shown::Nothing => return Err(Problem::new(Code::KeyMissing)),
    };
    if let Some(scopes) = scopes {
        let scope = let_in.caller.may(scopes).ok_or_else(|| scope_missing(scopes))?;
        in_time(app, &let_in.caller, scope, now)?;
    }
    Ok(let_in)
}

/// A page of one of the widget's sites, which asks without a key, as a customer.
fn visitor_of_site(
    app: &AppState,
    headers: &HeaderMap,
    address: std::net::IpAddr,
    now: Timestamp,
) -> Result<LetIn, Problem> {
    if !elsewhere::asks(headers, &app.settings.ui) {
        return Err(Problem::new(Code::KeyMissing));
    }
    let scopes = Arc::from([Scope::SuggestCustomer]);
    let caller = Caller { who: Who::Visitor(network(address)), scopes };
    in_time(app, &caller, Scope::SuggestCustomer, now)?;
    Ok(LetIn::as_caller(caller))
}

/// What the request shows: a key in `Authorization`, else the cookie of a sign-in.
async fn shown(app: &AppState, headers: &HeaderMap, now: Timestamp) -> Result<Shown, Problem> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let key = value.to_str().ok().and_then(bearer).and_then(|key| app.access.key(key, now));
        let caller = key.ok_or_else(|| Problem::new(Code::KeyRefused))?;
        return app.keys_read.are_believed().map(|()| Shown::Key(caller));
    }
    for cookie in headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()) {
        if let Some(cookie) = ui::sign_in::cookie_in(cookie)
            && let Some(signed_in) = app.access.signed_in(cookie, now).await?
        {
            return Ok(Shown::SignIn(Box::new(signed_in)));
        }
    }
    Ok(Shown::Nothing)
}

/// The credentials of RFC 6750; the scheme's name in any case (RFC 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn in_time(app: &AppState, caller: &Caller, scope: Scope, now: Timestamp) -> Result<(), Problem> {
    app.access.pace().take(&caller.who, scope, now).map_err(|seconds| {
        let detail = format!("That is more often than this caller may ask for {scope}.");
        Problem::because(Code::TooOften, detail).retry_after(seconds)
    })
}

/// What is missing, by name: whoever has a key may know what it cannot do.
pub(super) fn scope_missing(any_of: &[Scope]) -> Problem {
    let words: Vec<&str> = any_of.iter().map(|scope| scope.word()).collect();
    Problem::because(Code::ScopeMissing, format!("It needs the scope {}.", words.join(" or ")))
}

/// A refusal as the reader of a page, or a program, understands it.
fn refusal(need: Need, problem: Problem, parts: &Parts) -> Response {
    let shows_key = parts.headers.contains_key(AUTHORIZATION);
    match (need, problem.code()) {
        (Need::Page(_), Code::KeyMissing) if matches!(parts.method, Method::GET | Method::HEAD) => {
            ui::sign_in::redirect(&parts.uri)
        }
        (Need::Page(_), Code::KeyMissing) => ui::sign_in::signed_out(),
        (Need::Page(_), Code::ScopeMissing) if !shows_key => ui::sign_in::not_allowed(),
        _ => problem.into_response(),
    }
}

/// What pages know of who reads them.
fn visitor(sign_in: &SignedIn) -> Visitor {
    let opens = |rule: &&rules::Rule| match rule.need {
        Need::Page(scopes) => sign_in.caller.may(scopes).is_some(),
        Need::Nothing | Need::Anybody | Need::OneOf(_) | Need::Widget(_) => false,
    };
    let name = match &sign_in.caller.who {
        Who::User(name) => name.clone(),
        who => who.to_string(),
    };
    let places = rules::RULES.iter().filter(opens).map(|rule| rule.route).collect();
    Visitor { name, token: sign_in.token.clone(), places }
}
