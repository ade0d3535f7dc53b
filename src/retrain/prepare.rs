//! From the store to an order, and from a good candidate to the bundle that answers.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::{InferenceSettings, LearningSettings, Settings};
use crate::learn::site::{self, Labels, Order, Rules, RunError, Selection, SettledTicket, WorkError};
use crate::model::{Bundle, BundleError, ShelfError};
use crate::promotion::{PromotionError, Promotions};
use crate::store::{FinalLabels, SettledRecord, Store, StoreError};

/// Name of a site's bundle where the one before is the shipped one.
const SITE: &str = "site";
/// Name of the bundle that ships.
const SHIPPED: &str = "default";

/// A retraining that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RetrainError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bundle that answers.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The shelf.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The promotion.
    #[error(transparent)]
    Promotion(#[from] PromotionError),
    /// The working folder.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The training.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The child process.
    #[error("the training process {0}")]
    Child(String),
}

/// Where a training works, in a data folder. It is there only while one is at work.
#[must_use]
pub fn work_dir(data: &Path) -> PathBuf {
    data.join("learning")
}

/// What would be trained on, from the site's settled tickets, for the bundle in `current`.
///
/// # Errors
/// A store or bundle that cannot be read.
pub async fn select(store: &Store, settings: &Settings, current: &Path) -> Result<Selection, RetrainError> {
    let bundle = Bundle::open(current)?;
    let heads = bundle.manifest().heads.iter();
    let known: BTreeMap<String, Vec<String>> =
        heads.map(|head| (head.task.clone(), head.labels.clone())).collect();
    // Of each label so many that both sides can be filled.
    let records = store.settled_tickets(settings.learning.rows_per_label.saturating_mul(2)).await?;
    let masking = settings.privacy.in_training();
    let learning = settings.learning.clone();
    let selected = tokio::task::spawn_blocking(move || {
        let rules = Rules { settings: &learning, masking: masking.as_ref(), known: &known };
        site::select(records.into_iter().map(ticket), &rules)
    });
    selected.await.map_err(|_| RetrainError::Child("could not choose its rows; please report this".into()))
}

fn ticket(record: SettledRecord) -> SettledTicket {
    let labels = |labels: FinalLabels| Labels {
        category: labels.category,
        impact: labels.impact,
        urgency: labels.urgency,
    };
    SettledTicket {
        id: record.id,
        subject: record.subject,
        body: record.body,
        body_format: record.body_format,
        at: record.at,
        settled: labels(record.labels),
        predicted: labels(record.predicted),
    }
}

/// The order for a selection. The candidate is called like the bundle before, or `site` after the shipped one,
/// and its version is the time `now` (UTC).
///
/// # Errors
/// A bundle that cannot be read.
pub fn order(
    settings: &Settings,
    current: &Path,
    selection: &Selection,
    now: Timestamp,
) -> Result<Order, BundleError> {
    let before = Bundle::open(current)?.manifest().name.clone();
    Ok(Order {
        current: current.to_owned(),
        name: if before == SHIPPED { SITE.to_owned() } else { before },
        version: now.strftime("%Y.%m.%d.%H%M%S").to_string(),
        margin: settings.learning.margin,
        min_held_out: settings.learning.min_held_out,
        inference: InferenceSettings {
            threads: NonZeroUsize::new(threads(&settings.learning)),
            // One text after another, so that it can wait between them.
            batch_tokens: 1,
            ..settings.inference.clone()
        },
        triage: settings.triage.clone(),
        selected: selection.selected.clone(),
        ..Order::default()
    })
}

/// Threads that a training takes: as set, else a quarter of those that this process may use, at least one.
#[must_use]
pub fn threads(settings: &LearningSettings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    settings.threads.map_or((cores / 4).max(1), NonZeroUsize::get)
}

/// Lets the candidate of a working folder answer, unless another bundle has been promoted since `instead_of` was looked
/// up, the folder of the one that answered then; `None` is the shipped one. Returns its folder.
///
/// # Errors
/// A shelf or a store that cannot be changed, or another bundle on it.
pub async fn promote(
    promotions: &Promotions,
    work: &Path,
    instead_of: Option<&Path>,
    now: Timestamp,
) -> Result<PathBuf, RetrainError> {
    let candidate = site::candidate(work);
    let opened = tokio::task::spawn_blocking(move || Bundle::open(&candidate)).await;
    let candidate = opened.map_err(|error| RetrainError::Child(format!("left no bundle: {error}")))??;
    let note = Some("learnt from the site's tickets".to_owned());
    let (place, _) = promotions.promote(&candidate, instead_of, note, now).await?;
    Ok(place)
}
