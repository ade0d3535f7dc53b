//! `/performance`: how the desk does, by the figures of the trade.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};

use super::article_page::message;
use super::figures::Nothing;
use super::frame::{Frame, Place};
use super::model_view::Fact;
use super::performance_view;
use super::problem::Problem;
use super::span::{self, Span};
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::audit::performance::{Definition, Performance, PerformanceError, Question, performance};
use crate::charts::Figure;
use crate::survey::MAX_WINDOW_DAYS;

#[derive(Template)]
#[template(path = "ui/performance.html")]
struct PerformanceTemplate {
    frame: Frame,
    filters: Filters,
    nothing: Option<String>,
    time: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    pictures: [Figure; 2],
    groups: TableView,
    definitions: Vec<Definition>,
}

/// The figures of the time that the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    // The clock is read here, at the edge; below, time is a parameter.
    let now = Timestamp::now();
    let span = match Span::asked(&address, now) {
        Ok(span) => span,
        Err(words) => return respond(&address, String::new(), Err(Nothing::wrong(words))),
    };
    let by = performance_view::by(&address);
    let longest = SignedDuration::from_hours(24 * MAX_WINDOW_DAYS);
    let from = span.from.unwrap_or_else(|| span.to.saturating_sub(longest).unwrap_or(Timestamp::MIN));
    let question = Question { from: Some(from), to: span.to, by };
    let given = |name: &str| address.get(name).unwrap_or_default().to_owned();
    let name = format!("{:?}", (given("days"), given("from"), given("to"), by));
    let store = pages.store.clone();
    let make = move || async move { performance(&store, &question, now).await };
    match pages.performances.get(&name, now, make).await {
        Ok(report) => respond(&address, span.words(), Ok(report)),
        Err(PerformanceError::Window(error)) => {
            let words = format!("The end {error}.");
            respond(&address, String::new(), Err(Nothing::wrong(words)))
        }
        Err(error) => {
            tracing::error!(%error, "the page of the desk's figures could not be made");
            message(Problem::failed())
        }
    }
}

fn respond(address: &Address, time: String, report: Result<Arc<Performance>, Nothing>) -> Response {
    let (report, nothing) = match report {
        Ok(report) if report.total.tickets == 0 => {
            (None, Some(Nothing::found(performance_view::NONE.to_owned())))
        }
        Ok(report) => (Some(report), None),
        Err(nothing) => (None, Some(nothing)),
    };
    let report = report.as_deref();
    let mut groups = performance_view::groups(report);
    if let Some(file) = groups.csv(address) {
        return file;
    }
    let status = nothing.as_ref().map_or(StatusCode::OK, |nothing| nothing.status);
    let template = PerformanceTemplate {
        frame: Frame::at(Place::Performance),
        filters: Filters::new([span::filters(), performance_view::filters()].concat(), address),
        nothing: nothing.map(|nothing| nothing.words),
        time: format!("Tickets that came in {time}."),
        facts: report.map(performance_view::facts).unwrap_or_default(),
        warnings: report.map(performance_view::warnings).unwrap_or_default(),
        pictures: performance_view::pictures(report),
        groups: groups.view(address),
        definitions: report.map(|report| report.definitions.clone()).unwrap_or_default(),
    };
    page(status, &template)
}
