//! `GET /v1/audit/performance`: the figures of the trade.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::docs::{OfAnswer, OfParams};
use super::error::{Code, Problem};
use super::query::{Format, Moment, Params, csv_file};
use super::state::AppState;
use crate::audit::performance::{self, By, Performance, PerformanceError, Question};

/// Which tickets, and by what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PerformanceParams {
    /// Tickets that came in at this time or later (RFC 3339, or a date); 90 days before `to`, if it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Tickets that came in before this time; now, if it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Moment>,
    /// By what to sum up; `category` if it is not given.
    by: Option<By>,
    /// `csv` gives the groups as a table, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// Sum up how the desk does
///
/// FRT, MTTR, FCR, SLA adherence, reopen and escalation rate of the tickets that came in within the window, in all,
/// by week, and by group; deflection, CSAT and NPS of the same time. `definitions` says how each is counted. What
/// the site does not tell (`POST /v1/tickets/{id}/events`, `/outcome`) is not known, and null, never 0.
#[utoipa::path(
    get,
    path = "/v1/audit/performance",
    operation_id = "auditPerformance",
    tag = "audit",
    params(PerformanceParams),
    responses(
        (status = 200, description = "The figures.",
         content((Performance = "application/json"), (String = "text/csv"))),
        OfParams,
        OfAnswer
    )
)]
pub(super) async fn report(
    State(app): State<AppState>,
    headers: HeaderMap,
    Params(params): Params<PerformanceParams>,
) -> Result<Response, Problem> {
    let _place = app.admission.audit()?;
    let now = Timestamp::now();
    let question = Question {
        from: params.from.map(|Moment(at)| at),
        to: params.to.map_or(now, |Moment(at)| at),
        by: params.by.unwrap_or_default(),
    };
    let report = performance::performance(&app.store, &question, now).await?;
    if Format::wanted(params.format, &headers) == Format::Json {
        return Ok(Json(report).into_response());
    }
    let table = performance::csv(&report).map_err(|error| Problem::new(Code::Internal).caused_by(error))?;
    Ok(csv_file("performance.csv", table))
}

impl From<PerformanceError> for Problem {
    fn from(error: PerformanceError) -> Self {
        match error {
            PerformanceError::Window(error) => Self::field("to", error.to_string()),
            PerformanceError::Store(error) => error.into(),
        }
    }
}
