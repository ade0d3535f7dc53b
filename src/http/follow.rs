//! What other instances on the same PostgreSQL change, taken into what this one holds in memory.

use std::fmt::Display;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::state::AppState;
use crate::store::{Follower, News, StoreError};

/// How often the store is asked besides, in case a word was missed.
const LOOK: Duration = Duration::from_secs(1);

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
    let (hearing, looking) = (hear(app.clone(), follower), look(app.clone()));
    Following(vec![tokio::spawn(hearing), tokio::spawn(looking)])
}

async fn hear(app: AppState, mut follower: Follower) {
    loop {
        let taken = match follower.next().await {
            Ok(news) => take_in(&app, &news).await,
            Err(StoreError::Closed) => return,
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = taken {
            failed(&error);
            follower.begin_anew();
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Takes in what is cheap to ask for, again and again.
async fn look(app: AppState) {
    let mut each = tokio::time::interval(LOOK);
    each.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        if let Err(error) = app.now().knowledge.follow_articles().await {
            failed(&error);
        }
        app.store.jobs_came_elsewhere();
    }
}

async fn take_in(app: &AppState, news: &News) -> Result<(), String> {
    // First what is to be refused from now on.
    if news.everything || news.keys {
        app.access.read_keys().await.map_err(|error| error.to_string())?;
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

fn failed(error: &impl Display) {
    tracing::warn!(%error, "what other instances changed could not be taken in; it is tried again");
}
