//! `/surveys`: how customers feel, and whom to call.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::article_page::message;
use super::figures::Nothing;
use super::follow_up_view::{self, Case};
use super::frame::{Frame, Place};
use super::model_view::Fact;
use super::problem::Problem;
use super::span::{self, Span};
use super::surveys_view::{self, Measure};
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::charts::Figure;
use crate::survey::{FollowUpQuery, Summary, Survey, SurveyDesk, SurveyError, SurveyQuery};

/// Surveys of a list at most; a page of the desk has 200.
const LISTED: usize = 1_000;
const PAGE: u32 = 200;

#[derive(Template)]
#[template(path = "ui/surveys.html")]
struct SurveysTemplate {
    frame: Frame,
    filters: Filters,
    nothing: Option<String>,
    problem: Option<Problem>,
    time: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    rolling: Figure,
    bars: Figure,
    groups: TableView,
    lowest: Vec<String>,
    few: String,
    list: TableView,
    cut: Option<String>,
    case: Option<Case>,
    /// What was just done.
    said: &'static str,
}

/// The figures and calls that the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    shown(&pages, &address, None, Timestamp::now()).await
}

/// The page, with what went wrong with a form on it.
pub(super) async fn shown(
    pages: &Pages,
    address: &Address,
    problem: Option<Problem>,
    now: Timestamp,
) -> Response {
    let desk = pages.answering.now().desk;
    let summary = match summed(pages, &desk, address, now).await {
        Ok(summary) => summary,
        Err(error) => return failed(&error),
    };
    let listed = match listed(&desk, address, now).await {
        Ok(listed) => listed,
        Err(error) => return failed(&error),
    };
    let chosen = address.get("follow_up").map(str::to_owned);
    let chosen = chosen.or_else(|| listed.surveys.first().map(|survey| survey.id.clone()));
    let case = match chosen {
        None => None,
        Some(id) => match desk.get(&id, now).await {
            Ok(survey) => survey,
            Err(error) => return failed(&error),
        },
    };
    respond(address, summary, listed, case, problem)
}

fn failed(error: &SurveyError) -> Response {
    tracing::error!(%error, "the page of the surveys could not be made");
    message(Problem::failed())
}

async fn summed(
    pages: &Pages,
    desk: &SurveyDesk,
    address: &Address,
    now: Timestamp,
) -> Result<Result<Arc<Summary>, Nothing>, SurveyError> {
    let window = Span::asked(address, now).and_then(surveys_view::window);
    let window = match window {
        Ok(window) => window,
        Err(words) => return Ok(Err(Nothing::wrong(words))),
    };
    let (filter, by) = (surveys_view::filter(address), surveys_view::by(address));
    let given = |name: &str| address.get(name).unwrap_or_default().to_owned();
    let name = format!("{:?}", (given("days"), given("from"), given("to"), &filter, by));
    let desk = desk.clone();
    let make = move || async move { desk.summary(window, &filter, by).await };
    pages.summaries.get(&name, now, make).await.map(Ok)
}

/// Surveys that ask for a call, or low ones, as the address says.
struct Listed {
    surveys: Vec<Survey>,
    /// Whether there are more.
    more: bool,
}

async fn listed(desk: &SurveyDesk, address: &Address, now: Timestamp) -> Result<Listed, SurveyError> {
    let (mut surveys, mut after) = (Vec::new(), None);
    let low = follow_up_view::lists_low(address);
    loop {
        let page = if low {
            let mut filter = surveys_view::filter(address);
            let span = Span::asked(address, now).ok();
            (filter.low, filter.from, filter.to) =
                (Some(true), span.and_then(|span| span.from), span.map(|span| span.to));
            let query = SurveyQuery { filter, follow_up: None, after, limit: PAGE };
            desk.list(&query, now).await?
        } else {
            let owner = address.get("owner").map(|owner| owner.trim().to_owned());
            let states = follow_up_view::states(address);
            desk.follow_ups(&FollowUpQuery { states, owner, after, limit: PAGE }, now).await?
        };
        // The place is our own, so it is a good one.
        let Ok(page) = page else { return Ok(Listed { surveys, more: false }) };
        surveys.extend(page.surveys);
        after = page.next;
        if after.is_none() || surveys.len() >= LISTED {
            return Ok(Listed { surveys, more: after.is_some() });
        }
    }
}

fn respond(
    address: &Address,
    summary: Result<Arc<Summary>, Nothing>,
    listed: Listed,
    case: Option<Survey>,
    problem: Option<Problem>,
) -> Response {
    let (summary, nothing) = match summary {
        Ok(summary) if summary.total.answers > 0 => (Some(summary), None),
        Ok(summary) => (Some(summary), Some(Nothing::found(surveys_view::NONE.to_owned()))),
        Err(nothing) => (None, Some(nothing)),
    };
    let mut groups = surveys_view::groups(summary.as_deref(), address);
    let mut list = follow_up_view::list(&listed.surveys, address);
    if let Some(file) = groups.csv(address).or_else(|| list.csv(address)) {
        return file;
    }
    let of_problem = problem.as_ref().map(|problem| problem.status);
    let of_nothing = nothing.as_ref().map(|nothing| nothing.status);
    let (summary, measure) = (summary.as_deref(), Measure::asked(address));
    let template = SurveysTemplate {
        frame: Frame::at(Place::Surveys),
        filters: Filters::new(
            [span::filters(), surveys_view::filters(), follow_up_view::filters()].concat(),
            address,
        ),
        nothing: nothing.map(|nothing| nothing.words),
        time: summary.map_or_else(String::new, surveys_view::time),
        facts: summary.map(surveys_view::facts).unwrap_or_default(),
        warnings: summary.map(surveys_view::warnings).unwrap_or_default(),
        rolling: surveys_view::rolling(summary, measure),
        bars: surveys_view::bars(summary, measure),
        groups: groups.view(address),
        lowest: summary.map(surveys_view::lowest).unwrap_or_default(),
        few: summary.map_or_else(String::new, surveys_view::few),
        list: list.view(address),
        cut: listed.more.then(|| format!("There are more than these {}.", listed.surveys.len())),
        said: if problem.is_none() && address.get("said").is_some() { "Kept." } else { "" },
        case: case.map(|survey| Case::new(survey, address)),
        problem,
    };
    page(of_problem.or(of_nothing).unwrap_or(StatusCode::OK), &template)
}
