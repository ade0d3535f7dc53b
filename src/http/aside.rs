//! Work that would hold up the runtime's threads, done beside them.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use super::admission::LARGE_BODY;
use super::error::Problem;
use crate::acting::Acting;

/// Runs `work` on the caller's thread for a small body, and on a blocking thread for a large one.
/// Dropping the future gives the work up at its next `await`, on whichever thread.
///
/// # Errors
/// [`super::Code::Internal`] if the work panicked.
pub(super) async fn run<F, Fut, T>(body_bytes: usize, work: F) -> Result<T, Problem>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = T>,
    T: Send + 'static,
{
    if body_bytes <= LARGE_BODY {
        return Ok(work().await);
    }
    let (alive, gone) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let acting = Acting::now();
    let span = Span::current();
    let task = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                // `alive` is never sent: this resolves when the caller has dropped it.
                _ = gone => None,
                done = Acting::instead_of(acting, work().instrument(span)) => Some(done),
            }
        })
    });
    let done = task.await?;
    drop(alive);
    done.ok_or_else(|| Problem::new(super::Code::Internal).caused_by("the work was given up too early"))
}
