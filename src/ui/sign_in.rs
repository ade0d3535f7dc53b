//! `/sign-in` and `/sign-out`: who somebody is, before a page is shown that is not for everybody.

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Extension, Form, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, http::uri::PathAndQuery};
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::article_page::message;
use super::frame::Frame;
use super::problem::Problem;
use super::view::escaped;
use super::{PAGE_HEADERS, own, page, with_headers};
use crate::access::{Access, Peer, SigningIn};

/// Name of the cookie over plain HTTP.
pub const COOKIE: &str = "deskhand";
/// The same over TLS: browsers take it from this very site alone (RFC 6265bis, "Cookie Name Prefixes").
const SAFE_COOKIE: &str = "__Host-deskhand";
/// Where one signs in.
const HERE: &str = "/sign-in";
/// Largest form.
const MOST_BYTES: usize = 16 * 1024;

/// The pages of this file.
pub fn router(access: Access) -> Router {
    let limit = DefaultBodyLimit::max(MOST_BYTES);
    let router = Router::new()
        .route(HERE, get(first).post(answer).layer(limit))
        .route("/sign-out", get(leave).post(left).layer(limit))
        .with_state(access)
        .layer(from_fn_with_state(MOST_BYTES, own::forms_only));
    with_headers(router)
}

/// Where the reader wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    next: String,
}

/// What the form sends. It is never shown or logged.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Signing {
    name: String,
    password: String,
    next: String,
}

#[derive(Template)]
#[template(path = "ui/sign_in.html")]
struct SignInTemplate {
    frame: Frame,
    next: String,
    problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "ui/sign_out.html")]
struct SignOutTemplate {
    frame: Frame,
}

/// The form, or the first page where nobody has to sign in.
async fn first(State(access): State<Access>, wanted: Result<Query<Wanted>, QueryRejection>) -> Response {
    if !access.settings().is_on() {
        return Redirect::to("/").into_response();
    }
    shown(own_path(&wanted.unwrap_or_default().next), None)
}

/// Signs in, and goes where the reader wanted to.
async fn answer(
    State(access): State<Access>,
    Extension(peer): Extension<Peer>,
    form: Result<Form<Signing>, FormRejection>,
) -> Response {
    if !access.settings().is_on() {
        return Redirect::to("/").into_response();
    }
    let Ok(Form(form)) = form else { return shown("/".into(), Some(Problem::bad_form())) };
    let next = own_path(&form.next);
    match access.sign_in(&form.name, &form.password, peer.address, Timestamp::now()).await {
        Ok(cookie) => {
            let mut response = Redirect::to(&next).into_response();
            if let Ok(cookie) = HeaderValue::from_str(&set_cookie(&cookie, peer.secure, None)) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => shown(next, Some(refusal(&error))),
    }
}

fn refusal(error: &SigningIn) -> Problem {
    match error {
        SigningIn::Refused => Problem::sign_in_refused(),
        SigningIn::Wait { seconds } => Problem::sign_in_paused(*seconds),
        SigningIn::Failed(error) => {
            tracing::error!(%error, "somebody could not be signed in");
            Problem::failed()
        }
    }
}

fn shown(next: String, problem: Option<Problem>) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let retry_after_s = problem.as_ref().and_then(|problem| problem.retry_after_s);
    let mut response = page(status, &SignInTemplate { frame: Frame::default(), next, problem });
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

async fn leave() -> Response {
    page(StatusCode::OK, &SignOutTemplate { frame: Frame::default() })
}

/// Ends the sign-in, and has the browser forget it.
async fn left(
    State(access): State<Access>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    for cookies in headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()) {
        if let Some(cookie) = cookie_in(cookies)
            && let Err(error) = access.sign_out(cookie).await
        {
            tracing::error!(%error, "a sign-in could not be ended");
            return message(Problem::failed());
        }
    }
    let mut response = Redirect::to(HERE).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&set_cookie("", peer.secure, Some(0))) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(CLEAR, HeaderValue::from_static("\"cache\""));
    response
}

/// A cookie that no script reads, and that no other site's form or frame sends along. It lasts as long as the
/// browser is open; when the sign-in ends, the store decides.
fn set_cookie(value: &str, secure: bool, max_age_s: Option<u32>) -> String {
    let (name, secure) = if secure { (SAFE_COOKIE, "; Secure") } else { (COOKIE, "") };
    let max_age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}")
}

/// The cookie of a sign-in among those that a browser sent; over TLS the safer name goes first.
pub fn cookie_in(cookies: &str) -> Option<&str> {
    let named = |wanted: &str| {
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
    };
    named(SAFE_COOKIE).or_else(|| named(COOKIE))
}

/// To the sign-in, and from there to the page that was asked for.
pub fn redirect(wanted: &Uri) -> Response {
    let wanted = wanted.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut response = Redirect::to(&format!("{HERE}?next={}", escaped(wanted))).into_response();
    // What a browser keeps of it would lead back here after signing in.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// For a form whose sender is no longer signed in.
pub fn signed_out() -> Response {
    headed(message(Problem::signed_out()))
}

/// For a page that the reader's role does not open.
pub fn not_allowed() -> Response {
    headed(message(Problem::not_allowed()))
}

/// With the headers that every page has: no route gave this one.
fn headed(mut response: Response) -> Response {
    response.headers_mut().extend(PAGE_HEADERS);
    response
}

/// The path on this site that `next` names, else the first page: no word in it leads to another site. It is read
/// as browsers read it, to whom `//`, `/\` and line breaks mean more than they seem to.
fn own_path(next: &str) -> String {
    const BASE: &str = "http://here.invalid";
    let url = Url::parse(BASE).and_then(|base| base.join(next));
    let own = url.ok().filter(|url| next.starts_with('/') && url.origin().ascii_serialization() == BASE);
    let Some(url) = own else { return "/".into() };
    let path = url.path();
    if path.starts_with("//") || [HERE, "/sign-out"].contains(&path) {
        return "/".into();
    }
    match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn after_signing_in_one_comes_to_an_own_page_whatever_the_link_said() {
        assert_eq!(own_path("/gaps?state=open&top=5"), "/gaps?state=open&top=5");
        assert_eq!(own_path("/articles/a%2Fb"), "/articles/a%2Fb");
        for foreign in [
            "",
            "gaps",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            " //evil.example",
            "///evil.example",
            "/..//evil.example",
            "/./\\evil.example",
            "http:evil.example",
            "/sign-in?next=/",
            "/sign-out",
            "//here.invalid:81/",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_leads_to_another_site(text in "([/\\\\]|\\.\\.?|%2f|%5c|[a-z]|:|@|\\?|#|[\t\r\n ]|\\PC){0,30}") {
            let path = own_path(&text);
            let base = Url::parse("https://desk.example/sign-in").map_err(|e| TestCaseError::fail(e.to_string()))?;
            let gone = base.join(&path).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(gone.origin(), base.origin());
            prop_assert!(path.starts_with('/') && !path.starts_with("//") && path.is_ascii() && !path.contains(['\r', '\n']));
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_of_other_sites_and_secure_where_it_can_be() {
        assert_eq!(set_cookie("x", false, None), "deskhand=x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(set_cookie("x", true, None), "__Host-deskhand=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(cookie_in("a=b; deskhand=x; c=d"), Some("x"));
        assert_eq!(cookie_in("deskhand=x; __Host-deskhand=y"), Some("y"));
        assert_eq!(cookie_in("xdeskhand=x; deskhand="), None);
    }
}
