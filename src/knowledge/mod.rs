//! Knowledge: the articles of the site, made findable.
//!
//! In come articles, as files or one by one, and tickets with their embeddings; out come the articles
//! that answer a ticket, each with the passage that does, and the solved tickets that resemble it.
//! The store is the truth: the search index on disk and the vectors in memory follow it, and an
//! answer shows nothing that the store would not show. This room knows nothing of triage decisions
//! or HTTP.

pub mod import;
pub mod passages;

mod analysis;
mod document;
mod error;
mod index;
mod judge;
mod lexical;
mod marks;
mod plain_bm25;
mod ranking;
mod scope;
mod similar;
mod suggest;
mod sync;
mod synonyms;
mod terms;
mod vectors;
mod write;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Mutex;

pub use error::KnowledgeError;
pub use judge::{JudgedQuery, SearchFigures, SearchJudgeError, SearchReport};
pub use similar::SimilarTicket;
pub use suggest::{Channel, MAX_SUGGESTIONS, Query, Suggested, Suggestions};
pub use write::{ImportReport, PutReport};

use crate::config::SearchSettings;
use crate::model::Model;
use crate::store::{Article, Store};
use index::SearchIndex;
use scope::Facets;
use vectors::VectorSet;

/// The knowledge base, open for search and change. Clones share it.
#[derive(Clone)]
pub struct Knowledge(Arc<Inner>);

struct Inner {
    store: Store,
    model: Arc<Model>,
    /// Confidence from which a ticket counts as answered, 0 to 1.
    answer_threshold: f32,
    index: SearchIndex,
    passages: VectorSet<Facets>,
    tickets: VectorSet<()>,
    /// Held while a change goes from the store to the index and the vectors.
    changing: Mutex<()>,
}

impl fmt::Debug for Knowledge {
    /// Without the articles: nothing that people wrote belongs in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knowledge").field("seq", &self.0.index.seq()).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// Opens the search over what `store` has, with its index in `data_dir/index`.
    ///
    /// Articles and tickets that another encoder embedded are embedded again by `model`; `progress`
    /// hears how many articles are done, and how many there are at most. The index is brought in step
    /// with the store, or built anew if it is missing, damaged, of another version or of another store.
    ///
    /// # Errors
    /// Where the store or the data folder cannot be read or written, or the model fails.
    pub async fn open(
        store: Store,
        model: Arc<Model>,
        data_dir: &Path,
        settings: &SearchSettings,
        progress: &(dyn Fn(usize, usize) + Send + Sync),
    ) -> Result<Self, KnowledgeError> {
        write::embed_again(&store, &model, progress).await?;
        write::embed_tickets_again(&store, &model).await?;
        let index = sync::open_index(&store, data_dir).await?;
        let dimension = model.manifest().encoder.hidden_size;
        let knowledge = Self(Arc::new(Inner {
            passages: sync::load_passages(&store, dimension).await?,
            tickets: sync::load_tickets(&store, model.encoder_id(), dimension).await?,
            answer_threshold: settings.answer_threshold,
            changing: Mutex::default(),
            store,
            model,
            index,
        }));
        knowledge.0.catch_up().await?;
        Ok(knowledge)
    }

    /// The article with this id, whatever its audience and status.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn article(&self, id: &str) -> Result<Option<Article>, KnowledgeError> {
        Ok(self.0.store.article(id).await?)
    }
}

impl Inner {
    /// Refuses an embedding that cannot be compared with those that are kept.
    fn check(&self, embedding: &[f32]) -> Result<(), KnowledgeError> {
        let expected = self.passages.dimension();
        let found = embedding.iter().filter(|x| x.is_finite()).count();
        if found == expected && embedding.len() == expected {
            return Ok(());
        }
        Err(KnowledgeError::Embedding { expected, found })
    }
}

/// Runs work that computes or waits for the disk away from the threads that answer requests.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| KnowledgeError::Failed(e.to_string()))
}

#[cfg(test)]
mod tests;
