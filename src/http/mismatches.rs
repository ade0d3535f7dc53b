//! `GET /v1/audit/mismatches`: whose labels are wrong.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::docs::{OfAnswer, OfParams};
use super::error::{Code, Problem};
use super::query::{Format, Moment, Params, csv_file};
use super::state::AppState;
use crate::audit::mismatches::{self, By, DEFAULT_LIMIT, Ledger, LedgerError, MAX_LIMIT, Question, Task};

/// Which tickets to compare, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LedgerParams {
    /// Tickets that came in at this time or later (RFC 3339, or a date); from the first, if it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Tickets that came in before this time; to the last, if it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Moment>,
    /// By whom or what to sum up; `submitter` if it is not given.
    by: Option<By>,
    /// Only this label; both, if it is not given.
    task: Option<Task>,
    /// Groups to show, 1 to 10,000, the worst first; 100 if it is not given.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
    /// `csv` gives the groups as a table, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// Sum up wrong labels
///
/// The submitted label against the predicted one and the one that agents settled on, by submitter, form or
/// channel, the most costly first. An under-prioritised P1 weighs most; `weights` has the whole table. A label
/// that is not settled yet counts half, and only where the model is sure of another one (`mismatch.flagged`).
/// Over a million tickets this takes a minute; `deskhand audit mismatches` does the same offline.
#[utoipa::path(
    get,
    path = "/v1/audit/mismatches",
    operation_id = "auditMismatches",
    tag = "audit",
    params(LedgerParams),
    responses(
        (status = 200, description = "The ledger.", content((Ledger = "application/json"), (String = "text/csv"))),
        OfParams,
        OfAnswer
    )
)]
pub(super) async fn ledger(
    State(app): State<AppState>,
    headers: HeaderMap,
    Params(params): Params<LedgerParams>,
) -> Result<Response, Problem> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::field("limit", format!("must be 1 to {MAX_LIMIT}")));
    }
    let _place = app.admission.audit()?;
    let labels = app.now().model.head("category").map(|head| head.spec().labels.iter().cloned().collect());
    let question = Question {
        from: params.from.map(|Moment(at)| at),
        to: params.to.map(|Moment(at)| at),
        by: params.by.unwrap_or_default(),
        task: params.task,
        limit,
        categories: labels.unwrap_or_else(BTreeSet::new),
        matrix: app.settings.triage.matrix.clone(),
    };
    let ledger = mismatches::ledger(&app.store, &question, &|_| ()).await?;
    if Format::wanted(params.format, &headers) == Format::Json {
        return Ok(Json(ledger).into_response());
    }
    let table = mismatches::csv(&ledger).map_err(|error| Problem::new(Code::Internal).caused_by(error))?;
    Ok(csv_file("mismatches.csv", table))
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::EmptyWindow => {
                Self::field("to", "must be later than from; the window holds no time")
            }
            LedgerError::Store(error) => error.into(),
        }
    }
}
