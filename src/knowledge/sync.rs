//! How the index and the vectors follow the store.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tracing::info;

use super::error::KnowledgeError;
use super::index::{self, IndexChange, SearchIndex};
use super::projected::Passages;
use super::scope::Facets;
use super::similar::Standing;
use super::vectors::VectorSet;
use super::{Shared, off_the_runtime};
use crate::model::Model;
use crate::store::{Store, StoredPassage};

/// Articles read from the store at a time: some megabytes.
const ARTICLES: u32 = 128;
/// Passages or tickets read from the store at a time.
const ROWS: u32 = 1_000;

/// Opens the index of `data_dir`, or builds it anew if it cannot be used.
pub(super) async fn open_index(store: &Store, data_dir: &Path) -> Result<SearchIndex, KnowledgeError> {
    let dir = data_dir.join("index");
    let opened = {
        let dir = dir.clone();
        off_the_runtime(move || SearchIndex::open(&dir)).await
    };
    let reason = match opened {
        Ok(Ok(index)) if index.seq() <= store.change_seq().await? => return Ok(index),
        Ok(Ok(_)) => "it knows changes that the store does not".to_owned(),
        Ok(Err(unusable)) => unusable.to_string(),
        // The index library panics over some kinds of damage.
        Err(panicked) => panicked.to_string(),
    };
    if dir.exists() {
        info!(%reason, "the search index is built anew from the store");
    }
    rebuild(store, &dir, &data_dir.join("index.new")).await
}

/// Builds the index beside its place and moves it there whole.
async fn rebuild(store: &Store, dir: &Path, new: &Path) -> Result<SearchIndex, KnowledgeError> {
    // Before the first article is read: changes made meanwhile are taken in afterwards.
    let seq = store.change_seq().await?;
    let building = {
        let new = new.to_owned();
        off_the_runtime(move || index::remove(&new).and_then(|()| SearchIndex::create(&new))).await??
    };
    let building = Arc::new(building);
    let mut after: Option<String> = None;
    loop {
        let page = store.articles_page(after.as_deref(), ARTICLES).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        let building = Arc::clone(&building);
        off_the_runtime(move || building.fill(page)).await??;
    }
    let (dir, new) = (dir.to_owned(), new.to_owned());
    off_the_runtime(move || {
        building.finish(seq)?;
        drop(building);
        index::swap(&new, &dir)?;
        SearchIndex::open(&dir).map_err(|unusable| KnowledgeError::Failed(unusable.to_string()))
    })
    .await?
}

/// The vectors of all articles that may be suggested.
pub(super) async fn load_passages(store: &Store, model: &Model) -> Result<Passages, KnowledgeError> {
    let mut facets = load_facets(store).await?;
    let mut complete = |(id, rows): (String, Vec<f32>)| {
        let facets = facets.remove(&id);
        (id, facets.map(|facets| (facets, rows)))
    };
    let set = Passages::new(model);
    let mut rows: HashMap<String, Vec<f32>> = HashMap::new();
    let mut after: Option<(String, i64)> = None;
    loop {
        let place = after.as_ref().map(|(id, ordinal)| (id.as_str(), *ordinal));
        let page = store.passages_page(place, ROWS).await?;
        let Some(last) = page.last() else { break };
        let last = (last.article_id.clone(), last.ordinal);
        for StoredPassage { article_id, passage, .. } in page {
            rows.entry(article_id).or_default().extend(passage.embedding);
        }
        // What comes next may still belong to the last article of this page.
        let unfinished = rows.remove_entry(&last.0);
        set.update(rows.drain().map(&mut complete));
        rows.extend(unfinished);
        after = Some(last);
    }
    set.update(rows.drain().map(complete));
    Ok(set)
}

/// The facets of all articles that may be suggested, by id.
async fn load_facets(store: &Store) -> Result<HashMap<String, Facets>, KnowledgeError> {
    let mut facets = HashMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.articles_page(after.as_deref(), ARTICLES).await?;
        let Some(last) = page.last() else { return Ok(facets) };
        after = Some(last.id.clone());
        facets.extend(page.iter().filter_map(|article| Some((article.id.clone(), Facets::of(article)?))));
    }
}

/// The vectors of all tickets that `encoder` embedded.
pub(super) async fn load_tickets(
    store: &Store,
    encoder: &str,
    dimension: usize,
) -> Result<VectorSet<Standing>, KnowledgeError> {
    let set = VectorSet::new(dimension);
    let mut after: Option<String> = None;
    loop {
        let page = store.ticket_vectors_page(encoder, after.as_deref(), ROWS).await?;
        let Some(last) = page.last() else { return Ok(set) };
        after = Some(last.id.clone());
        set.update(page.into_iter().map(|ticket| {
            let standing = Standing::new(ticket.status, ticket.created_at, ticket.reopened);
            (ticket.id, Some((standing, ticket.vector)))
        }));
    }
}

impl Shared {
    /// Takes the changes of the store into the index and the vectors. When this returns, the very
    /// next search sees them. The caller holds `changing`, or nobody else has this yet.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<(), KnowledgeError> {
        let view = self.current();
        loop {
            let changes = self.store.changes_since(self.index.seq(), ARTICLES).await?;
            let Some(last) = changes.last() else { return Ok(()) };
            let seq = last.seq;
            let mut indexed = Vec::with_capacity(changes.len());
            let mut embedded = Vec::with_capacity(changes.len());
            for change in changes {
                let article = self.store.article(&change.article_id).await?;
                let rows = match article.as_ref().and_then(Facets::of) {
                    Some(facets) => Some((facets, self.rows_of(&change.article_id).await?)),
                    None => None,
                };
                embedded.push((change.article_id.clone(), rows));
                indexed.push(IndexChange { id: change.article_id, article });
            }
            let (shared, view) = (Arc::clone(self), Arc::clone(&view));
            off_the_runtime(move || {
                shared.index.apply(&indexed, seq)?;
                view.passages.update(embedded);
                Ok::<(), KnowledgeError>(())
            })
            .await??;
        }
    }

    async fn rows_of(&self, id: &str) -> Result<Vec<f32>, KnowledgeError> {
        let passages = self.store.passages_of(id).await?;
        Ok(passages.into_iter().flat_map(|stored| stored.passage.embedding).collect())
    }
}
