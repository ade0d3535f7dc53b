//! The same promises over PostgreSQL; over SQLite once more where there is none, and then it says so.

#![allow(clippy::duplicate_mod)]

#[path = "articles.rs"]
mod articles;
#[path = "bundles.rs"]
mod bundles;
#[path = "catching_up.rs"]
mod catching_up;
#[path = "deflections.rs"]
mod deflections;
#[path = "feedback.rs"]
mod feedback;
#[path = "follow_ups.rs"]
mod follow_ups;
#[path = "jobs.rs"]
mod jobs;
#[path = "outcomes.rs"]
mod outcomes;
#[path = "../../../tests/postgres/mod.rs"]
mod server;
#[path = "shared.rs"]
mod shared;
#[path = "signals.rs"]
mod signals;
#[path = "tickets.rs"]
mod tickets;
#[path = "timeline.rs"]
mod timeline;

use super::*;
use crate::config::Secret;

async fn open(folder: &Path) -> Store {
    let settings = StoreSettings { url: server::store_of(folder).await, ..StoreSettings::default() };
    Store::open(folder, &settings).await.unwrap()
}
