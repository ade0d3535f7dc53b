//! What the pages load: one style sheet and one icon; and the widget, which portals load. All are in the
//! binary.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest, Sha256};

/// A file with its content's hash in its address, so that a browser may keep it for ever.
#[derive(Debug)]
pub(super) struct Asset {
    /// Where it is served.
    pub(super) path: String,
    media_type: &'static str,
    content: &'static str,
}

/// The style of all pages.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let style = concat!(include_str!("assets/deskhand.css"), include_str!("../charts/charts.css"));
    Asset::new("css", "text/css; charset=utf-8", style)
});

/// The icon, also used as the mark in the page's head.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_str!("assets/icon.svg")));

impl Asset {
    fn new(extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash: String = Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { path: format!("/assets/deskhand.{hash}.{extension}"), media_type, content }
    }

    fn serve(&'static self) -> impl IntoResponse {
        let headers = [
            (header::CONTENT_TYPE, self.media_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.content)
    }
}

/// What a portal embeds. Its address stays the same from version to version, so it is looked up again.
const WIDGET: &str = include_str!("assets/widget.js");

/// Serves them; the widget only where the site has `widgets`.
pub(super) fn router(widgets: bool) -> Router {
    let router = [&*STYLE, &*ICON].into_iter().fold(Router::new(), |router, asset| {
        router.route(&asset.path, get(move || async move { asset.serve() }))
    });
    if widgets { router.route("/widget.js", get(widget)) } else { router }
}

async fn widget() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, WIDGET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_loads_nothing_from_anywhere() {
        for word in ["url(", "@import", "http:", "https:", "//"] {
            assert!(!STYLE.content.contains(word), "{word}");
        }
    }
}
