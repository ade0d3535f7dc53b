//! What other instances on the same PostgreSQL change, taken into what this one holds in memory.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::error::{Code, Problem};
use super::state::AppState;
use crate::store::{Follower, News, StoreError};

/// How often the store is asked besides, in case a word was missed.
const LOOK: Duration = Duration::from_secs(1);
/// How often keys are read besides.
const KEYS: Duration = Duration::from_secs(5);
/// For so long keys are believed of which nobody can tell any more whether they were taken back.
const BELIEVED: Duration = Duration::from_secs(30);

/// Follows until it is dropped.
#[derive(Debug)]
pub struct Following(Vec<JoinHandle<()>>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Begins to follow; nothing where no other instance can write into the store.
pub fn start(app: &AppState) -> Following {
    let Some(follower) = app.store.follow() else { return Following(Vec::new()) };
    app.keys_read.at(Instant::now());
    let hearing = tokio::spawn(hear(app.clone(), follower));
    let looking = tokio::spawn(look(app.clone()));
    Following(vec![hearing, looking, tokio::spawn(read_keys(app.clone()))])
}

/// When the keys were read last where other instances may take them back; never where none can.
#[derive(Debug, Default)]
pub(super) struct KeysRead(Mutex<Option<Instant>>);

impl KeysRead {
    fn at(&self, when: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(when);
    }

    /// Refuses whoever shows a key when too long ago: it may have been taken back since.
    pub(super) fn are_believed(&self) -> Result<(), Problem> {
        let read = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match read.map(|read| read.elapsed()).filter(|ago| *ago > BELIEVED) {
            Some(ago) => {
                let detail = format!(
                    "PostgreSQL has not been reached for {} s; keys may have been taken back meanwhile.",
                    ago.as_secs()
                );
                Err(Problem::because(Code::StoreUnavailable, detail).retry_after(KEYS.as_secs()))
            }
            None => Ok(()),
        }
    }
}

async fn hear(app: AppState, mut follower: Follower) {
    let mut trouble = Trouble::default();
    loop {
        let taken = match follower.next().await {
            Ok(news) => take_in(&app, &news).await,
            Err(StoreError::Closed) => return,
            Err(error) => Err(error.to_string()),
        };
        let failed = taken.is_err();
        trouble.tell(taken);
        if failed {
            follower.begin_anew();
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Takes in what is cheap to ask for, again and again.
async fn look(app: AppState) {
    let (mut each, mut trouble) = (every(LOOK), Trouble::default());
    loop {
        each.tick().await;
        trouble.tell(app.now().knowledge.follow_articles().await);
        app.store.jobs_came_elsewhere();
    }
}

/// Reads the keys again and again: what else is taken in may take its time.
async fn read_keys(app: AppState) {
    let mut each = every(KEYS);
    loop {
        each.tick().await;
        // Who hears of changes says so if that fails.
        let _ = read_keys_now(&app).await;
    }
}

async fn read_keys_now(app: &AppState) -> Result<(), String> {
    let began = Instant::now();
    app.access.read_keys().await.map_err(|error| error.to_string())?;
    app.keys_read.at(began);
    Ok(())
}

fn every(pause: Duration) -> Interval {
    let mut each = tokio::time::interval(pause);
    each.set_missed_tick_behavior(MissedTickBehavior::Delay);
    each
}

async fn take_in(app: &AppState, news: &News) -> Result<(), String> {
    // First what is to be refused from now on.
    if news.everything || news.keys {
        read_keys_now(app).await?;
    }
    if news.everything || news.jobs {
        app.store.jobs_came_elsewhere();
    }
    if news.everything || news.items {
        app.inventory.read_again().await.map_err(|error| error.to_string())?;
    }
    if news.everything || news.forgotten {
        app.clear_held().await;
    }
    app.now().knowledge.follow(news).await.map_err(|error| error.to_string())
}

/// Tells the log when taking in begins to fail, and when it goes well again; not each time between.
#[derive(Default)]
struct Trouble {
    since: Option<Instant>,
}

impl Trouble {
    fn tell(&mut self, taken: Result<(), impl Display>) {
        match (taken, self.since) {
            (Ok(()), Some(since)) => {
                self.since = None;
                let seconds = since.elapsed().as_secs();
                tracing::info!(seconds, "what other instances change is taken in again");
            }
            (Err(error), None) => {
                self.since = Some(Instant::now());
                tracing::warn!(%error, "what other instances changed could not be taken in; it is tried again");
            }
            (Ok(()), None) | (Err(_), Some(_)) => {}
        }
    }
}
