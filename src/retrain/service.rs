//! Trainings of a running service: durable jobs, one at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use utoipa::ToSchema;

use super::prepare::{RetrainError, order, promote, select, work_dir};
use super::schedule::credible;
use super::{Asked, child, is_due};
use crate::config::Settings;
use crate::jobs::{Attempt, Backoff, Pace, Runner, Work};
use crate::learn::site::{Selected, Verdict, read_verdict, write};
use crate::promotion::Promotions;
use crate::store::{Job, NewJob, Store, StoreError, Training, TrainingState};

/// Kind of the jobs.
const KIND: &str = "retrain";
/// How often it is looked whether a training is due.
const LOOK: Duration = Duration::from_secs(60);
/// Longest that a training may take.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// A training that failed is tried again, once: what fails twice needs a person.
const AGAIN: Backoff = Backoff::of(&[Duration::from_secs(600)]);

/// What is kept of a training.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct TrainingResult {
    /// What was trained on.
    #[serde(default)]
    pub selected: Option<Selected>,
    /// Whether it was better, and in what.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// Why it could not be carried out, or that there was nothing to learn.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What a training runs with.
pub struct Workshop {
    /// The bundle that answers where none is promoted.
    pub shipped: PathBuf,
    /// This program, which trains in a process of its own.
    pub program: PathBuf,
    /// While this changes, people are served, and a training waits for most of the time.
    pub asked: Asked,
}

/// Trains by itself while the service runs.
#[derive(Debug)]
pub struct Learner {
    /// Held, because it stops when it is dropped.
    _runner: Runner,
    clockwork: JoinHandle<()>,
}

impl Learner {
    /// Starts on the current runtime. `data` is the data folder.
    #[must_use]
    pub fn start(
        store: Store,
        settings: &Settings,
        data: &Path,
        promotions: Promotions,
        workshop: Workshop,
        clock: fn() -> Timestamp,
    ) -> Self {
        let settings = Arc::new(settings.clone());
        let work = Retraining {
            store: store.clone(),
            settings: Arc::clone(&settings),
            work: work_dir(data),
            promotions,
            workshop,
            clock,
        };
        let pace = Pace { at_once: 1, lease: LONGEST, backoff: AGAIN };
        let runner = Runner::start(store.clone(), Arc::new(work), pace, clock);
        let clockwork = tokio::spawn(look(store, settings, clock));
        Self { _runner: runner, clockwork }
    }

    /// Asks for a training now; `false` where one waits or is at work already.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn ask(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
        if store.next_job_at(KIND).await?.is_some() {
            return Ok(false);
        }
        let job = NewJob {
            kind: KIND,
            key: now.to_string(),
            subject: Some("bundle".to_owned()),
            payload: serde_json::json!({}),
            run_at: now,
        };
        store.enqueue(vec![job], now).await.map(|added| added.contains(&true))
    }
}

impl Drop for Learner {
    /// A training at work is broken off, and begins anew when the service runs again.
    fn drop(&mut self) {
        self.clockwork.abort();
    }
}

/// Asks for a training whenever one is due.
async fn look(store: Store, settings: Arc<Settings>, clock: fn() -> Timestamp) {
    if !settings.learning.scheduled {
        return;
    }
    loop {
        let now = clock();
        match asked(&store, &settings, now).await {
            // Whoever trains hears of a new job from the store.
            Ok(_) => {}
            Err(StoreError::Closed) => return,
            Err(error) => tracing::error!(%error, "it cannot be told whether a training is due"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn asked(store: &Store, settings: &Settings, now: Timestamp) -> Result<bool, StoreError> {
    // Of several instances one looks.
    if !store.leads().await? {
        return Ok(false);
    }
    let last = store.trainings(1).await?.first().and_then(|training| credible(training.began_at, now));
    // Counting is left until everything else agrees.
    if !is_due(&settings.learning, last, u64::MAX, now) {
        return Ok(false);
    }
    let corrections = store.corrections_since(last).await?;
    Ok(is_due(&settings.learning, last, corrections, now) && Learner::ask(store, now).await?)
}

struct Retraining {
    store: Store,
    settings: Arc<Settings>,
    work: PathBuf,
    promotions: Promotions,
    workshop: Workshop,
    clock: fn() -> Timestamp,
}

impl Work for Retraining {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn attempt(&self, _: &Job) -> Attempt {
        match self.train().await {
            Ok(()) => Attempt::Done(Vec::new()),
            Err(error) => Attempt::Failed { error: error.to_string(), wait: None },
        }
    }
}

impl Retraining {
    async fn train(&self) -> Result<(), RetrainError> {
        self.end_cut_off().await?;
        let id = self.store.begin_training((self.clock)()).await?;
        let mut result = TrainingResult::default();
        let ended = self.begun(&mut result).await;
        // Rows are masked, and still nobody needs them any longer.
        let gone = tokio::fs::remove_dir_all(&self.work).await;
        if let Err(error) = gone.map_err(|error| error.kind())
            && error != std::io::ErrorKind::NotFound
        {
            tracing::warn!("the working folder of a training could not be removed");
        }
        let state = match &ended {
            Ok(state) => *state,
            Err(error) => {
                result.reason = Some(error.to_string());
                TrainingState::Failed
            }
        };
        self.end(id, state, &result).await?;
        tracing::info!(training = id, ?state, "a training on the site's tickets is over");
        ended.map(drop)
    }

    /// A training that was at work when the process ended never said so.
    async fn end_cut_off(&self) -> Result<(), StoreError> {
        for training in self.store.trainings(10).await? {
            if training.state == TrainingState::Running {
                let reason = Some("the service ended while it was at work; it began anew".to_owned());
                self.end(
                    training.id,
                    TrainingState::Failed,
                    &TrainingResult { reason, ..Default::default() },
                )
                .await?;
            }
        }
        Ok(())
    }

    async fn end(&self, id: i64, state: TrainingState, result: &TrainingResult) -> Result<(), StoreError> {
        let now = (self.clock)();
        let result = serde_json::to_value(result).unwrap_or_default();
        let ended = Training { id, began_at: now, finished_at: Some(now), state, result };
        self.store.end_training(&ended).await.map(drop)
    }

    async fn begun(&self, result: &mut TrainingResult) -> Result<TrainingState, RetrainError> {
        let promoted = self.promotions.current()?;
        let current = promoted.clone().unwrap_or_else(|| self.workshop.shipped.clone());
        let selection = select(&self.store, &self.settings, &current).await?;
        result.selected = Some(selection.selected.clone());
        if selection.is_empty() {
            result.reason = Some("fewer than two categories have tickets to learn from".to_owned());
            return Ok(TrainingState::Nothing);
        }
        let order = order(&self.settings, &current, &selection, (self.clock)())?;
        let work = self.work.clone();
        let written = tokio::task::spawn_blocking(move || write(&work, &selection, order)).await;
        written.map_err(|error| RetrainError::Child(format!("could not be prepared: {error}")))??;
        child::train(&self.workshop.program, &self.work, &self.workshop.asked).await?;
        let verdict = read_verdict(&self.work)?
            .ok_or_else(|| RetrainError::Child("ended without a verdict; please report this".to_owned()))?;
        let good = verdict.is_good();
        result.verdict = Some(verdict);
        if !good {
            return Ok(TrainingState::Refused);
        }
        promote(&self.promotions, &self.work, promoted.as_deref(), (self.clock)()).await?;
        Ok(TrainingState::Promoted)
    }
}
