//! Requests from pages of other sites: those that the settings name may use the widget's two addresses, as
//! customers; a browser lets no other site read an answer (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::UiSettings;

/// How long a browser remembers what it was allowed.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The layer that lets the widget's sites in, if there are any.
pub(super) fn allow(settings: &UiSettings) -> Option<CorsLayer> {
    if settings.widget_origins.is_empty() {
        return None;
    }
    // The settings were checked: an origin is always a header's value.
    let origins = settings.widget_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .max_age(REMEMBERED);
    Some(layer)
}

/// Whether a page of one of the widget's sites asks.
pub(super) fn asks(headers: &HeaderMap, settings: &UiSettings) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| settings.widget_origins.iter().any(|known| known == origin))
}
