//! `GET /v1/audit/coverage` and `GET /v1/audit/articles`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfAudit};
use super::error::Problem;
use super::headers;
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
    #[param(example = "2026-08-01")]
    from: Option<String>,
    /// End of the window, not part of it; now, if it is not given.
    #[param(example = "2026-11-01")]
    to: Option<String>,
    /// Only this category, or those whose path begins with it.
    category: Option<String>,
    /// Only tickets that came in so.
    channel: Option<String>,
    /// Only tickets of this organization.
    organization: Option<String>,
    /// Only tickets that went to this group of agents.
    agent_group: Option<String>,
    /// Categories to show, those with most tickets first, 1 to 10,000; 20, if it is not given.
    #[param(value_type = Option<usize>)]
    top: Option<String>,
    /// Articles that have not changed since are outdated; 365 days before the end of the window, if it is not
    /// given (`audit.outdated_days`).
    reviewed_since: Option<String>,
    /// `json`, `csv` (the categories) or `html` (a page that needs nothing else).
    #[param(inline, value_type = Option<Face>)]
    format: Option<String>,
}

/// How to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "it stands in the documentation")]
pub(super) enum Face {
    /// As JSON.
    Json,
    /// As CSV.
    Csv,
    /// As a page.
    Html,
}

impl CoverageParams {
    pub(super) fn question(&self, now: Timestamp) -> Result<Question, Problem> {
        let to = moment("to", self.to.as_deref())?.unwrap_or(now);
        let window = match moment("from", self.from.as_deref())? {
            Some(from) => Window::new(Some(from), to)?,
            None => Window::quarter_before(to),
        };
        let top = match self.top.as_deref() {
            None => DEFAULT_TOP,
            Some(text) => {
                text.parse().ok().filter(|top| (1..=MOST_CATEGORIES).contains(top)).ok_or_else(|| {
                    Problem::field("top", format!("is no whole number from 1 to {MOST_CATEGORIES}"))
                })?
            }
        };
        Ok(Question {
            window,
            filter: Filter {
                category: given(&self.category),
                channel: given(&self.channel),
                organization: given(&self.organization),
                agent_group: given(&self.agent_group),
            },
            top,
            reviewed_since: moment("reviewed_since", self.reviewed_since.as_deref())?,
        })
    }

    pub(super) fn face(&self) -> Result<Face, Problem> {
        match self.format.as_deref() {
            None | Some("" | "json") => Ok(Face::Json),
            Some("csv") => Ok(Face::Csv),
            Some("html") => Ok(Face::Html),
            Some(_) => Err(Problem::field("format", "is not known; use one of `json`, `csv`, `html`")),
        }
    }
}

/// What a form leaves empty is not given.
fn given(value: &Option<String>) -> Option<String> {
    value.clone().filter(|value| !value.trim().is_empty())
}

/// A day (its beginning in UTC) or a time.
fn moment(field: &str, value: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = value.filter(|value| !value.trim().is_empty()) else { return Ok(None) };
    let day = || text.parse::<Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp());
    match text.parse::<Timestamp>().ok().or_else(day) {
        Some(at) => Ok(Some(at)),
        None => Err(Problem::field(
            field,
            "is no day such as 2026-08-01 and no time such as 2026-08-01T08:00:00Z",
        )),
    }
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
    params: Result<Query<CoverageParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let params = params.map_err(unknown_parameter)?.0;
    let (now, face) = (Timestamp::now(), params.face()?);
    let report = app.audits.coverage(params.question(now)?, now).await?;
    Ok(match face {
        Face::Json => Json(report).into_response(),
        Face::Csv => {
            let headers = [
                (CONTENT_TYPE, "text/csv; charset=utf-8"),
                (CONTENT_DISPOSITION, "attachment; filename=\"coverage.csv\""),
            ];
            (headers, report.csv()).into_response()
        }
        Face::Html => {
            let page = report.html().map_err(|error| Problem::new(super::Code::Internal).caused_by(error))?;
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            let policy = headers::of_report(&page);
            ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy)], page).into_response()
        }
    })
}

/// A window.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct WindowParams {
    /// Beginning of the window, a day or a time; 90 days before its end, if it is not given.
    #[param(example = "2026-08-01")]
    from: Option<String>,
    /// End of the window, not part of it; now, if it is not given.
    #[param(example = "2026-11-01")]
    to: Option<String>,
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
    params: Result<Query<WindowParams>, QueryRejection>,
) -> Result<Json<TroubleReport>, Problem> {
    let WindowParams { from, to } = params.map_err(unknown_parameter)?.0;
    let (now, params) = (Timestamp::now(), CoverageParams { from, to, ..CoverageParams::default() });
    Ok(Json(app.audits.articles(params.question(now)?.window, now).await?))
}

pub(super) fn unknown_parameter(rejection: QueryRejection) -> Problem {
    // The message names the field that is not known, and what is.
    let text = rejection.body_text();
    let text = text.trim_start_matches("Failed to deserialize query string: ");
    Problem::field("query", text)
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
