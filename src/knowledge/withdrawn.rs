//! Articles that are not out, archived ones and drafts, and whose questions they are nearest to.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::error::KnowledgeError;
use super::scope::moment;
use super::vectors::VectorSet;
use super::{Knowledge, Shared, View, off_the_runtime};
use crate::store::{ArticleStatus, Store, StoredPassage};

/// Withdrawn articles that are looked at, those that changed last.
const MOST: usize = 1_000;
/// Articles read from the store at a time.
const PAGE: u32 = 128;
/// From which mean cosine of its passages with the nearest ones that are out an article counts as said elsewhere.
/// In 3,296 pages of real documentation 6 in 100 articles lie as near to another one.
const SAID_ELSEWHERE: f32 = 0.9;
/// Below this cosine an article answers nothing that could be missed: a judgement, of no weight where other
/// articles are near.
const PLAUSIBLE: f32 = 0.3;

/// The articles that are not out and that no article which is out stands for, as one model sees them.
pub struct Withdrawn {
    view: Arc<View>,
    set: VectorSet<()>,
    /// What has expired by then is not out either.
    now: i64,
}

/// The articles that are not out, whatever model answers. Unlike [`Knowledge`] it keeps none from being let go.
#[derive(Clone)]
pub struct Archive(Arc<Shared>);

impl fmt::Debug for Archive {
    /// Without the articles: nothing that people wrote belongs in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Archive")
    }
}

impl Knowledge {
    /// The articles that are not out.
    pub fn archive(&self) -> Archive {
        Archive(Arc::clone(&self.shared))
    }
}

impl Archive {
    /// The articles that are not out at the time `now`, as the model that answers sees them; `None` where there are
    /// none. Of very many those are looked at that changed last.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn withdrawn(&self, now: Timestamp) -> Result<Option<Arc<Withdrawn>>, KnowledgeError> {
        let (store, view) = (&self.0.store, self.0.current());
        let mut changed = not_out(store).await?;
        changed.sort_by(|a, b| b.cmp(a));
        changed.truncate(MOST);
        let ids: Vec<String> = changed.into_iter().map(|(_, id)| id).collect();
        let set = VectorSet::new(view.passages.dimension());
        let withdrawn = Arc::new(Withdrawn { view, set, now: moment(now) });
        let mut taken = 0;
        for ids in ids.chunks(PAGE as usize) {
            let (passages, here) = (store.passages(ids).await?, Arc::clone(&withdrawn));
            taken += off_the_runtime(move || here.take_in(passages)).await?;
        }
        Ok((taken > 0).then_some(withdrawn))
    }
}

/// Ids of the articles that are archived or drafts, with when they last changed.
async fn not_out(store: &Store) -> Result<Vec<(Option<Timestamp>, String)>, KnowledgeError> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.articles_page(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id.clone());
        let not_out = page.into_iter().filter(|article| article.status != ArticleStatus::Published);
        found.extend(not_out.map(|article| (article.updated_at, article.id)));
    }
}

impl Withdrawn {
    /// Which encoder's embeddings can be compared with these.
    pub fn encoder_id(&self) -> &str {
        self.view.encoder_id()
    }

    /// For each embedding, as the encoder gives it, the id of the withdrawn article that lies nearer to it than any
    /// article that is out; `None` where one that is out is as near, or nothing is near.
    ///
    /// # Errors
    /// Where the work cannot be done.
    pub async fn nearer(
        self: &Arc<Self>,
        embeddings: Vec<Vec<f32>>,
    ) -> Result<Vec<Option<String>>, KnowledgeError> {
        let here = Arc::clone(self);
        off_the_runtime(move || embeddings.iter().map(|embedding| here.nearest(embedding)).collect()).await
    }

    fn nearest(&self, embedding: &[f32]) -> Option<String> {
        self.view.check(embedding).ok()?;
        let turned = self.view.passages.turned(embedding);
        let withdrawn = self.set.scan(&turned, 1, |()| true);
        let (id, cosine) = withdrawn.top(1).first().copied()?;
        (cosine >= PLAUSIBLE && cosine > self.nearest_out(&turned)).then(|| id.to_owned())
    }

    /// The cosine of a turned embedding with the nearest passage that is out.
    fn nearest_out(&self, turned: &[f32]) -> f32 {
        let out = self.view.passages.scan(turned, self.view.model.threads(), |facets| {
            facets.expires_at.is_none_or(|expires| self.now < expires)
        });
        out.top(1).first().map_or(f32::NEG_INFINITY, |(_, cosine)| *cosine)
    }

    /// Takes in the articles that are not said elsewhere; how many those are.
    fn take_in(&self, articles: HashMap<String, Vec<StoredPassage>>) -> usize {
        let mut taken = 0;
        for (id, passages) in articles {
            let fits = |stored: &&StoredPassage| stored.passage.embedding.len() == self.set.dimension();
            let turned = |stored: &StoredPassage| self.view.passages.turned(&stored.passage.embedding);
            let turned: Vec<Vec<f32>> = passages.iter().filter(fits).map(turned).collect();
            let near: f32 = turned.iter().map(|passage| self.nearest_out(passage)).sum();
            if !turned.is_empty() && near / (turned.len() as f32) < SAID_ELSEWHERE {
                self.set.update([(id, Some(((), turned.concat())))]);
                taken += 1;
            }
        }
        taken
    }
}
