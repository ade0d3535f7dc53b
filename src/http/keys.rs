//! `GET|POST /v1/keys` and `DELETE /v1/keys/{id}`: keys of programs.

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfBody, OfKeeping, OfKey};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::state::AppState;
use crate::access::{KeyError, NewKey};
use crate::config::Scope;
use crate::store::KeyRecord;

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyShown {
    /// Its public part.
    #[schema(example = "5f0c6ad1e2b3")]
    id: String,
    /// What it is for.
    #[schema(example = "helpdesk")]
    name: String,
    /// What it may ask for.
    scopes: Vec<Scope>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From then on it opens nothing.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<KeyRecord> for KeyShown {
    fn from(key: KeyRecord) -> Self {
        let KeyRecord { id, name, scopes, created_at, expires_at, revoked_at, last_used_at, hash: _ } = key;
        Self { id, name, scopes, created_at, expires_at, revoked_at, last_used_at }
    }
}

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    /// Oldest first, with those that were taken back.
    keys: Vec<KeyShown>,
}

/// List the keys
///
/// With those that have expired or were taken back. No secret is among them: none is kept.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "listKeys",
    tag = "access",
    responses((status = 200, description = "The keys.", body = Keys), OfAnswer)
)]
pub(super) async fn list(State(app): State<AppState>) -> Result<Json<Keys>, Problem> {
    let keys = app.access.keys().await?;
    Ok(Json(Keys { keys: keys.into_iter().map(KeyShown::from).collect() }))
}

/// A key to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct KeyBody {
    /// What it is for, 1 to 100 characters.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "helpdesk")]
    name: String,
    /// What it may ask for; `admin` is everything.
    #[garde(length(min = 1, max = 7))]
    scopes: Vec<Scope>,
    /// From then on it opens nothing (RFC 3339); never, where it is not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyMade {
    /// The key itself. It is shown this once and kept nowhere.
    #[schema(example = "dh_5f0c6ad1e2b3_…")]
    key: String,
    /// What is kept of it.
    #[serde(flatten)]
    shown: KeyShown,
}

/// Make a key
///
/// Several may live at once: to change one, make the next, put it in its place, and take the former back.
#[utoipa::path(
    post,
    path = "/v1/keys",
    operation_id = "createKey",
    tag = "access",
    request_body(content = KeyBody, example = json!({"name": "helpdesk", "scopes": ["triage", "suggest-agent"]})),
    responses((status = 200, description = "The key.", body = KeyMade), OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn create(
    State(app): State<AppState>,
    request: Valid<KeyBody>,
) -> Result<Json<KeyMade>, Problem> {
    let KeyBody { name, scopes, expires_at } = request.value;
    let now = Timestamp::now();
    if expires_at.is_some_and(|expires| expires <= now) {
        return Err(Problem::field("/expires_at", "is over already; give a time to come"));
    }
    let (key, record) = app.access.create_key(NewKey { name, scopes, expires_at }, now).await?;
    Ok(Json(KeyMade { key: key.expose(), shown: record.into() }))
}

/// A key that was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyRevoked {
    /// Its public part.
    id: String,
}

/// Take a key back
///
/// From the next request on it opens nothing. It stays in the list.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    operation_id = "revokeKey",
    tag = "access",
    params(("id" = String, Path, description = "The key's public part.", example = "5f0c6ad1e2b3")),
    responses((status = 200, description = "It opens nothing any more.", body = KeyRevoked), OfKey, OfAnswer, OfKeeping)
)]
pub(super) async fn revoke(State(app): State<AppState>, Id(id): Id) -> Result<Json<KeyRevoked>, Problem> {
    if app.access.revoke_key(&id, Timestamp::now()).await? {
        Ok(Json(KeyRevoked { id }))
    } else {
        Err(Problem::new(Code::KeyNotFound))
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            KeyError::NoChance(error) => Self::new(Code::Internal).caused_by(error),
        }
    }
}
