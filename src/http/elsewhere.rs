//! Requests from pages of other sites: those that the settings name may use the widget's two addresses, as
//! customers; a browser lets no other site read an answer (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::routing::options;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

use super::state::AppState;
use crate::config::UiSettings;

/// How long a browser remembers what it was allowed.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The addresses that the widget asks.
const ADDRESSES: [&str; 2] = ["/v1/suggest", "/v1/deflections"];

/// Lets the widget's sites, if there are any, ask what is in `router`: the [`ADDRESSES`].
pub(super) fn let_in(router: OpenApiRouter<AppState>, settings: &UiSettings) -> OpenApiRouter<AppState> {
    if settings.widget_origins.is_empty() {
        return router;
    }
    // The settings were checked: an origin is always a header's value.
    let origins = settings.widget_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .max_age(REMEMBERED);
    // What a browser asks first is answered by the layer; without a route it would never come to it.
    let asked_first =
        |router: OpenApiRouter<AppState>, address: &&str| router.route(address, options(|| async {}));
    ADDRESSES.iter().fold(router, asked_first).layer(layer)
}

/// Whether a page of one of the widget's sites asks.
pub(super) fn asks(headers: &HeaderMap, settings: &UiSettings) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| settings.widget_origins.iter().any(|known| known == origin))
}
