//! `GET|POST /v1/users`, `PATCH|DELETE /v1/users/{name}`: people who sign in to the pages.

use std::fmt;

use axum::Json;
use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::docs::{OfAnswer, OfBody, OfKeeping, OfNewUser, OfUser};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::state::AppState;
use crate::access::{PasswordError, UserError};
use crate::config::Role;
use crate::store::UserRecord;

/// A user, without the password.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserShown {
    /// The name to sign in with.
    #[schema(example = "mira")]
    name: String,
    /// What they are here for.
    role: Role,
    /// When they were added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<UserRecord> for UserShown {
    fn from(user: UserRecord) -> Self {
        Self { name: user.name, role: user.role, created_at: user.created_at }
    }
}

/// All users.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Users {
    /// By name.
    users: Vec<UserShown>,
}

/// A password on its way to its hash: never shown.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub(super) struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// List the users
#[utoipa::path(
    get,
    path = "/v1/users",
    operation_id = "listUsers",
    tag = "access",
    responses((status = 200, description = "The users.", body = Users), OfAnswer)
)]
pub(super) async fn list(State(app): State<AppState>) -> Result<Json<Users>, Problem> {
    let users = app.access.users().await?;
    Ok(Json(Users { users: users.into_iter().map(UserShown::from).collect() }))
}

/// A user to be added.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct NewUser {
    /// The name to sign in with: 1 to 100 letters, digits and any of `. _ @ -`; kept in small letters.
    #[schema(example = "mira")]
    name: String,
    /// 12 characters at least.
    password: Password,
    /// What they are here for.
    role: Role,
}

/// Add a user
#[utoipa::path(
    post,
    path = "/v1/users",
    operation_id = "addUser",
    tag = "access",
    request_body(content = NewUser, example = json!({"name": "mira", "password": "some words with spaces", "role": "agent"})),
    responses((status = 200, description = "The user.", body = UserShown), OfNewUser, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn add(
    State(app): State<AppState>,
    request: Valid<NewUser>,
) -> Result<Json<UserShown>, Problem> {
    let NewUser { name, password, role } = request.value;
    let user = app.access.add_user(&name, &password.0, role, Timestamp::now()).await?;
    Ok(Json(user.into()))
}

/// What changes of a user; what is not given stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(super) struct UserChange {
    /// 12 characters at least.
    password: Option<Password>,
    /// What they are here for.
    role: Option<Role>,
}

/// Change a user
///
/// Gives another password, another role, or both. All their sign-ins end.
#[utoipa::path(
    patch,
    path = "/v1/users/{name}",
    operation_id = "changeUser",
    tag = "access",
    params(("name" = String, Path, description = "The user's name.", example = "mira")),
    request_body(content = UserChange, example = json!({"role": "owner"})),
    responses((status = 200, description = "The user.", body = UserShown), OfUser, OfBody, OfAnswer, OfKeeping)
)]
pub(super) async fn change(
    State(app): State<AppState>,
    Id(name): Id,
    request: Valid<UserChange>,
) -> Result<Json<UserShown>, Problem> {
    let UserChange { password, role } = request.value;
    let password = password.as_ref().map(|password| password.0.as_str());
    Ok(Json(app.access.change_user(&name, password, role).await?.into()))
}

/// A user who was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserRemoved {
    /// Their name.
    name: String,
}

/// Remove a user
///
/// All their sign-ins end.
#[utoipa::path(
    delete,
    path = "/v1/users/{name}",
    operation_id = "removeUser",
    tag = "access",
    params(("name" = String, Path, description = "The user's name.", example = "mira")),
    responses((status = 200, description = "There is no such user any more.", body = UserRemoved), OfUser, OfAnswer, OfKeeping)
)]
pub(super) async fn remove(State(app): State<AppState>, Id(name): Id) -> Result<Json<UserRemoved>, Problem> {
    app.access.remove_user(&name).await?;
    Ok(Json(UserRemoved { name }))
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Name(_) => Self::field(
                "/name",
                "must have 1 to 100 letters, digits and any of . _ @ -, and nothing else",
            ),
            UserError::Taken(_) => Self::new(Code::UserExists),
            UserError::Unknown(_) => Self::new(Code::UserNotFound),
            UserError::Password(error @ (PasswordError::Short | PasswordError::Long)) => {
                Self::field("/password", error.to_string())
            }
            UserError::Password(error) => Self::new(Code::Internal).caused_by(error),
            UserError::NoChance(error) => Self::new(Code::Internal).caused_by(error),
            UserError::Store(error) => error.into(),
        }
    }
}
