//! `GET /v1/audit/coverage` and `GET /v1/audit/articles`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfAudit};
use super::error::Problem;
use super::headers;
use super::query::{Moment, Params, csv_file};
use super::state::AppState;
use crate::audit::{Coverage, DEFAULT_TOP, Filter, Question, TroubleReport, Window};

/// Most categories that may be asked for.
const MOST_CATEGORIES: usize = 10_000;

/// Which tickets, and how to show it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct CoverageParams {
    /// Beginning of the window, a day or a time; 90 days before its end, if it is not given.
    #[param(value_type = Option<String>, example = "2026-08-01")]
    from: Option<Moment>,
    /// End of the window, not part of it; now, if it is not given.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    to: Option<Moment>,
    /// Only this category, or those whose path begins with it.
    category: Option<String>,
    /// Only tickets that came in so.
    channel: Option<String>,
    /// Only tickets of this organization.
    organization: Option<String>,
    /// Only tickets that went to this group of agents.
    agent_group: Option<String>,
    /// Categories to show, those with most tickets first, 1 to 10,000; 20, if it is not given.
    top: Option<usize>,
    /// Articles that have not changed since are outdated; 365 days before the end of the window, if it is not
    /// given (`audit.outdated_days`).
    #[param(value_type = Option<String>)]
    reviewed_since: Option<Moment>,
    /// `json`, `csv` (the categories) or `html` (a page that needs nothing else).
    #[param(inline)]
    format: Option<Face>,
}

/// How to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Face {
    /// As JSON.
    #[default]
    Json,
    /// As CSV.
    Csv,
    /// As a page.
    Html,
}

impl CoverageParams {
    pub(super) fn question(self, now: Timestamp) -> Result<Question, Problem> {
        let top = self.top.unwrap_or(DEFAULT_TOP);
        if !(1..=MOST_CATEGORIES).contains(&top) {
            return Err(Problem::field("top", format!("must be a whole number from 1 to {MOST_CATEGORIES}")));
        }
        let Self { category, channel, organization, agent_group, .. } = self;
        Ok(Question {
            window: window(self.from, self.to, now)?,
            filter: Filter { category, channel, organization, agent_group },
            top,
            reviewed_since: self.reviewed_since.map(|Moment(at)| at),
        })
    }

    pub(super) fn face(&self) -> Face {
        self.format.unwrap_or_default()
    }
}

fn window(from: Option<Moment>, to: Option<Moment>, now: Timestamp) -> Result<Window, Problem> {
    let to = to.map_or(now, |Moment(at)| at);
    Ok(match from {
        Some(Moment(from)) => Window::new(Some(from), to)?,
        None => Window::quarter_before(to),
    })
}

/// What the knowledge base covers
///
/// By category the share of tickets with an adequate article, and what is `missing`, `outdated` or
/// `not_resolving`, each with its evidence; which categories make up most of what is not answered; articles
/// with faults. It stands on the answers that tickets got when they were triaged and on what became of them, as
/// they were read at `as_of`, at most some minutes ago. The share is the mean m of the calibrated answer
/// confidence, its interval m ± t · s / √n with 95 % certainty. A flag needs enough tickets and enough certainty
/// (`[audit]` in the settings).
#[utoipa::path(
    get,
    path = "/v1/audit/coverage",
    operation_id = "auditCoverage",
    tag = "audit",
    params(CoverageParams),
    responses(
        (status = 200, description = "The report.",
         content((Coverage = "application/json"), (String = "text/csv"), (String = "text/html"))),
        OfAudit,
        OfAnswer
    )
)]
pub(super) async fn coverage(
    State(app): State<AppState>,
    Params(params): Params<CoverageParams>,
) -> Result<Response, Problem> {
    let (now, face) = (Timestamp::now(), params.face());
    let report = app.audits.coverage(params.question(now)?, now).await?;
    Ok(match face {
        Face::Json => Json(report).into_response(),
        Face::Csv => csv_file("coverage.csv", report.csv().into()),
        Face::Html => {
            let page = report.html().map_err(|error| Problem::new(super::Code::Internal).caused_by(error))?;
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            let policy = headers::of_report(&page);
            ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy)], page).into_response()
        }
    })
}

/// A window.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WindowParams {
    /// Beginning of the window, a day or a time; 90 days before its end, if it is not given.
    #[param(value_type = Option<String>, example = "2026-08-01")]
    from: Option<Moment>,
    /// End of the window, not part of it; now, if it is not given.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    to: Option<Moment>,
}

/// Articles in trouble
///
/// Never suggested in the window, often refused, expired, due for review, said twice, or contradicting each
/// other: of pairs that nearly say the same, sentences that differ only in their numbers or a negation. That is
/// a simple rule: two articles about two products may differ so rightly.
#[utoipa::path(
    get,
    path = "/v1/audit/articles",
    operation_id = "auditArticles",
    tag = "audit",
    params(WindowParams),
    responses((status = 200, description = "The articles.", body = TroubleReport), OfAudit, OfAnswer)
)]
pub(super) async fn articles(
    State(app): State<AppState>,
    Params(WindowParams { from, to }): Params<WindowParams>,
) -> Result<Json<TroubleReport>, Problem> {
    let now = Timestamp::now();
    Ok(Json(app.audits.articles(window(from, to, now)?, now).await?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::DEFAULT_DAYS;

    #[test]
    fn a_window_without_a_beginning_is_the_last_ninety_days() {
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let question = CoverageParams::default().question(now).unwrap();
        let from = question.window.from.unwrap();
        assert_eq!(now.duration_since(from).as_hours(), 24 * DEFAULT_DAYS);
        assert_eq!(question.top, DEFAULT_TOP);
    }
}
