//! The one extractor for JSON bodies: read, decoded, parsed and checked, or refused with the place.

use axum::extract::{FromRequest, Request};
use garde::Validate;
use serde::de::DeserializeOwned;

use super::admission::{LARGE_BODY, Place};
use super::body::{self, Collected};
use super::error::{Code, Problem};
use super::reason;
use super::state::AppState;

const JSON: &str = "application/json";

/// A body that was read as JSON, fits `T`, and has all its fields in range.
#[derive(Debug)]
pub(super) struct Valid<T> {
    /// What was sent.
    pub value: T,
    /// Length of the body in bytes.
    pub bytes: usize,
    /// Held while a large body is worked on.
    pub place: Option<Place>,
}

impl<T> FromRequest<AppState> for Valid<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Send + 'static,
{
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if let Err(problem) = check_kind(&parts.headers) {
            return Err(body::refuse_unread(&parts.headers, body, problem).await);
        }
        let limit = app.settings.server.max_body_bytes;
        let Collected { bytes, place } =
            body::collect(&parts.headers, body, limit, "max_body_bytes", &app.admission).await?;
        let length = bytes.len();
        let value = if length > LARGE_BODY {
            tokio::task::spawn_blocking(move || parse(&bytes)).await??
        } else {
            parse(&bytes)?
        };
        Ok(Self { value, bytes: length, place })
    }
}

pub(super) fn check_kind(headers: &axum::http::HeaderMap) -> Result<(), Problem> {
    let essence = body::media_type(headers, JSON)?;
    if essence == JSON || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::because(Code::UnsupportedMediaType, format!("This address reads {JSON}.")))
}

/// Reads a value from the bytes of a body.
fn parse<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        Problem::because(
            Code::InvalidUtf8,
            format!("The byte at offset {offset} does not belong to UTF-8 text."),
        )
    })?;
    // Some programs put the byte order mark before JSON; RFC 8259 lets a reader pass over it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().is_empty() {
        return Err(Problem::because(Code::MalformedJson, "The body is empty."));
    }
    // serde would read an array as the fields of the object in their order.
    if text.trim_start().starts_with('[') {
        return Err(Problem::field("", "is an array; it must be an object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value: T = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| reason::problem(text, error.path(), error.inner()))?;
    json.end().map_err(|error| reason::malformed(&error))?;
    value.validate()?;
    Ok(value)
}
