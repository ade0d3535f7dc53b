//! How the index and the vectors follow the store.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use tracing::{info, warn};

use super::error::KnowledgeError;
use super::index::{self, IndexChange, SearchIndex};
use super::projected::{Change, Passages};
use super::scope::Facets;
use super::similar::Standing;
use super::vectors::VectorSet;
use super::{Knowledge, Shared, off_the_runtime};
use crate::model::Model;
use crate::store::{Store, StoredPassage};

/// Articles read from the store at a time: some megabytes.
const ARTICLES: u32 = 128;
/// Most changes that are taken into vectors from their file; with more the store is read anew. One at a time
/// they take some two seconds.
const REPLAYED: u32 = 2_000;
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
    build(store, new).await?;
    put_in_place(dir, new).await
}

/// Builds an index of all articles in the folder `new`.
async fn build(store: &Store, new: &Path) -> Result<(), KnowledgeError> {
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
    off_the_runtime(move || building.finish(seq)).await?
}

/// Moves an index that was built beside to its place, and opens it there.
async fn put_in_place(dir: &Path, new: &Path) -> Result<SearchIndex, KnowledgeError> {
    let (dir, new) = (dir.to_owned(), new.to_owned());
    off_the_runtime(move || {
        index::swap(&new, &dir)?;
        SearchIndex::open(&dir).map_err(|unusable| KnowledgeError::Failed(unusable.to_string()))
    })
    .await?
}

/// The vectors of all articles that may be suggested, from the file in the data folder and with what changed
/// since; or from the store, where there is no such file or too much has changed. Nobody may change an article
/// meanwhile.
pub(super) async fn open_passages(
    store: &Store,
    model: &Arc<Model>,
    data_dir: &Path,
) -> Result<Passages, KnowledgeError> {
    let path = data_dir.join("vectors").join("passages");
    let now = store.change_seq().await?;
    if let Some((seq, passages)) = map_passages(&path, model).await?
        && seq <= now
    {
        let changes = store.changes_since(seq, REPLAYED + 1).await?;
        if changes.len() <= REPLAYED as usize {
            for change in changes {
                let row = row_of(store, change.article_id).await?;
                passages.update([row]);
            }
            return Ok(passages);
        }
    }
    let passages = load_passages(store, model).await?;
    let (kept, to) = (Arc::clone(model), path.clone());
    let written = off_the_runtime(move || {
        let folder = to.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = folder.and_then(|()| passages.save(&to, &kept, now));
        (written, passages)
    });
    match written.await? {
        (Ok(()), passages) => Ok(map_passages(&path, model).await?.map_or(passages, |(_, mapped)| mapped)),
        (Err(error), passages) => {
            warn!(path = %path.display(), %error, "the embeddings could not be written to their file; the next start reads them from the store again");
            Ok(passages)
        }
    }
}

async fn map_passages(path: &Path, model: &Arc<Model>) -> Result<Option<(u64, Passages)>, KnowledgeError> {
    let (path, model) = (path.to_owned(), Arc::clone(model));
    off_the_runtime(move || Passages::open(&path, &model)).await
}

/// What an article is now to the search by embeddings.
async fn row_of(store: &Store, id: String) -> Result<Change, KnowledgeError> {
    let article = store.article(&id).await?;
    let Some(facets) = article.as_ref().and_then(Facets::of) else { return Ok((id, None)) };
    let passages = store.passages_of(&id).await?;
    let rows = passages.into_iter().flat_map(|stored| stored.passage.embedding).collect();
    Ok((id, Some((facets, rows))))
}

/// The vectors of all articles that may be suggested, from the store.
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
    fill_tickets(store, encoder, &set).await?;
    Ok(set)
}

/// Takes in the vectors of all tickets that `encoder` embedded.
pub(super) async fn fill_tickets(
    store: &Store,
    encoder: &str,
    set: &VectorSet<Standing>,
) -> Result<(), KnowledgeError> {
    let mut after: Option<String> = None;
    loop {
        let page = store.ticket_vectors_page(encoder, after.as_deref(), ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        set.update(page.into_iter().map(|ticket| {
            let standing = Standing::new(ticket.status, ticket.created_at, ticket.reopened);
            (ticket.id, Some((standing, ticket.vector)))
        }));
    }
}

impl Knowledge {
    /// How many articles the search index holds.
    pub fn indexed_articles(&self) -> u64 {
        self.shared.index().articles()
    }

    /// Builds the search index anew from the store, while searches and changes go on, and lets it take the
    /// place of the one in use. Gives the number of articles that it has then.
    ///
    /// # Errors
    /// Those of the store and the index; then the former one stays in use.
    pub async fn rebuild_index(&self) -> Result<u64, KnowledgeError> {
        let shared = Arc::clone(&self.shared);
        // To its end even if the caller goes away: half an exchange would leave no index.
        let task = tokio::spawn(async move {
            let _one = shared.rebuilding.lock().await;
            build(&shared.store, &shared.index_dir.with_extension("new")).await?;
            let _alone = shared.changing.lock().await;
            shared.index().close();
            let index = put_in_place(&shared.index_dir, &shared.index_dir.with_extension("new")).await?;
            *shared.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
            // What was changed while it was built.
            shared.catch_up().await?;
            Ok::<u64, KnowledgeError>(shared.index().articles())
        });
        task.await.map_err(|e| KnowledgeError::Failed(e.to_string()))?
    }
}

impl Shared {
    /// Takes the changes of the store into the index and the vectors. When this returns, the very
    /// next search sees them. The caller holds `changing`, or nobody else has this yet.
    pub(super) async fn catch_up(&self) -> Result<(), KnowledgeError> {
        let (view, index) = (self.current(), self.index());
        loop {
            let changes = self.store.changes_since(index.seq(), ARTICLES).await?;
            let Some(last) = changes.last() else { return Ok(()) };
            let seq = last.seq;
            let mut indexed = Vec::with_capacity(changes.len());
            let mut embedded = Vec::with_capacity(changes.len());
            for change in changes {
                let article = self.store.article(&change.article_id).await?;
                embedded.push(row_of(&self.store, change.article_id.clone()).await?);
                indexed.push(IndexChange { id: change.article_id, article });
            }
            let (index, view) = (Arc::clone(&index), Arc::clone(&view));
            off_the_runtime(move || {
                index.apply(&indexed, seq)?;
                view.passages.update(embedded);
                Ok::<(), KnowledgeError>(())
            })
            .await??;
        }
    }
}
