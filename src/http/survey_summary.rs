//! `GET /v1/surveys/summary`: CSAT, NPS and sentiment by group and over time.

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
use crate::store::{SurveyFilter, SurveyGroup};
use crate::survey::{Summary, Window, table};

/// Which surveys to sum up, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SummaryParams {
    /// Beginning of the window (RFC 3339, or a date); 90 days before its end, if it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Its end, not part of it; now, if it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Moment>,
    /// By what to group; `category` if it is not given.
    by: Option<SurveyGroup>,
    /// `csv` gives the groups as a table, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
    /// Only of this category, or of those below it.
    category: Option<String>,
    /// Only of this group of agents.
    agent_group: Option<String>,
    /// Only of this organization.
    organization: Option<String>,
    /// Only of this channel.
    channel: Option<String>,
}

/// Sum up surveys
///
/// Every figure comes with the number of answers that it stands on and a 95 % interval; without answers it is
/// null, never 0. The three lowest are named only among groups with enough ratings (`surveys.min_answers`).
#[utoipa::path(
    get,
    path = "/v1/surveys/summary",
    operation_id = "sumUpSurveys",
    tag = "surveys",
    params(SummaryParams),
    responses(
        (status = 200, description = "The figures.", content((Summary = "application/json"), (String = "text/csv"))),
        OfParams,
        OfAnswer
    )
)]
pub(super) async fn summary(
    State(app): State<AppState>,
    headers: HeaderMap,
    Params(params): Params<SummaryParams>,
) -> Result<Response, Problem> {
    let to = params.to.map_or_else(Timestamp::now, |Moment(to)| to);
    let window = Window::new(params.from.map(|Moment(from)| from), to)
        .map_err(|error| Problem::field("to", error.to_string()))?;
    let filter = SurveyFilter {
        category: params.category,
        agent_group: params.agent_group,
        organization: params.organization,
        channel: params.channel,
        ..SurveyFilter::default()
    };
    let summary = app.now().desk.summary(window, &filter, params.by.unwrap_or_default()).await?;
    if Format::wanted(params.format, &headers) == Format::Json {
        return Ok(Json(summary).into_response());
    }
    let table = table::csv(&summary).map_err(|error| Problem::new(Code::Internal).caused_by(error))?;
    Ok(csv_file("surveys.csv", table))
}
