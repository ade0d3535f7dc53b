//! A newly promoted bundle takes over while requests are answered.
//!
//! The new bundle is loaded beside the one that answers, articles and tickets are embedded for it where its
//! encoder is another, and then one pointer is exchanged. A request finishes with the bundle that it began
//! with; when the last one has, the old workers stop and their memory is freed. Where anything fails, the
//! old bundle goes on answering.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::state::{Answering, AppState, OpenError};
use crate::acting::Acting;
use crate::model::{Model, ModelName};
use crate::promotion::Promotions;
use crate::store::{Change, EventType};

/// How often it is looked whether another bundle was promoted.
const LOOK: Duration = Duration::from_secs(1);
/// The same after it could not be told, since fetching a bundle again and again is work.
const AGAIN: Duration = Duration::from_secs(10);
/// How often it is looked whether the last request of a former bundle is over.
const DRAINED: Duration = Duration::from_millis(100);

/// Follows what is promoted for as long as the service runs, on the shelf of the data folder or, where a store is shared,
/// in the store: that answers from then on, and `shipped` where nothing is promoted. A bundle that cannot be used is told in the log
/// once, and tried again after SIGHUP or when another is promoted.
pub async fn follow(app: AppState, promotions: Promotions, shipped: Option<PathBuf>) {
    let mut refused: Option<String> = None;
    let mut wait = LOOK;
    let mut hangups = Hangups::new();
    while !app.is_stopping() {
        if hangups.or_after(wait).await {
            refused = None;
        }
        let wanted = wanted(&promotions, shipped.as_deref()).await;
        wait = if wanted.is_ok() { LOOK } else { AGAIN };
        let wanted = match wanted {
            Ok(Some(dir)) if dir != app.now().model.bundle().dir() => dir,
            // What answers is what shall answer.
            Ok(_) => {
                refused = None;
                continue;
            }
            Err(error) => {
                if refused.as_ref() != Some(&error) {
                    tracing::error!(
                        error,
                        "it cannot be told which bundle was promoted; the present one stays"
                    );
                    refused = Some(error);
                }
                continue;
            }
        };
        let name = wanted.display().to_string();
        if refused.as_ref() == Some(&name) {
            continue;
        }
        if let Err(error) = app.switch(&wanted).await {
            app.metrics.not_switched();
            tracing::error!(%error, bundle = name, "the promoted bundle cannot be used; the present one stays");
            refused = Some(name);
        }
    }
}

/// The folder of the bundle that shall answer.
async fn wanted(promotions: &Promotions, shipped: Option<&Path>) -> Result<Option<PathBuf>, String> {
    let current = promotions.catch_up().await.map_err(|error| error.to_string())?;
    Ok(current.or_else(|| shipped.map(Path::to_owned)))
}

impl AppState {
    /// Lets the bundle in `dir` answer from now on. Only one switch may be made at a time.
    ///
    /// # Errors
    /// [`OpenError`]; then everything is as before.
    pub async fn switch(&self, dir: &Path) -> Result<(), OpenError> {
        let (path, inference) = (dir.to_owned(), self.settings.inference.clone());
        let model = tokio::task::spawn_blocking(move || Model::load(&path, &inference)).await??;
        let model = Arc::new(model);
        let knowledge = self.now().knowledge.switch(Arc::clone(&model)).await?;
        let answering = Answering::new(model, knowledge, &self.inventory, &self.store, &self.settings);
        let name = answering.model.manifest().model_name();
        let former = self.exchange(answering);
        self.model_works();
        self.metrics.switched(former.model.manifest(), self.now().model.manifest());
        tracing::info!(name = name.name, version = name.version, "another bundle answers from now on");
        self.tell(&former).await;
        tokio::spawn(self.clone().retire(former));
        self.tell_trail(name).await;
        Ok(())
    }

    /// Has the event told that another bundle answers.
    async fn tell(&self, former: &Answering) {
        let (new, old, now) = (
            self.now().model.manifest().model_name(),
            former.model.manifest().model_name(),
            Timestamp::now(),
        );
        let data = json!({"model": new, "former": old});
        let told = async {
            let which = match self.store.is_shared() {
                // All instances tell of one promotion once.
                true => format!("promotion {}", self.store.promotion().await?.number),
                false => now.to_string(),
            };
            let event =
                EventType::ModelPromoted.job(&format!("{}:{}:{which}", new.name, new.version), &data, now);
            self.store.enqueue(vec![event], now).await
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, "the event model.promoted was not kept and will not be sent");
        }
    }

    /// A bundle is a folder: the trail can only be told once it answers, not in one step with that.
    async fn tell_trail(&self, name: ModelName) {
        let detail = serde_json::json!({"version": name.version, "taxonomy": name.taxonomy});
        let acting = Acting { who: "deskhand".into(), at: Timestamp::now() };
        let change = Change { action: "bundle.answers", subject: name.name, detail };
        if let Err(error) = acting.doing(self.access.record(change)).await {
            tracing::error!(%error, "the trail could not be told which bundle answers");
        }
    }

    /// Waits for the last request of a former bundle, and lets its workers and memory go.
    async fn retire(self, former: Arc<Answering>) {
        let model = Arc::clone(&former.model);
        drop(former);
        while Arc::strong_count(&model) > 1 {
            tokio::time::sleep(DRAINED).await;
        }
        self.metrics.retire(&model);
        let version = model.manifest().version.clone();
        // Its threads are waited for, which a thread of the runtime must not.
        let gone = tokio::task::spawn_blocking(move || drop(model)).await;
        tracing::info!(version, freed = gone.is_ok(), "the former bundle has answered its last request");
        if let Err(error) = self.now().knowledge.catch_up_tickets().await {
            tracing::warn!(%error, "tickets answered by the former bundle are not found as similar before the next start");
        }
    }
}

/// SIGHUP, where there is one.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn new() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self { signal: signal(SignalKind::hangup()).ok() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for a signal, but not longer than this; whether there was one.
    async fn or_after(&mut self, longest: Duration) -> bool {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            return tokio::time::timeout(longest, signal.recv()).await.is_ok();
        }
        tokio::time::sleep(longest).await;
        false
    }
}
