//! `/gaps`: what nothing answers, in groups, and what is done about it.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use garde::Validate as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::article_page::message;
use super::coverage_view;
use super::figures::Nothing;
use super::frame::{Frame, Place};
use super::gaps_view::{self, Case};
use super::model_view::Fact;
use super::problem::Problem;
use super::span;
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::audit::{AuditError, GapDecision, GapReport};
use crate::charts::Figure;

#[derive(Template)]
#[template(path = "ui/gaps.html")]
struct GapsTemplate {
    frame: Frame,
    filters: Filters,
    nothing: Option<String>,
    problem: Option<Problem>,
    time: String,
    facts: Vec<Fact>,
    groups: TableView,
    costs: Figure,
    case: Option<Case>,
    others: TableView,
    said: &'static str,
}

/// The groups that the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    // The clock is read here, at the edge; below, time is a parameter.
    shown(&pages, &address, None, Timestamp::now()).await
}

/// What the form below a group sends.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    id: String,
    state: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    article_id: String,
    /// What the page was asked for.
    #[serde(default)]
    back: String,
}

/// Keeps a decision about a group, and shows the page again.
pub(super) async fn decide(
    State(pages): State<Pages>,
    form: Result<Form<Decision>, FormRejection>,
) -> Response {
    let Ok(Form(told)) = form else { return message(Problem::bad_form()) };
    let now = Timestamp::now();
    let address = Address::new("/gaps", told.back.trim_start_matches('?'));
    let Some(state) = gaps_view::state(&told.state) else { return message(Problem::bad_form()) };
    let written = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let decision = GapDecision {
        state: Some(state),
        owner: written(&told.owner),
        article_id: written(&told.article_id),
    };
    if decision.validate().is_err() {
        return shown(&pages, &address, Some(Problem::too_long("owner", 200)), now).await;
    }
    match pages.audits.decide(&told.id, &decision, now).await {
        Ok(_) => Redirect::to(&address.with(&[("gap", &told.id), ("said", "kept")], "gap")).into_response(),
        Err(AuditError::NoSuchGap) => message(Problem::gone()),
        Err(AuditError::Incomplete { field, .. }) => {
            shown(&pages, &address, Some(Problem::incomplete(field)), now).await
        }
        Err(error) => {
            tracing::error!(%error, "a decision about a gap could not be kept");
            message(Problem::failed())
        }
    }
}

/// The page, with what went wrong with a form on it.
async fn shown(pages: &Pages, address: &Address, problem: Option<Problem>, now: Timestamp) -> Response {
    let question = match coverage_view::question(address, now) {
        Ok(question) => question,
        Err(words) => return respond(address, Err(Nothing::wrong(words)), problem),
    };
    let knowledge = pages.answering.now().knowledge;
    match pages.audits.gaps(&question, &knowledge, now).await {
        Ok(report) => respond(address, Ok(report), problem),
        Err(error) => match Nothing::of(&error) {
            Ok(nothing) => respond(address, Err(nothing), problem),
            Err(problem) => message(problem),
        },
    }
}

fn respond(address: &Address, report: Result<GapReport, Nothing>, problem: Option<Problem>) -> Response {
    let (report, nothing) = match report {
        Ok(report) if report.groups.is_empty() && report.others.is_empty() => {
            (None, Some(gaps_view::none(&report)))
        }
        Ok(report) => (Some(report), None),
        Err(nothing) => (None, Some(nothing)),
    };
    let report = report.as_ref();
    let mut groups = gaps_view::groups(report, address);
    let mut others = gaps_view::others(report, address);
    if let Some(file) = groups.csv(address).or_else(|| others.csv(address)) {
        return file;
    }
    let of_problem = problem.as_ref().map(|problem| problem.status);
    let of_nothing = nothing.as_ref().map(|nothing| nothing.status);
    let template = GapsTemplate {
        frame: Frame::at(Place::Gaps),
        filters: Filters::new([span::filters(), coverage_view::which()].concat(), address),
        nothing: nothing.map(|nothing| nothing.words),
        time: report.map_or_else(String::new, gaps_view::time),
        facts: report.map(gaps_view::facts).unwrap_or_default(),
        groups: groups.view(address),
        costs: gaps_view::costs(report),
        case: report.and_then(|report| gaps_view::case(report, address)),
        others: others.view(address),
        said: if problem.is_none() && address.get("said").is_some() { "Kept." } else { "" },
        problem,
    };
    page(of_problem.or(of_nothing).unwrap_or(StatusCode::OK), &template)
}
