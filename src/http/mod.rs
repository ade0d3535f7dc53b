//! HTTP: routes by resource over the rooms below.
//!
//! In come requests, out go answers as JSON; whatever cannot be answered is refused by the one table
//! in `error.rs`. A request is admitted or refused at once, read within limits of size and time, and
//! given up when its client leaves. This room decides nothing about tickets or articles.

mod access;
mod accounts;
mod admission;
mod articles;
mod aside;
mod audit;
mod body;
mod clockwork;
mod deflections;
mod docs;
mod drift;
mod elsewhere;
mod error;
mod feedback;
pub mod follow;
mod follow_ups;
mod forgetting;
mod gaps;
mod headers;
mod health;
mod hooks;
mod id;
mod idle;
mod import;
mod items;
mod jobs;
mod json;
mod keys;
mod learning;
mod metrics;
mod mismatches;
mod observe;
mod outcome;
mod performance;
mod query;
mod reason;
mod reindex;
mod replies;
mod requesters;
mod sentiment;
pub mod serve;
mod signals;
mod state;
mod suggest;
mod survey_summary;
mod surveys;
pub mod switch;
mod tickets;
mod timeline;
mod tls;
mod trail;
mod triage;
mod users;
pub mod work;

use std::any::Any;

use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use error::{Code, FieldError, Problem};
pub use state::{Answering, App, AppState, OpenError, Prepared};
pub use tls::TlsError;

/// The whole service.
pub fn router(state: AppState) -> Router {
    let admit = from_fn_with_state(state.clone(), admission::admit);
    let time_limit = from_fn_with_state(state.clone(), admission::time_limit);
    // These may take minutes: they are admitted like the rest, but have no time limit.
    let slow = OpenApiRouter::new()
        .routes(routes!(import::import))
        .routes(routes!(reindex::reindex))
        .routes(routes!(mismatches::ledger))
        .routes(routes!(performance::report))
        .routes(routes!(requesters::export, requesters::erase));
    let for_widgets = elsewhere::let_in(
        OpenApiRouter::new().routes(routes!(suggest::suggest)).routes(routes!(deflections::say)),
        &state.settings.ui,
    );
    let api = OpenApiRouter::new()
        .routes(routes!(triage::triage))
        .routes(routes!(sentiment::sentiment))
        .routes(routes!(articles::put, articles::get, articles::delete))
        .routes(routes!(feedback::say))
        .routes(routes!(feedback::get))
        .routes(routes!(articles::versions))
        .routes(routes!(articles::export))
        .routes(routes!(tickets::get))
        .routes(routes!(outcome::tell))
        .routes(routes!(timeline::tell, timeline::get))
        .routes(routes!(outcome::close_check))
        .routes(routes!(signals::list))
        .routes(routes!(signals::dismiss))
        .routes(routes!(accounts::get))
        .routes(routes!(replies::classify_reply))
        .routes(routes!(surveys::keep, surveys::list))
        .routes(routes!(survey_summary::summary))
        .routes(routes!(surveys::get, surveys::delete))
        .routes(routes!(follow_ups::change))
        .routes(routes!(follow_ups::list))
        .routes(routes!(deflections::summary))
        .merge(for_widgets)
        .routes(routes!(audit::coverage))
        .routes(routes!(audit::articles))
        .routes(routes!(gaps::list))
        .routes(routes!(drift::report))
        .routes(routes!(learning::show, learning::ask))
        .routes(routes!(gaps::decide))
        .routes(routes!(hooks::take))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::get))
        .routes(routes!(jobs::replay))
        .routes(routes!(jobs::updates))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::change, users::remove))
        .routes(routes!(trail::read))
        .routes(routes!(items::put, items::get, items::delete))
        .routes(routes!(items::list))
        .merge(OpenApiRouter::from(crate::ui::router(state.pages()).with_state(())))
        .merge(OpenApiRouter::from(crate::ui::sign_in::router(state.access.clone()).with_state(())))
        .layer(time_limit)
        .merge(slow)
        .layer(admit);
    // Those who run the service are answered however busy it is.
    let service = OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::info))
        .routes(routes!(health::metrics));
    let (router, document) =
        OpenApiRouter::with_openapi(docs::description()).merge(api).merge(service).split_for_parts();
    announce(&state, &document);
    state.settings.integrations.set_up().for_each(|product| state.metrics.announce_hook(product));
    let document = access::with_security(document);
    router
        .merge(docs::pages())
        .route(docs::DOCUMENT, get(|| async move { Json(document) }))
        .route(error::ERRORS_PAGE, get(docs::errors))
        .fallback(|| async { Problem::new(Code::NoSuchRoute) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(from_fn_with_state(state.clone(), access::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), headers::protect))
        .layer(from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

/// Shows every documented route in the metrics before its first request.
fn announce(state: &AppState, document: &OpenApi) {
    for (route, item) in &document.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("PUT", &item.put),
            ("POST", &item.post),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            let mut statuses = operation.iter().flat_map(|operation| operation.responses.responses.keys());
            if let Some(status) =
                statuses.find_map(|status| status.starts_with('2').then(|| status.parse().ok())?)
            {
                state.metrics.announce(method, route, status);
            }
        }
    }
}

/// What a panic says may quote a ticket; where it happened is for the panic hook to log.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::new(Code::Internal).caused_by("the handler panicked").into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_panic_is_answered_without_what_it_said() {
        let handler = get(|| async {
            if true {
                panic!("the words of a ticket")
            }
        });
        let router: Router = Router::new().route("/", handler).layer(CatchPanicLayer::custom(panicked));
        let answer = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500);
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("\"internal\"") && !body.contains("words"), "{body}");
    }
}
