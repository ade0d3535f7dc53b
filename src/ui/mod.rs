//! The pages: a person pastes a ticket and reads what Deskhand makes of it.
//!
//! In come a form or a link; out goes HTML, made on the server, that needs no script and loads
//! nothing from anywhere else. `view` and `article` turn answers and articles into what a page
//! shows, the templates in `templates/ui` only place it. Text is escaped by the templates, without
//! exception. This room knows nothing of the JSON interface, and keeps nothing of what is pasted.

mod account_page;
mod article;
mod article_page;
mod assets;
mod card;
mod coverage_page;
mod coverage_view;
mod deliveries_page;
mod deliveries_view;
mod example;
mod excerpt;
mod figures;
mod follow_up_form;
mod follow_up_view;
mod frame;
mod gaps_page;
mod gaps_view;
mod learning_view;
pub mod link;
mod mismatches_page;
mod mismatches_view;
mod model_page;
mod model_view;
mod own;
mod panel_page;
mod performance_page;
mod performance_view;
mod problem;
#[cfg(test)]
mod samples;
pub mod sign_in;
mod signals_page;
mod signals_view;
mod span;
mod suggest_page;
mod surveys_page;
mod surveys_view;
mod table;
mod triage_page;
mod view;
pub mod visitor;
mod voice;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::audit::Audits;
use crate::audit::mismatches::Ledger;
use crate::audit::performance::Performance;
use crate::config::{DriftSettings, Matrix, UiSettings};
use crate::held::Held;
use crate::knowledge::Knowledge;
use crate::model::{Model, Shelf};
use crate::signals::Checker;
use crate::store::Store;
use crate::survey::{Summary, SurveyDesk};
use crate::triage::{Ticket, Triage};
use table::Address;

/// What answers by one bundle.
#[derive(Debug, Clone)]
pub struct Now {
    /// Answers tickets; with a desk, or there are no articles to show.
    pub triage: Triage,
    /// Where feedback goes.
    pub knowledge: Knowledge,
    /// What the page about the model tells of.
    pub model: Arc<Model>,
    /// Surveys with their follow-ups.
    pub desk: SurveyDesk,
}

/// Gives what answers at this moment; it may be another one the next time.
#[derive(Clone)]
pub struct Answering(Arc<dyn Fn() -> Now + Send + Sync>);

impl Answering {
    /// What `now` gives when it is asked.
    pub fn new(now: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> Now {
        (self.0)()
    }
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answering")
    }
}

/// What took so long to sum up is shown again for a while.
pub const DEAR: Duration = Duration::from_millis(150);

/// What the pages need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Answers what is pasted.
    pub answering: Answering,
    /// Where the articles are read.
    pub store: Store,
    /// Tickets that the first page offers to try, best first; each needs an id. May be empty.
    pub examples: Arc<[Ticket]>,
    /// Largest form in bytes; above it a page says that the ticket is too long.
    pub max_form_bytes: usize,
    /// Which bundles were promoted.
    pub shelf: Shelf,
    /// What the tickets ask for and the articles do not answer.
    pub audits: Audits,
    /// Whose labels are wrong.
    pub ledgers: Held<Ledger>,
    /// Sums of surveys that took long to make.
    pub summaries: Held<Summary>,
    /// Figures of the desk that took long to make.
    pub performances: Held<Performance>,
    /// Which priority follows from settled impact and urgency.
    pub matrix: Matrix,
    /// Customers at risk.
    pub signals: Checker,
    /// When an alarm of drift is raised.
    pub drift: DriftSettings,
    /// As the site set them.
    pub settings: UiSettings,
}

/// Makes what the pages show at first that take long to make, so that nobody who looks waits for it.
pub async fn read_ahead(pages: Pages) {
    mismatches_page::show(State(pages.clone()), Address::new("/mismatches", "")).await;
    surveys_page::show(State(pages.clone()), Address::new("/surveys", "")).await;
    performance_page::show(State(pages), Address::new("/performance", "")).await;
}

/// The pages: `/`, `/suggest`, `/articles/{id}`, `/coverage`, `/gaps`, `/surveys`, `/performance`, `/mismatches`,
/// `/deliveries`, `/signals`, `/accounts/{kind}/{id}`, `/model`, `/panel/{ticket_id}`, and what they load from `/assets/`.
pub fn router(pages: Pages) -> Router {
    let limit = DefaultBodyLimit::max(pages.max_form_bytes);
    let widgets = !pages.settings.widget_origins.is_empty();
    let most = pages.max_form_bytes;
    let router = Router::new()
        .route("/", get(triage_page::first).post(triage_page::answer).layer(limit))
        .route("/suggest", get(suggest_page::first).post(suggest_page::answer).layer(limit))
        .route("/articles/{id}", get(article_page::show))
        .route("/coverage", get(coverage_page::show))
        .route("/gaps", get(gaps_page::show).post(gaps_page::decide).layer(limit))
        .route("/surveys", get(surveys_page::show).post(follow_up_form::tell).layer(limit))
        .route("/performance", get(performance_page::show))
        .route("/mismatches", get(mismatches_page::show))
        .route("/deliveries", get(deliveries_page::show).post(deliveries_page::replay).layer(limit))
        .route("/signals", get(signals_page::show).post(signals_page::dismiss).layer(limit))
        .route("/accounts/{kind}/{id}", get(account_page::show))
        .route("/model", get(model_page::show))
        .route("/panel/{ticket_id}", get(panel_page::show).post(panel_page::say).layer(limit))
        .with_state(pages)
        .layer(from_fn_with_state(most, own::forms_only));
    with_headers(router).merge(assets::router(widgets))
}

/// Pages with the headers that every page has.
fn with_headers(router: Router) -> Router {
    PAGE_HEADERS.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::if_not_present(name, value))
    })
}

/// What a page may load and where it may be shown, but for the end, which says in whose frames.
macro_rules! policy {
    ($ancestors:expr) => {
        concat!(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors ",
            $ancestors
        )
    };
}

/// A page runs no script, loads its style and icon from here alone, posts only to here and is shown
/// in no frame. `no-cache` rather than `no-store`, so that the way back from an article to a pasted
/// ticket does not ask to send the form again.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy!("'none'"))),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
];

/// The policy of a page that these sites may show in a frame; none of them, none may.
fn framed_policy(ancestors: &[String]) -> HeaderValue {
    let named = format!("{}{}", policy!(""), ancestors.join(" "));
    let named = HeaderValue::from_str(&named).ok().filter(|_| !ancestors.is_empty());
    named.unwrap_or(HeaderValue::from_static(policy!("'none'")))
}

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
