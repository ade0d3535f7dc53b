//! Articles that are not out, archived ones, deleted ones and drafts, and whose questions they are nearest to.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::error::KnowledgeError;
use super::scope::moment;
use super::vectors::VectorSet;
use super::{Knowledge, Shared, View, off_the_runtime};
use crate::store::StoredPassage;

/// Withdrawn articles that are looked at.
const MOST: usize = 1_000;
/// Articles read from the store at a time.
const PAGE: usize = 128;
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
    /// The articles with these ids, which are not out, as the model that answers sees them; `None` where there are
    /// none, or others stand for all of them at the time `now`. Of very many the first are looked at.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn withdrawn(
        &self,
        ids: &[String],
        now: Timestamp,
    ) -> Result<Option<Arc<Withdrawn>>, KnowledgeError> {
        let (store, view) = (&self.0.store, self.0.current());
        let set = VectorSet::new(view.passages.dimension());
        let withdrawn = Arc::new(Withdrawn { view, set, now: moment(now) });
        let mut taken = 0;
        for ids in ids[..ids.len().min(MOST)].chunks(PAGE) {
            let mut embeddings = store.deleted_embeddings(withdrawn.encoder_id(), ids).await?;
            let (there, dimension) = (store.passages(ids).await?, withdrawn.set.dimension());
            embeddings.extend(there.into_iter().map(|(id, passages)| (id, in_one(passages, dimension))));
            let here = Arc::clone(&withdrawn);
            taken += off_the_runtime(move || here.take_in(embeddings)).await?;
        }
        Ok((taken > 0).then_some(withdrawn))
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

    /// Takes in the articles that are not said elsewhere, with the embeddings of their passages one after the other;
    /// how many those are.
    fn take_in(&self, articles: HashMap<String, Vec<f32>>) -> usize {
        let mut taken = 0;
        for (id, embeddings) in articles {
            let passages = embeddings.chunks_exact(self.set.dimension());
            let turned: Vec<Vec<f32>> = passages.map(|passage| self.view.passages.turned(passage)).collect();
            let near: f32 = turned.iter().map(|passage| self.nearest_out(passage)).sum();
            if !turned.is_empty() && near / (turned.len() as f32) < SAID_ELSEWHERE {
                self.set.update([(id, Some(((), turned.concat())))]);
                taken += 1;
            }
        }
        taken
    }
}

/// The embeddings of the passages, one after the other; without those of another encoder, which are being made anew.
fn in_one(passages: Vec<StoredPassage>, dimension: usize) -> Vec<f32> {
    let embeddings = passages.into_iter().map(|stored| stored.passage.embedding);
    embeddings.filter(|embedding| embedding.len() == dimension).flatten().collect()
}
