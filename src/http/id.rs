//! Ids in addresses.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::Problem;

/// Most bytes of an id, as the import has it.
const MAX_BYTES: usize = 512;

/// The `{id}` of an address, decoded.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        // The one thing that can be wrong with a single text is its encoding.
        let Path(id) = path.map_err(|_| Problem::field("id", "is not UTF-8 after decoding its % signs"))?;
        if id.trim().is_empty() || id.len() > MAX_BYTES || id.chars().any(char::is_control) {
            let message = format!("must have 1 to {MAX_BYTES} bytes and no control characters");
            return Err(Problem::field("id", message));
        }
        Ok(Self(id))
    }
}
