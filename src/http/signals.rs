//! `GET /v1/signals` and `POST /v1/signals/{id}/dismiss`: customers at risk, and what to do about it.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfBody, OfKeeping, OfParams, OfSignal};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::query::{Params, Words};
use super::state::AppState;
use super::surveys::limit;
use crate::signals::{Checker, sentence};
use crate::store::{
    Evidence, SignalFilter, SignalPlace, SignalRecord, SignalRule, SignalState, Subject, SubjectKind,
};

/// A signal as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signal)]
pub(super) struct SignalView {
    /// Its own id.
    #[schema(example = "0d9c5b1f6a7e4c3f8b2a1d0e9f8c7b6a")]
    id: String,
    /// Which rule raised it.
    rule: SignalRule,
    /// About whom or what.
    subject: Subject,
    /// Where it stands.
    state: SignalState,
    /// When it was raised.
    #[schema(value_type = String, format = DateTime)]
    raised_at: Timestamp,
    /// Since when it no longer holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    /// When somebody set it aside.
    #[schema(value_type = Option<String>, format = DateTime)]
    dismissed_at: Option<Timestamp>,
    /// Who.
    dismissed_by: Option<String>,
    /// The grounds in a sentence, with times of the site's time zone.
    #[schema(example = "The last 2 scores were low, the latest on 2026-11-21 09:40.")]
    told: String,
    /// The grounds.
    evidence: Evidence,
    /// Of an incident: words that at least half of its tickets have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
}

impl SignalView {
    pub(super) async fn of(signal: SignalRecord, checker: &Checker) -> Result<Self, Problem> {
        let words = match signal.rule {
            SignalRule::IncidentSuspected => checker.common_words(&signal.evidence).await?,
            _ => Vec::new(),
        };
        Ok(Self {
            state: signal.state(),
            told: sentence(signal.rule, &signal.evidence, checker.zone()),
            id: signal.id,
            rule: signal.rule,
            subject: signal.subject,
            raised_at: signal.raised_at,
            resolved_at: signal.resolved_at,
            dismissed_at: signal.dismissed_at,
            dismissed_by: signal.dismissed_by,
            evidence: signal.evidence,
            words,
        })
    }
}

/// Signals, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignalPage {
    /// As many as were asked for at most.
    signals: Vec<SignalView>,
    /// What to give as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which signals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SignalParams {
    /// `open`, `dismissed`, `resolved`, or several with commas between them; `open`, if it is not given.
    #[param(value_type = Option<String>, example = "open")]
    state: Option<Words<SignalState>>,
    /// Of this rule.
    #[param(inline)]
    rule: Option<SignalRule>,
    /// About a `ticket`, `requester`, `organization` or `incident`.
    #[param(inline)]
    subject_kind: Option<SubjectKind>,
    /// About the one with this id.
    subject_id: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Signals of a page, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// List signals
///
/// That a customer may be lost, that an agreed time may be missed, or that many similar tickets may be one
/// incident. Each is raised once and stays until it no longer holds; who sets it aside sees it again only if it
/// has ceased and come back. Rules and thresholds are in the settings (`signals`).
#[utoipa::path(
    get,
    path = "/v1/signals",
    operation_id = "listSignals",
    tag = "signals",
    params(SignalParams),
    responses((status = 200, description = "A page of them.", body = SignalPage), OfParams, OfAnswer)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Params(params): Params<SignalParams>,
) -> Result<Json<SignalPage>, Problem> {
    let limit = limit(params.limit)?;
    let before = params.after.as_deref().map(place).transpose()?;
    let filter = SignalFilter {
        states: params.state.map_or_else(|| vec![SignalState::Open], |Words(states)| states),
        rule: params.rule,
        kind: params.subject_kind,
        subject_id: params.subject_id,
        before,
        limit: limit + 1,
    };
    let mut found = app.store.signals(&filter).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next = last.map(|last| format!("{}/{}", last.raised_at, last.id));
    let mut signals = Vec::with_capacity(found.len());
    for signal in found {
        signals.push(SignalView::of(signal, &app.signals).await?);
    }
    Ok(Json(SignalPage { signals, next }))
}

/// Where a page goes on, as `next` wrote it.
fn place(after: &str) -> Result<SignalPlace, Problem> {
    let read = || {
        let (at, id) = after.split_once('/')?;
        Some(SignalPlace { raised_at: at.parse().ok()?, id: id.to_owned() })
    };
    let message = "is no place in the list; give what `next` of the page before says";
    read().ok_or_else(|| Problem::field("after", message))
}

/// Who sets a signal aside.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DismissBody {
    /// Who.
    #[garde(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "kim")]
    by: String,
}

/// Set a signal aside
///
/// It is no longer open while it goes on to hold. The first who sets it aside is kept.
#[utoipa::path(
    post,
    path = "/v1/signals/{id}/dismiss",
    operation_id = "dismissSignal",
    tag = "signals",
    params(("id" = String, Path, description = "The signal's id.", example = "0d9c5b1f6a7e4c3f8b2a1d0e9f8c7b6a")),
    request_body(content = DismissBody, example = json!({"by": "kim"})),
    responses((status = 200, description = "It is set aside.", body = SignalView), OfSignal, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn dismiss(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<DismissBody>,
) -> Result<Json<SignalView>, Problem> {
    let Valid { value, place: _place, .. } = request;
    if !app.store.dismiss_signal(&id, &value.by, Timestamp::now()).await? {
        return Err(Problem::new(Code::SignalNotFound));
    }
    let signal = app.store.signal(&id).await?.ok_or_else(|| Problem::new(Code::SignalNotFound))?;
    SignalView::of(signal, &app.signals).await.map(Json)
}
