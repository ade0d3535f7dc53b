//! `POST /v1/hooks/{product}`: what a helpdesk sends.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{self, Collected};
use super::docs::{OfAnswer, OfBody, OfHook, OfKeeping};
use super::error::{Code, Problem};
use super::json::check_kind;
use super::reason;
use super::state::AppState;
use crate::integrations::Product;
use crate::integrations::hooks::{self, Mistrust, Receipt, Refusal};

/// A delivery that was kept and will be worked on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryKept {
    /// Its key among all deliveries.
    #[schema(example = "zendesk:8350205582")]
    delivery: String,
    /// Whether it had come before, and changes nothing.
    duplicate: bool,
}

/// Take a helpdesk's delivery
///
/// As Zendesk, Zammad, Freshdesk, or any other by a mapping in the settings, really send it; how to set each of
/// them up, docs/integrations tells. The signature is checked over the bytes as they came. When the answer
/// arrives, the delivery survives a crash; it is worked on after that. What came of it, GET /v1/jobs and
/// GET /v1/updates show.
///
/// Zendesk: `X-Zendesk-Webhook-Signature`, `-Timestamp`, `X-Zendesk-Webhook-Invocation-Id`. Zammad:
/// `X-Hub-Signature`, `X-Zammad-Delivery`. Freshdesk: `X-Deskhand-Secret`. Generic: `X-Deskhand-Signature`
/// (`sha256=` and the HMAC-SHA256 of the body in hexadecimal), or the headers of Standard Webhooks.
#[utoipa::path(
    post,
    path = "/v1/hooks/{product}",
    operation_id = "takeDelivery",
    tag = "integrations",
    params(("product" = Product, Path, description = "Which helpdesk.")),
    request_body(content = Object, description = "The delivery, in the helpdesk's own form."),
    responses(
        (status = 202, description = "It is kept and will be worked on.", body = DeliveryKept),
        OfHook,
        OfBody,
        OfAnswer,
        OfKeeping
    )
)]
pub(super) async fn take(
    State(app): State<AppState>,
    Path(product): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<DeliveryKept>), Problem> {
    let product: Product = product
        .parse()
        .map_err(|what: String| Problem::because(Code::NoSuchRoute, format!("This {what}.")))?;
    let (parts, body) = request.into_parts();
    let settings = &app.settings.integrations;
    let refused = if settings.of(product).hook.secrets.is_empty() {
        Some(not_set_up(product))
    } else {
        check_kind(&parts.headers).err()
    };
    if let Some(problem) = refused {
        app.metrics.delivery_received(product, "refused");
        return Err(body::refuse_unread(&parts.headers, body, problem).await);
    }
    let limit = app.settings.server.max_body_bytes;
    let Collected { bytes, place: _place } =
        body::collect(&parts.headers, body, limit, "max_body_bytes", &app.admission).await?;
    // A header that is sent twice is not what the helpdesk sent.
    let header = |name: &str| {
        let mut values = parts.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok().map(str::to_owned)
    };
    let received = hooks::receive(&app.store, settings, product, &header, &bytes, Timestamp::now()).await;
    let outcome = match &received {
        Ok(Receipt { duplicate: false, .. }) => "kept",
        Ok(Receipt { duplicate: true, .. }) => "duplicate",
        Err(_) => "refused",
    };
    app.metrics.delivery_received(product, outcome);
    let Receipt { delivery, duplicate } = received.map_err(|refusal| problem(product, refusal))?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryKept { delivery, duplicate })))
}

fn not_set_up(product: Product) -> Problem {
    let detail = format!("There is no secret in integrations.{product}.hook.secrets.");
    Problem::because(Code::HookNotSetUp, detail)
}

fn problem(product: Product, refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotSetUp => not_set_up(product),
        Refusal::Mistrust(Mistrust::Unsigned(header)) => {
            Problem::because(Code::WrongSignature, format!("The header {header} is missing."))
        }
        Refusal::Mistrust(Mistrust::WrongSignature) => Problem::new(Code::WrongSignature),
        Refusal::Mistrust(Mistrust::OldTimestamp(window)) => {
            let detail = format!("Its time is more than {window} seconds away from now.");
            Problem::because(Code::OldTimestamp, detail)
        }
        Refusal::NotJson(error) => reason::malformed(&error),
        Refusal::Field(wrong) => Problem::field(wrong.pointer, wrong.message),
        Refusal::Store(error) => error.into(),
    }
}
