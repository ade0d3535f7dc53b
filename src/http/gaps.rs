//! `GET /v1/audit/gaps` and `POST /v1/audit/gaps/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::audit::{CoverageParams, Face};
use super::docs::{OfAnswer, OfAudit, OfBody, OfGap, OfKeeping};
use super::error::Problem;
use super::id::Id;
use super::json::Valid;
use super::query::{Params, csv_file};
use super::state::AppState;
use crate::audit::{Decided, GapDecision, GapReport};

/// What nothing answers
///
/// Tickets without an adequate article, put together by what they mean: named by their telling words and a
/// typical ticket, ranked by cost (tickets × handling minutes × dissatisfaction), each with the outline of an
/// article taken from what solved them, and what people decided about it. A group keeps its id from run to run;
/// new ones are kept by this request. Of a published one `closure` shows what moved since. `top` and
/// `reviewed_since` mean nothing here.
#[utoipa::path(
    get,
    path = "/v1/audit/gaps",
    operation_id = "auditGaps",
    tag = "audit",
    params(CoverageParams),
    responses(
        (status = 200, description = "The groups.", content((GapReport = "application/json"), (String = "text/csv"))),
        OfAudit,
        OfAnswer,
        OfKeeping
    )
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Params(params): Params<CoverageParams>,
) -> Result<Response, Problem> {
    let (now, face) = (Timestamp::now(), params.face());
    if face == Face::Html {
        return Err(Problem::field("format", "is not known here; use `json` or `csv`"));
    }
    let report = app.audits.gaps(&params.question(now)?, &app.now().knowledge, now).await?;
    Ok(match face {
        Face::Csv => csv_file("gaps.csv", report.csv().into()),
        _ => Json(report).into_response(),
    })
}

/// Decide about a group
///
/// What is not given stays. `assigned` needs an owner, `published` an article that there is; from then on the
/// group shows what moved since. Nothing needs to have gone before: a group may be published at once.
#[utoipa::path(
    post,
    path = "/v1/audit/gaps/{id}",
    operation_id = "decideGap",
    tag = "audit",
    params(("id" = String, Path, description = "The group's id.", example = "gap-0c5a1f22b9")),
    request_body(content = GapDecision, examples(
        ("assign" = (summary = "Somebody writes an article", value = json!({"state": "assigned", "owner": "mira"}))),
        ("publish" = (summary = "The article is out", value = json!({"state": "published", "article_id": "vpn-drops"})))
    )),
    responses((status = 200, description = "It is kept.", body = Decided), OfGap, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn decide(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<GapDecision>,
) -> Result<Json<Decided>, Problem> {
    Ok(Json(app.audits.decide(&id, &request.value, Timestamp::now()).await?))
}
