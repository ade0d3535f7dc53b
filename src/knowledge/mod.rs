//! Knowledge: the articles of the site, made findable.
//!
//! In come articles, as files or one by one, and tickets with their embeddings; out come the articles
//! that answer a ticket, each with the passage that does, and the solved tickets that resemble it.
//! The store is the truth: the search index on disk and the vectors in memory follow it, and an
//! answer shows nothing that the store would not show. This room knows nothing of triage decisions
//! or HTTP.

pub mod duplicates;
pub mod export;
pub mod import;
pub mod passages;

mod analysis;
mod cosine;
mod document;
mod error;
mod follow;
mod forget;
mod index;
mod judge;
mod learning;
mod lexical;
mod marks;
mod outcomes;
mod plain_bm25;
mod projected;
mod query;
mod ranking;
mod scope;
mod seen;
mod similar;
mod speech;
mod suggest;
mod switch;
mod sync;
mod synonyms;
mod terms;
mod usefulness;
mod vectors;
mod withdrawn;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

pub use error::KnowledgeError;
pub use judge::{JudgedAnswer, JudgedQuery, SearchFigures, SearchJudgeError, SearchReport};
pub use learning::{SearchBase, SearchFilesError, SearchRecipe, SolvedTicket, read_base};
pub use marks::Highlight;
pub use outcomes::ArticleFeedback;
pub use query::{MAX_SUGGESTIONS, Query};
pub use ranking::Signs;
pub use similar::{SimilarTicket, SimilarTickets};
pub use suggest::{Channel, FoundBy, Suggested, Suggestions};
pub use withdrawn::{Archive, Withdrawn};
pub use write::{ImportReport, PutReport};

use crate::config::SearchSettings;
use crate::model::{Input, Lane, Model};
use crate::store::{Article, Store};
use index::SearchIndex;
use projected::Passages;
use ranking::AnswerRule;
use similar::Standing;
use usefulness::Usefulness;
use vectors::VectorSet;

/// The knowledge base, open for search and change, as one model sees it. Clones share it, and so does what
/// [`Knowledge::switch`] gives for another model.
#[derive(Clone)]
pub struct Knowledge {
    shared: Arc<Shared>,
    view: Arc<View>,
}

/// What there is once, whatever model reads it.
struct Shared {
    store: Store,
    answer_rule: AnswerRule,
    /// The one in use.
    index: RwLock<Arc<SearchIndex>>,
    /// Where it lies.
    index_dir: PathBuf,
    /// What people said about articles.
    usefulness: Arc<Usefulness>,
    /// What the model that answers now sees: changes are made to it.
    current: RwLock<Arc<View>>,
    /// Held while the index is built anew.
    rebuilding: Mutex<()>,
    /// Held while a change goes from the store to the index and the vectors.
    changing: Mutex<()>,
    /// Held while tickets go from the store to their vectors.
    remembering: Mutex<()>,
    /// Held while what was said about articles goes from the store to memory.
    counting: Mutex<()>,
}

/// Articles and tickets as one model sees them. Models with the same encoder see the same vectors.
struct View {
    model: Arc<Model>,
    passages: Arc<Passages>,
    tickets: Arc<VectorSet<Standing>>,
}

impl fmt::Debug for Knowledge {
    /// Without the articles: nothing that people wrote belongs in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knowledge").field("seq", &self.shared.index().seq()).finish_non_exhaustive()
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
        write::embed_tickets_again(&store, &model, |_| ()).await?;
        let index = sync::open_index(&store, data_dir).await?;
        let dimension = model.manifest().encoder.hidden_size;
        let view = Arc::new(View {
            passages: Arc::new(sync::open_passages(&store, &model, data_dir).await?),
            tickets: Arc::new(sync::load_tickets(&store, model.encoder_id(), dimension).await?),
            model,
        });
        let shared = Arc::new(Shared {
            answer_rule: AnswerRule {
                threshold: settings.answer_threshold,
                slope: settings.answer_slope,
                offset: settings.answer_offset,
            },
            current: RwLock::new(Arc::clone(&view)),
            usefulness: Arc::new(Usefulness::load(&store, settings).await?),
            changing: Mutex::default(),
            remembering: Mutex::default(),
            counting: Mutex::default(),
            store,
            index: RwLock::new(Arc::new(index)),
            index_dir: data_dir.join("index"),
            rebuilding: Mutex::default(),
        });
        shared.catch_up().await?;
        Ok(Self { shared, view })
    }

    /// Which encoder's embeddings can be compared with those that this sees.
    pub fn encoder_id(&self) -> &str {
        self.view.encoder_id()
    }

    /// The embeddings of texts, as tickets are embedded, behind every request that waits for the model.
    ///
    /// # Errors
    /// Those of the model.
    pub async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, KnowledgeError> {
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
        let readings = self.view.model.read(&inputs, Lane::Bulk).await?;
        Ok(readings.iter().map(|reading| reading.embedding()).collect())
    }

    /// The article with this id, whatever its audience and status.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn article(&self, id: &str) -> Result<Option<Article>, KnowledgeError> {
        Ok(self.shared.store.article(id).await?)
    }
}

impl Shared {
    fn index(&self) -> Arc<SearchIndex> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the model that answers now sees.
    fn current(&self) -> Arc<View> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl View {
    fn encoder_id(&self) -> &str {
        self.model.encoder_id()
    }

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
