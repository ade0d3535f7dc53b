//! What is done outside of requests, while the service runs.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::forgetting;
use super::state::AppState;
use crate::integrations::hooks::Delivery;
use crate::integrations::outbound::Running;
use crate::integrations::{DeliveryResult, Hears, HookWork, Now};
use crate::jobs::{Backoff, Pace, Runner};
use crate::store::StoreError;
use crate::triage::TriageAnswer;

/// Longest that a delivery may take: reasons wait for people's tickets.
const HOOK_LEASE: Duration = Duration::from_secs(120);
/// How often what is old is forgotten.
const PRUNE: Duration = Duration::from_secs(3_600);

/// Everything that works outside of requests.
#[derive(Debug)]
pub struct Working {
    runners: Vec<Runner>,
    outbound: Running,
    pruning: JoinHandle<()>,
    forgetting: JoinHandle<()>,
}

/// Begins to work. To be called once, before requests are taken.
///
/// # Errors
/// Those of the store.
pub async fn start(app: &AppState) -> Result<Working, StoreError> {
    let answering = app.clone();
    let hooks = HookWork {
        store: app.store.clone(),
        settings: app.settings.integrations.clone(),
        now: Arc::new(move || {
            let now = answering.now();
            Now { triage: now.triage.clone(), knowledge: now.knowledge.clone() }
        }),
        hears: Counts(app.clone()),
        clock: Timestamp::now,
    };
    let pace =
        Pace { at_once: app.settings.integrations.at_once, lease: HOOK_LEASE, backoff: Backoff::PROMPT };
    let runners = vec![Runner::start(app.store.clone(), Arc::new(hooks), pace, Timestamp::now)];
    let outbound = app.outbound.start(&app.store);
    let keep = SignedDuration::from_hours(24 * i64::from(app.settings.integrations.keep_days));
    let pruning = tokio::spawn(prune(app.clone(), keep));
    let forgetting = tokio::spawn(forgetting::daily(app.clone()));
    Ok(Working { runners, outbound, pruning, forgetting })
}

impl Working {
    /// Begins nothing more, and returns when what is at work has ended.
    pub async fn stop(self) {
        self.pruning.abort();
        self.forgetting.abort();
        for runner in self.runners {
            runner.stop().await;
        }
        // Last, because it writes what the others have found.
        self.outbound.stop().await;
    }
}

/// Forgets what is old, now and then: also by which deliveries are known that come again, so not while the clock is in
/// doubt.
async fn prune(app: AppState, keep: SignedDuration) {
    let store = &app.store;
    let mut ticks = tokio::time::interval(PRUNE);
    loop {
        ticks.tick().await;
        let now = Timestamp::now();
        app.clock.look(now);
        let Ok(before) = now.checked_sub(keep) else { continue };
        if !app.clock.is_believed() {
            continue;
        }
        // Of several instances one does; the store says by itself if it cannot be reached.
        if matches!(store.leads().await, Ok(false)) {
            continue;
        }
        match store.prune_jobs(before).await {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => tracing::warn!(%error, "old jobs could not be forgotten; trying again in an hour"),
        }
    }
}

/// Counts what came of deliveries.
struct Counts(AppState);

impl Hears for Counts {
    fn answered(&self, answer: &TriageAnswer) {
        self.0.metrics.predictions(answer);
    }

    fn ended(&self, delivery: &Delivery, result: DeliveryResult) {
        let (product, result) = (delivery.product, result.name());
        tracing::info!(product = product.name(), result, "a delivery was worked off: {result}");
        self.0.metrics.delivery_ended(product, result);
    }
}
