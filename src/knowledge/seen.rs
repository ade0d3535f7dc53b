//! What an audience may see of the index, and how long it is: the same for every query until the index changes,
//! and counted only once.

use std::sync::{Arc, Mutex, PoisonError};

use tantivy::index::SegmentId;
use tantivy::{Opstamp, Searcher, SegmentReader};

use crate::store::Audience;

/// What an audience may see of a segment of the index.
#[derive(Debug)]
pub(super) struct Seen {
    /// Whether it may see a document.
    pub(super) visible: Vec<bool>,
    /// The length of every document in words, those of the title counted by their weight.
    pub(super) lengths: Vec<f32>,
    /// How many documents it may see.
    pub(super) documents: usize,
    /// Their lengths together.
    pub(super) total_length: f64,
}

impl Seen {
    pub(super) fn new(visible: Vec<bool>, lengths: Vec<f32>) -> Self {
        let seen = visible.iter().zip(&lengths).filter(|(visible, _)| **visible);
        let (documents, total_length) =
            seen.fold((0, 0.0), |(count, total), (_, length)| (count + 1, total + f64::from(*length)));
        Self { visible, lengths, documents, total_length }
    }
}

/// What is known of the segments that were searched last.
#[derive(Debug, Default)]
pub(super) struct SeenSegments(Mutex<Vec<(Key, Arc<Seen>)>>);

/// A segment never changes but for what is deleted from it.
type Key = (SegmentId, Option<Opstamp>, Audience);

fn key(reader: &SegmentReader, audience: Audience) -> Key {
    (reader.segment_id(), reader.delete_opstamp(), audience)
}

impl SeenSegments {
    /// What `audience` may see of each segment of `searcher`; `see` looks at one that is not known yet.
    pub(super) fn of(
        &self,
        searcher: &Searcher,
        audience: Audience,
        see: impl Fn(&SegmentReader) -> tantivy::Result<Seen>,
    ) -> tantivy::Result<Vec<Arc<Seen>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut news = Vec::new();
        let mut all = Vec::new();
        for reader in searcher.segment_readers() {
            let key = key(reader, audience);
            let seen = match known.iter().find(|(known, _)| *known == key) {
                Some((_, seen)) => Arc::clone(seen),
                None => {
                    let seen = Arc::new(see(reader)?);
                    news.push((key, Arc::clone(&seen)));
                    seen
                }
            };
            all.push(seen);
        }
        if !news.is_empty() {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let current = |id, opstamp| {
                let mut readers = searcher.segment_readers().iter();
                readers.any(|reader| reader.segment_id() == id && reader.delete_opstamp() == opstamp)
            };
            known.retain(|((id, opstamp, _), _)| current(*id, *opstamp));
            for (key, seen) in news {
                if !known.iter().any(|(known, _)| *known == key) {
                    known.push((key, seen));
                }
            }
        }
        Ok(all)
    }
}
