//! `PUT`, `GET` and `DELETE /v1/configuration-items/{id}`, and the list of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::docs::{OfAnswer, OfBody, OfItem, OfKeeping, OfParams};
use super::error::{Code, Problem};
use super::id::Id;
use super::json::Valid;
use super::query::Params;
use super::state::AppState;
use crate::inventory::{InventoryError, NewItem};
use crate::store::ConfigurationItem;

/// Items of a page unless the request says otherwise.
const PAGE: u32 = 100;

/// Keep a configuration item
///
/// In place of the one with the same id, if there is one. The next ticket is looked through for it: its name, its
/// aliases and its asset tags, by whole words; `configuration_items` of the answer says which it names, and where.
#[utoipa::path(
    put,
    path = "/v1/configuration-items/{id}",
    operation_id = "putConfigurationItem",
    tag = "inventory",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "svc-vpn")),
    request_body(content = NewItem, example = json!({
        "name": "LarkVPN",
        "kind": "service",
        "aliases": ["the VPN", "remote access"],
        "tag_patterns": ["VPN-GW\\d{2}"],
        "agent_group": "Network"
    })),
    responses(
        (status = 200, description = "It is kept.", body = ConfigurationItem), OfBody, OfAnswer, OfKeeping
    )
)]
pub(super) async fn put(
    State(app): State<AppState>,
    Id(id): Id,
    request: Valid<NewItem>,
) -> Result<Json<ConfigurationItem>, Problem> {
    let item = request.value.into_item(id);
    app.inventory.put(vec![item.clone()]).await?;
    Ok(Json(item))
}

/// Read a configuration item
#[utoipa::path(
    get,
    path = "/v1/configuration-items/{id}",
    operation_id = "getConfigurationItem",
    tag = "inventory",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "svc-vpn")),
    responses((status = 200, description = "The item.", body = ConfigurationItem), OfItem, OfAnswer)
)]
pub(super) async fn get(State(app): State<AppState>, Id(id): Id) -> Result<Json<ConfigurationItem>, Problem> {
    app.store.item(&id).await?.map(Json).ok_or_else(|| Problem::new(Code::ItemNotFound))
}

/// Delete a configuration item
///
/// Answers that were given keep naming it.
#[utoipa::path(
    delete,
    path = "/v1/configuration-items/{id}",
    operation_id = "deleteConfigurationItem",
    tag = "inventory",
    params(("id" = String, Path, description = "The site's own id; a / in it is written as %2F.", example = "svc-vpn")),
    responses((status = 204, description = "It is deleted."), OfItem, OfAnswer, OfKeeping)
)]
pub(super) async fn delete(State(app): State<AppState>, Id(id): Id) -> Result<StatusCode, Problem> {
    if app.inventory.delete(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(Code::ItemNotFound))
    }
}

/// Which page of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// `next` of the page before.
    after: Option<String>,
    /// Items of a page, 1 to 1,000; 100 if it is not given.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
}

/// Configuration items in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemPage {
    /// The items.
    items: Vec<ConfigurationItem>,
    /// For `after` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List configuration items
///
/// In the order of their ids, page by page.
#[utoipa::path(
    get,
    path = "/v1/configuration-items",
    operation_id = "listConfigurationItems",
    tag = "inventory",
    params(ListParams),
    responses((status = 200, description = "A page of them.", body = ItemPage), OfParams, OfAnswer)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<ItemPage>, Problem> {
    let limit = match params.limit.unwrap_or(PAGE) {
        limit @ 1..=1_000 => limit,
        _ => return Err(Problem::field("limit", "must be 1 to 1000")),
    };
    let mut items = app.store.items_page(params.after.as_deref(), limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(ItemPage { items, next }))
}

impl From<InventoryError> for Problem {
    fn from(error: InventoryError) -> Self {
        match error {
            InventoryError::Store(error) => error.into(),
            InventoryError::TooMany(why) => Self::field("", why.to_string()),
        }
    }
}
