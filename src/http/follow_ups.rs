//! `POST /v1/surveys/{id}/follow-up` and `GET /v1/follow-ups`: the call after a low score.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfBody, OfKeeping, OfParams, OfSurvey};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::query::{Params, Words};
use super::state::AppState;
use super::surveys::{limit, parameter};
use crate::store::{ContactOutcome, FollowUpChange, FollowUpState, RootCause};
use crate::survey::{FollowUpQuery, Survey, SurveyPage};

/// How far another computer's clock may run ahead of this one's.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// What changes in a follow-up. What is not given stays; null takes it away (RFC 7396).
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct FollowUpBody {
    /// Who calls.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    #[garde(inner(inner(length(min = 1, max = 200))))]
    owner: Option<Option<String>>,
    /// When the customer was called; now, where an outcome is given without it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    contacted_at: Option<Option<Timestamp>>,
    /// What came of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ContactOutcome>)]
    outcome: Option<Option<ContactOutcome>>,
    /// Why the score was low.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<RootCause>)]
    root_cause: Option<Option<RootCause>>,
    /// Free words, up to 5,000 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 5_000)]
    #[garde(inner(inner(length(chars, min = 1, max = 5_000))))]
    note: Option<Option<String>>,
    /// Whether it is done. True again keeps the first time; false opens it again.
    closed: Option<bool>,
}

/// A field that is there, if only as null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The survey with its follow-up as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FollowUpChanged {
    /// The survey.
    survey: Survey,
    /// What is missing.
    warnings: Vec<String>,
}

/// Tell of a follow-up
///
/// Who calls, what came of the call, why the score was low, and when it is done: piece by piece, in any order.
/// A survey without a follow-up gets one, due 48 hours from now (`surveys.follow_up_hours`).
#[utoipa::path(
    post,
    path = "/v1/surveys/{id}/follow-up",
    operation_id = "changeFollowUp",
    tag = "surveys",
    params(("id" = String, Path, description = "The survey's own id; a / in it is written as %2F.", example = "s-1")),
    request_body(content = FollowUpBody, examples(
        ("owner" = (summary = "Somebody takes it", value = json!({"owner": "kim"}))),
        ("done" = (summary = "The customer was called", value = json!({
            "contacted_at": "2026-11-22T08:15:00Z", "outcome": "reached", "root_cause": "communicative",
            "note": "Nobody had told her that the part was on order.", "closed": true
        }))),
        ("again" = (summary = "It was closed too early", value = json!({"closed": false})))
    )),
    responses((status = 200, description = "It is kept.", body = FollowUpChanged), OfSurvey, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn change(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<FollowUpBody>,
) -> Result<Json<FollowUpChanged>, Problem> {
    let Valid { value, place: _place, .. } = request;
    let now = Timestamp::now();
    if value.contacted_at.flatten().is_some_and(|at| at.duration_since(now) > CLOCKS_DIFFER) {
        let message = "lies in the future; give when the customer was called, or nothing for now";
        return Err(Problem::field("/contacted_at", message));
    }
    let change = FollowUpChange {
        owner: value.owner,
        contacted_at: value.contacted_at.map(|at| at.map(|at| at.min(now))),
        outcome: value.outcome,
        root_cause: value.root_cause,
        note: value.note,
        closed: value.closed,
    };
    let survey = app.now().desk.follow_up(&id, &change, now).await?;
    let survey = survey.ok_or_else(|| Problem::new(Code::SurveyNotFound))?;
    let warnings = missing(&survey);
    Ok(Json(FollowUpChanged { survey, warnings }))
}

/// What a closed follow-up does not say.
fn missing(survey: &Survey) -> Vec<String> {
    let Some(closed) = survey.follow_up.as_ref().filter(|follow_up| follow_up.closed_at.is_some()) else {
        return Vec::new();
    };
    let parts = [
        (
            closed.contact.outcome.is_none(),
            "outcome is not given: nobody can tell whether the customer was called",
        ),
        (closed.contact.root_cause.is_none(), "root_cause is not given: this score teaches nothing"),
    ];
    parts.into_iter().filter(|(missing, _)| *missing).map(|(_, told)| format!("closed, but {told}")).collect()
}

/// Which follow-ups to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FollowUpParams {
    /// `open`, `due_soon`, `overdue`, `contacted`, `closed`, or several with commas between them; all that are
    /// not closed, if it is not given.
    #[param(value_type = Option<String>, example = "overdue,due_soon")]
    state: Option<Words<FollowUpState>>,
    /// Of whom.
    owner: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Follow-ups of a page, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// List follow-ups
///
/// With their surveys, those due soonest first. `reminder` is true from 12 hours before the due time
/// (`surveys.reminder_hours`) until the customer was reached or declined, or it is closed.
#[utoipa::path(
    get,
    path = "/v1/follow-ups",
    operation_id = "listFollowUps",
    tag = "surveys",
    params(FollowUpParams),
    responses((status = 200, description = "A page of them.", body = SurveyPage), OfParams, OfAnswer)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Params(params): Params<FollowUpParams>,
) -> Result<Json<SurveyPage>, Problem> {
    let query = FollowUpQuery {
        states: params.state.map(|Words(states)| states).unwrap_or_default(),
        owner: params.owner,
        after: params.after,
        limit: limit(params.limit)?,
    };
    app.now().desk.follow_ups(&query, Timestamp::now()).await?.map(Json).map_err(parameter)
}
