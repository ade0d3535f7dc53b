//! `/coverage`: what the tickets ask for, and what share of it the articles answer.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;

use super::article_page::message;
use super::coverage_view::{self, FlagView};
use super::figures::Nothing;
use super::frame::{Frame, Place};
use super::model_view::Fact;
use super::span;
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::audit::TroubleReport;
use crate::charts::Figure;

#[derive(Template)]
#[template(path = "ui/coverage.html")]
struct CoverageTemplate {
    frame: Frame,
    filters: Filters,
    /// Why there is nothing to show, if so; then the rest is not shown.
    nothing: Option<String>,
    time: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    categories: TableView,
    adequate: Figure,
    pareto: Figure,
    flags: Vec<FlagView>,
    no_flags: &'static str,
    articles: TableView,
    /// Where all articles are looked through, if they are not yet.
    look_through: Option<String>,
}

/// The audit of the time that the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    // The clock is read here, at the edge; below, time is a parameter.
    let now = Timestamp::now();
    let question = coverage_view::question(&address, now);
    let report = match &question {
        Ok(question) => pages.audits.coverage(question.clone(), now).await,
        Err(words) => return respond(&address, Err(Nothing::wrong(words.clone())), None),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => match Nothing::of(&error) {
            Ok(nothing) => return respond(&address, Err(nothing), None),
            Err(problem) => return message(problem),
        },
    };
    let trouble = if coverage_view::all_articles(&address) {
        match pages.audits.articles(report.window, now).await {
            Ok(trouble) => Some(trouble),
            Err(error) => match Nothing::of(&error) {
                Ok(_) => None,
                Err(problem) => return message(problem),
            },
        }
    } else {
        None
    };
    respond(&address, Ok(report), trouble)
}

fn respond(
    address: &Address,
    report: Result<crate::audit::Coverage, Nothing>,
    trouble: Option<TroubleReport>,
) -> Response {
    let (report, nothing) = match report {
        Ok(report) => (Some(report), None),
        Err(nothing) => (None, Some(nothing)),
    };
    let (report, status) =
        (report.as_ref(), nothing.as_ref().map_or(axum::http::StatusCode::OK, |n| n.status));
    let mut categories = coverage_view::categories(report, address);
    let mut articles = coverage_view::articles(report, trouble.as_ref());
    if let Some(file) = categories.csv(address).or_else(|| articles.csv(address)) {
        return file;
    }
    let all = coverage_view::all_articles(address);
    let template = CoverageTemplate {
        frame: Frame::at(Place::Coverage),
        filters: Filters::new([span::filters(), coverage_view::filters()].concat(), address),
        nothing: nothing.map(|nothing| nothing.words),
        time: report.map_or_else(String::new, coverage_view::time),
        facts: report.map(coverage_view::facts).unwrap_or_default(),
        warnings: report.map(coverage_view::warnings).unwrap_or_default(),
        categories: categories.view(address),
        adequate: coverage_view::adequate(report),
        pareto: coverage_view::pareto(report),
        flags: report.map(coverage_view::flags).unwrap_or_default(),
        no_flags: report.map_or("", coverage_view::no_flags),
        articles: articles.view(address),
        look_through: (!all).then(|| address.with(&[("articles", "all")], "articles")),
    };
    page(status, &template)
}
