//! `POST /v1/replies/classify`: whether a reply to a closed ticket needs anything.

use std::collections::BTreeMap;

use axum::Json;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfBody};
use super::error::Problem;
use super::json::Valid;
use crate::text::Format;
use crate::text::reply::{ReplyKind, classify};

/// A reply to a closed ticket.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct ReplyBody {
    /// What came in; the mail that it answers may stand below.
    #[garde(length(chars, max = 200_000))]
    text: String,
    /// How `text` is written.
    #[serde(default)]
    format: Format,
    /// Headers of the mail, as far as they are known: `Auto-Submitted` tells an automatic reply for sure.
    #[serde(default)]
    #[garde(length(max = 200))]
    #[schema(example = json!({"Auto-Submitted": "no"}))]
    headers: BTreeMap<String, String>,
}

/// What the reply is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplyAnswer {
    /// What it is.
    kind: ReplyKind,
    /// Whether the ticket has to be opened again for it.
    needs_reopen: bool,
}

/// Tell whether a reply needs anything
///
/// A reply to a closed ticket that only says thanks, or a notice that somebody is away, need not open it again.
/// Read by rules, in English, German, French and Spanish: whatever asks, denies, objects or tells of something
/// new is `other`, and so is what is not understood. Nothing is kept.
#[utoipa::path(
    post,
    path = "/v1/replies/classify",
    operation_id = "classifyReply",
    tag = "signals",
    request_body(content = ReplyBody, example = json!({"text": "Thanks a lot, works now."})),
    responses((status = 200, description = "What it is.", body = ReplyAnswer), OfBody, OfAnswer)
)]
pub(super) async fn classify_reply(request: Valid<ReplyBody>) -> Result<Json<ReplyAnswer>, Problem> {
    let Valid { value, place: _place, .. } = request;
    let headers = value.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let kind = classify(&value.text, value.format, headers);
    Ok(Json(ReplyAnswer { kind, needs_reopen: kind.needs_reopen() }))
}
