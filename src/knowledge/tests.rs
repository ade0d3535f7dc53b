#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod upkeep;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;

use super::{Knowledge, Query, Suggestions};
use crate::config::{SearchSettings, StoreSettings};
use crate::model::{Input, Lane, Model};
use crate::store::{Article, ArticleStatus, Audience, Store};
use crate::text::Format;

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| crate::model::testing::model(1));

/// A published article in plain text.
fn article(id: &str, audience: Audience, title: &str, body: &str) -> Article {
    Article {
        id: id.into(),
        title: title.into(),
        body: body.into(),
        body_format: Format::Text,
        url: None,
        audience,
        status: ArticleStatus::Published,
        category: None,
        tags: Vec::new(),
        language: None,
        updated_at: None,
        ..Article::default()
    }
}

/// The three articles that most tests look for.
fn articles() -> Vec<Article> {
    vec![
        article("vpn", Audience::Customer, "Connect to the VPN from home", "Open LarkVPN and sign in."),
        article("ora", Audience::Customer, "Database errors", "The listener answers ORA-12154 to Fathom."),
        article("unlock", Audience::Agent, "Unlock an account", "Run the unlock script on \\\\orchard."),
    ]
}

async fn store(data: &Path) -> Store {
    Store::open(data, &StoreSettings::default()).await.unwrap()
}

/// Opens what `data` holds with the model of the tests.
async fn open(data: &Path) -> Knowledge {
    open_with(store(data).await, data, &MODEL).await
}

async fn open_with(store: Store, data: &Path, model: &Arc<Model>) -> Knowledge {
    Knowledge::open(store, Arc::clone(model), data, &SearchSettings::default(), &|_, _| ()).await.unwrap()
}

/// Ends a knowledge base and gives its folder back, as the end of the process does.
async fn end(knowledge: Knowledge) {
    knowledge.shared.store.close().await.unwrap();
}

async fn embedding(text: &str) -> Vec<f32> {
    MODEL.read(&[Input::text(text)], Lane::Bulk).await.unwrap()[0].embedding()
}

/// When everything is asked.
fn now() -> Timestamp {
    "2026-11-21T09:40:00Z".parse().unwrap()
}

fn query<'a>(text: &'a str, embedding: &'a [f32], audience: Audience) -> Query<'a> {
    Query::unfiltered(text, embedding, audience, now(), 5)
}

async fn ask(knowledge: &Knowledge, text: &str, audience: Audience) -> Suggestions {
    let embedding = embedding(text).await;
    knowledge.suggest(&query(text, &embedding, audience)).await.unwrap()
}

/// Ids of the articles that have a word of `text`, as agents find them.
async fn having(knowledge: &Knowledge, text: &str) -> Vec<String> {
    let found = ask(knowledge, text, Audience::Agent).await.articles;
    found.into_iter().filter(|a| !a.matched_terms.is_empty()).map(|a| a.id).collect()
}
