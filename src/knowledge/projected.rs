//! Embeddings as the bundle's projection turns them.
//!
//! The store keeps embeddings as the encoder gives them; what a model's bundle has learnt about search is
//! applied when they are loaded and when a ticket asks, so that a better projection embeds nothing anew. As they
//! are turned they are kept in a file, which the next start maps instead of reading the store.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::scope::Facets;
use super::vectors::{Scan, VectorSet};
use crate::model::{Model, Projection};

/// The passages of all articles that may be suggested, in the space in which they are searched.
pub(super) struct Passages {
    set: VectorSet<Facets>,
    projection: Option<Projection>,
}

/// Raised whenever what is kept in the file changes its meaning.
const VERSION: u32 = 1;

/// What the vectors in a file are.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Label {
    version: u32,
    /// The encoder that made the embeddings.
    encoder: String,
    /// The SHA-256 of the bundle's projection, where it has one.
    projection: Option<String>,
    /// The last change of the store that is in it.
    seq: u64,
}

impl Label {
    fn of(model: &Model, seq: u64) -> Self {
        let projection = model.projection_id().map(str::to_owned);
        Self { version: VERSION, encoder: model.encoder_id().to_owned(), projection, seq }
    }
}

/// A change of one article: its id, and its facets with its plain embeddings; none if it is gone.
pub(super) type Change = (String, Option<(Facets, Vec<f32>)>);

impl Passages {
    /// None yet, as `model` sees them.
    pub(super) fn new(model: &Model) -> Self {
        let set = VectorSet::new(model.manifest().encoder.hidden_size);
        Self { set, projection: model.projection().cloned() }
    }

    /// Those that [`Passages::save`] wrote for a model that sees them as `model` does, with the last change
    /// of the store that is in them; `None` where there is no such file, or a damaged one.
    pub(super) fn open(path: &Path, model: &Model) -> Option<(u64, Self)> {
        let (label, set) = VectorSet::read::<Label>(path, model.manifest().encoder.hidden_size)?;
        let seq = label.seq;
        (label == Label::of(model, seq)).then(|| (seq, Self { set, projection: model.projection().cloned() }))
    }

    /// Writes them as `model` sees them, with everything up to the change numbered `seq`.
    pub(super) fn save(&self, path: &Path, model: &Model, seq: u64) -> io::Result<()> {
        self.set.write(path, &Label::of(model, seq))
    }

    /// Numbers of an embedding.
    pub(super) fn dimension(&self) -> usize {
        self.set.dimension()
    }

    /// Whether `model` sees them as they are here; its encoder must be the same.
    pub(super) fn are_seen_by(&self, model: &Model) -> bool {
        self.projection.as_ref() == model.projection()
    }

    /// A plain embedding as it is compared here.
    pub(super) fn turned(&self, embedding: &[f32]) -> Vec<f32> {
        self.projection.as_ref().map_or_else(|| embedding.to_vec(), |p| p.apply(embedding))
    }

    /// Applies changes in order.
    pub(super) fn update(&self, changes: impl IntoIterator<Item = Change>) {
        let rows = |plain: Vec<f32>| match &self.projection {
            None => plain,
            Some(_) => {
                plain.chunks(self.dimension().max(1)).flat_map(|embedding| self.turned(embedding)).collect()
            }
        };
        let turned = |(id, value): Change| (id, value.map(|(facets, plain)| (facets, rows(plain))));
        self.set.update(changes.into_iter().map(turned));
    }

    /// How near each admitted article is to a turned embedding; of many, on so many threads at most.
    pub(super) fn scan(
        &self,
        turned: &[f32],
        threads: usize,
        admits: impl Fn(&Facets) -> bool + Sync,
    ) -> Scan<Facets> {
        self.set.scan(turned, threads, admits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::store::Audience;

    fn passages(projection: Option<Projection>) -> Passages {
        let facets = |category: &str| Facets { category: Some(category.into()), ..facets() };
        let passages = Passages { set: VectorSet::new(2), projection };
        passages.update([
            ("a".to_owned(), Some((facets("a"), vec![1.0, 0.0, 0.6, 0.8]))),
            ("b".to_owned(), Some((facets("b"), vec![0.0, 1.0]))),
        ]);
        passages
    }

    fn facets() -> Facets {
        let article: crate::store::Article =
            serde_json::from_str("{\"id\":\"a\",\"title\":\"\",\"body\":\"\"}").unwrap();
        Facets { audience: Audience::Customer, ..Facets::of(&article).unwrap() }
    }

    #[test]
    fn without_a_projection_embeddings_are_compared_as_they_are() {
        let passages = passages(None);
        let nearest = passages.scan(&passages.turned(&[0.0, 1.0]), 1, |_| true);
        assert_eq!(nearest.top(1)[0].0, "b");
    }

    #[test]
    fn passages_and_tickets_are_turned_alike() {
        // The second number counts for nothing.
        let passages = passages(Projection::new(vec![1.0, 0.0, 0.0, 1e-3], 2));
        let nearest = passages.scan(&passages.turned(&[0.6, 0.8]), 1, |_| true);
        assert_eq!(nearest.top(1)[0].0, "a");
        assert!(nearest.top(1)[0].1 > 0.99);
    }
}
