//! Drift: what was so in the window before and is no longer so.
//!
//! In come two windows of tickets, each with what the model said and what agents settled on; out come alarms, each
//! with its numbers and its test. Shares are compared by Fisher's exact test, one-sided, which holds for any number
//! of tickets, however small; beyond that a share has to move by a margin and each window has to have some tickets.
//!
//! | alarm | what has to hold |
//! |---|---|
//! | `agreement_falls` | the share of settled tickets whose category is the one predicted falls |
//! | `other_grows` | the share of tickets with a label for the rest ("Other", "Misc") grows, settled or else predicted |
//! | `abstentions_grow` | the share of answers that abstain grows |
//! | `out_of_scope_grows` | the share of tickets that belong to no category grows |
//! | `confidence_falls` | the mean confidence falls by the margin, and by Welch's test not by chance |
//! | `new_label` | agents settle tickets on a label that the bundle does not know |
//! | `vanished_label` | a label of the window before has no settled ticket, which its former share makes unlikely |
//! | `renamed_label` | of a new label's tickets most are still called like a vanished one by the model |
//! | `words_move` | the mean embedding moves by the distance, and by a permutation test not by chance |

mod count;
mod embeddings;
mod labels;
mod report;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::AuditError;
use super::question::Window;
use crate::config::DriftSettings;
use crate::store::Store;

pub use count::Counts;
pub use embeddings::moved;
pub use report::{Alarm, AlarmKind, DriftReport, Sign};

/// Embeddings that are looked at in each window, spread over its time.
const EMBEDDINGS: u32 = 300;

/// The window that ends at `now`, and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Windows {
    /// The one that is looked at.
    pub now: Window,
    /// The one that it is compared with.
    pub before: Window,
}

impl Windows {
    /// Both windows, `days` long, of which the later ends at `now`.
    ///
    /// # Errors
    /// None in practice: a window ends after it begins.
    pub fn ending(now: Timestamp, days: u32) -> Result<Self, AuditError> {
        let days = SignedDuration::from_hours(24 * i64::from(days));
        let middle = now.checked_sub(days).unwrap_or(Timestamp::MIN);
        let first = middle.checked_sub(days).unwrap_or(Timestamp::MIN);
        Ok(Self { now: Window::new(Some(middle), now)?, before: Window::new(Some(first), middle)? })
    }
}

/// Looks for drift in the store. `known` are the categories of the bundle that answers, `encoder` the name of its
/// encoder; `now` is where the later window ends.
///
/// # Errors
/// Those of the store.
pub async fn drift(
    store: &Store,
    settings: &DriftSettings,
    known: &[String],
    encoder: &str,
    now: Timestamp,
) -> Result<DriftReport, AuditError> {
    let windows = Windows::ending(now, settings.days)?;
    let before = counted(store, windows.before, settings).await?;
    let after = counted(store, windows.now, settings).await?;
    let vectors =
        [embedded(store, windows.before, encoder).await?, embedded(store, windows.now, encoder).await?];
    let (settings, known) = (settings.clone(), known.to_vec());
    super::service::off_the_runtime(move || {
        let words = moved(&vectors[0], &vectors[1]);
        report::report(windows, &before, &after, words, &known, &settings)
    })
    .await
}

async fn counted(store: &Store, window: Window, settings: &DriftSettings) -> Result<Counts, AuditError> {
    let mut counts = Counts::new(settings);
    let from = window.from.unwrap_or(Timestamp::MIN);
    store.each_watched_ticket(from, window.to, |ticket| counts.add(&ticket)).await?;
    Ok(counts)
}

async fn embedded(store: &Store, window: Window, encoder: &str) -> Result<Vec<Vec<f32>>, AuditError> {
    let from = window.from.unwrap_or(Timestamp::MIN);
    Ok(store.embeddings_between(encoder, from, window.to, EMBEDDINGS).await?)
}
