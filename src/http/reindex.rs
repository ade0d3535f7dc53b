//! `POST /v1/articles/reindex`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::docs::OfAnswer;
use super::error::Problem;
use super::state::AppState;

/// The search index has been built anew.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reindexed {
    /// Articles that can be found by their words now: drafts and archived ones are not among them.
    articles: u64,
}

/// Build the search index anew
///
/// From the articles that are kept, beside the index in use: searches and changes go on, and the new index
/// takes its place at the end, with everything that was changed meanwhile. For when the index is suspected to
/// be damaged; otherwise it follows the articles by itself, and is built anew at a start where it has to be.
/// Some thousand articles take a second.
#[utoipa::path(
    post,
    path = "/v1/articles/reindex",
    operation_id = "rebuildIndex",
    tag = "articles",
    responses((status = 200, description = "It is in use.", body = Reindexed), OfAnswer)
)]
pub(super) async fn reindex(State(app): State<AppState>) -> Result<Json<Reindexed>, Problem> {
    let _place = app.admission.import()?;
    Ok(Json(Reindexed { articles: app.now().knowledge.rebuild_index().await? }))
}
