//! Forgetting in a running service: what is kept for a time goes once a day, and what pages hold goes with it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior};

use super::state::AppState;
use crate::audit::mismatches::Ledger;
use crate::audit::performance::Performance;
use crate::held::Held;
use crate::privacy::{Forgetter, PrivacyError};
use crate::store::StoreError;
use crate::survey::Summary;
use crate::ui::DEAR;

/// How often something that has been kept long enough is forgotten.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How often it is looked whether it is time, and whether the clock can be believed.
const HOUR: Duration = Duration::from_secs(3_600);
/// Between two parts of a sweep: others write meanwhile.
const PAUSE: Duration = Duration::from_millis(20);

/// What pages hold because it took long to make.
#[derive(Debug, Clone)]
pub(super) struct Caches {
    /// Whose labels are wrong.
    pub(super) ledgers: Held<Ledger>,
    /// Sums of surveys.
    pub(super) summaries: Held<Summary>,
    /// Figures of the desk.
    pub(super) performances: Held<Performance>,
}

impl Caches {
    /// Nothing yet; what is made is fresh for so many seconds.
    pub(super) fn new(fresh: u32) -> Self {
        Self {
            ledgers: Held::new(fresh, Duration::ZERO),
            summaries: Held::new(fresh, DEAR),
            performances: Held::new(fresh, DEAR),
        }
    }

    async fn clear(&self) {
        self.ledgers.clear().await;
        self.summaries.clear().await;
        self.performances.clear().await;
    }
}

impl AppState {
    /// What forgets in this service.
    pub(super) fn forgetter(&self) -> Forgetter {
        let knowledge = self.now().knowledge.clone();
        Forgetter::new(self.store.clone(), Some(knowledge), &self.settings.integrations)
    }

    /// Lets audits and pages be made anew.
    pub(super) async fn clear_held(&self) {
        self.audits.clear().await;
        self.caches.clear().await;
    }

    /// Forgets what has been kept long enough.
    async fn sweep(&self) -> Result<(), PrivacyError> {
        let retention = &self.settings.privacy.retention;
        let swept = self.forgetter().sweep(retention, Timestamp::now(), PAUSE).await;
        // Also where it broke off: a part may be gone.
        self.clear_held().await;
        for gone in swept?.into_iter().filter(|gone| gone.rows > 0) {
            self.metrics.forgotten(gone.kind.name(), "retention", gone.rows);
            tracing::info!(
                kind = gone.kind.name(),
                rows = gone.rows,
                "what was kept long enough is forgotten"
            );
        }
        Ok(())
    }
}

/// Forgets once a day, from the start on; not while the clock is in doubt.
pub(super) async fn daily(app: AppState) {
    let mut ticks = tokio::time::interval(HOUR);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept: Option<Instant> = None;
    loop {
        ticks.tick().await;
        app.clock.look(Timestamp::now());
        if !app.clock.is_believed() || swept.is_some_and(|swept| swept.elapsed() < DAY) {
            continue;
        }
        // Of several instances one does; the store says by itself if it cannot be reached.
        if matches!(app.store.leads().await, Ok(false)) {
            continue;
        }
        swept = Some(Instant::now());
        match app.sweep().await {
            Ok(()) => {}
            Err(PrivacyError::Store(StoreError::Closed)) => return,
            Err(error) => {
                tracing::warn!(%error, "what was kept long enough could not be forgotten; trying again in a day")
            }
        }
    }
}
