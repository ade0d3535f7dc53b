//! Who reads a page: told once for each request, and known to every template by then, so that no page can forget
//! the token of its forms.

use std::future::Future;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::Extensions;

tokio::task_local! {
    static VISITOR: Arc<Visitor>;
}

/// Somebody who is signed in, as pages see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Their name.
    pub name: String,
    /// What every form of theirs carries.
    pub token: String,
    /// Addresses of the pages that they may open.
    pub places: Vec<&'static str>,
}

impl Visitor {
    /// Makes the pages of this work for them.
    pub async fn shown<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        VISITOR.scope(Arc::clone(self), work).await
    }

    /// Whom a request is from, where somebody is signed in.
    pub(super) fn of(request: &Request) -> Option<&Arc<Self>> {
        Self::among(request.extensions())
    }

    /// The same, of what came with a request.
    pub(super) fn among(extensions: &Extensions) -> Option<&Arc<Self>> {
        extensions.get::<Arc<Self>>()
    }
}

/// What the forms of this page carry; `None` where nobody is signed in.
pub(super) fn token() -> Option<String> {
    VISITOR.try_with(|visitor| visitor.token.clone()).ok()
}

/// Who is signed in.
pub(super) fn name() -> Option<String> {
    VISITOR.try_with(|visitor| visitor.name.clone()).ok()
}

/// Whether the reader may open the page at this address; everybody may, where nobody has to sign in.
pub(super) fn opens(href: &str) -> bool {
    VISITOR.try_with(|visitor| visitor.places.contains(&href)).unwrap_or(true)
}
