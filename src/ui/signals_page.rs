//! `/signals`: customers at risk, agreed times at risk, and possible incidents.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use super::article_page::message;
use super::frame::{Frame, Place};
use super::problem::Problem;
use super::signals_view::{self, Case, RULES};
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::store::{SignalFilter, SignalState, StoreError};

/// Most signals that are listed, the newest.
const LISTED: u32 = 2_000;
/// Most characters of who sets one aside, as in the API.
const BY: usize = 200;

#[derive(Template)]
#[template(path = "ui/signals.html")]
struct SignalsTemplate {
    frame: Frame,
    filters: Filters,
    problem: Option<Problem>,
    signals: TableView,
    case: Option<Case>,
    said: &'static str,
}

/// The signals that the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    shown(&pages, &address, None).await
}

/// What the form of a signal sends.
#[derive(Debug, Deserialize)]
pub(super) struct Dismissal {
    id: String,
    #[serde(default)]
    by: String,
    /// What the page was asked for.
    #[serde(default)]
    back: String,
}

/// Sets a signal aside, and shows the page again.
pub(super) async fn dismiss(
    State(pages): State<Pages>,
    form: Result<Form<Dismissal>, FormRejection>,
) -> Response {
    let Ok(Form(told)) = form else { return message(Problem::bad_form()) };
    let address = Address::new("/signals", told.back.trim_start_matches('?'));
    let by = told.by.trim();
    if by.is_empty() || by.len() > BY {
        let problem = if by.is_empty() { Problem::nameless() } else { Problem::too_long("your name", BY) };
        return shown(&pages, &address, Some(problem)).await;
    }
    // The clock is read here, at the edge; below, time is a parameter.
    match pages.store.dismiss_signal(&told.id, by, Timestamp::now()).await {
        Ok(true) => {
            Redirect::to(&address.with(&[("signal", &told.id), ("said", "kept")], "signal")).into_response()
        }
        Ok(false) => message(Problem::gone()),
        Err(error) => failed(&error),
    }
}

fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "the page of the signals could not be made");
    message(Problem::failed())
}

/// The page, with what went wrong with a form on it.
async fn shown(pages: &Pages, address: &Address, problem: Option<Problem>) -> Response {
    let states = match address.get("state") {
        Some("dismissed") => vec![SignalState::Dismissed],
        Some("resolved") => vec![SignalState::Resolved],
        Some("all") => Vec::new(),
        _ => vec![SignalState::Open],
    };
    let rule = RULES.iter().find(|(key, _, _)| address.get("rule") == Some(key)).map(|(_, _, rule)| *rule);
    let filter = SignalFilter { states, rule, limit: LISTED, ..SignalFilter::default() };
    let (signals, case) = match (pages.store.signals(&filter).await, case(pages, address).await) {
        (Ok(signals), Ok(case)) => (signals, case),
        (Err(error), _) | (_, Err(error)) => return failed(&error),
    };
    let zone = pages.signals.zone();
    let mut table =
        signals_view::table(&signals, zone, |id| address.with(&[("signal", id), ("said", "")], "signal"));
    if let Some(file) = table.csv(address) {
        return file;
    }
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let template = SignalsTemplate {
        frame: Frame::at(Place::Signals),
        filters: Filters::new(signals_view::filters(), address),
        said: if problem.is_none() && address.get("said").is_some() { "Set aside." } else { "" },
        problem,
        signals: table.view(address),
        case,
    };
    page(status, &template)
}

/// The signal that the address names.
async fn case(pages: &Pages, address: &Address) -> Result<Option<Case>, StoreError> {
    let Some(id) = address.get("signal") else { return Ok(None) };
    let Some(signal) = pages.store.signal(id).await? else { return Ok(None) };
    let words = pages.signals.common_words(&signal.evidence).await?;
    Ok(Some(Case::new(signal, &words, pages.signals.zone(), address)))
}
