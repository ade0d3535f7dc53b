//! What every search of a segment of the index needs again: ids, lengths, and what an audience may see. It
//! stays the same until the segment changes, and is read only once.

use std::sync::{Arc, Mutex, PoisonError};

use tantivy::columnar::StrColumn;
use tantivy::index::SegmentId;
use tantivy::{DocId, Opstamp, Searcher, SegmentReader};

use crate::store::Audience;

/// What an audience may see of a segment.
#[derive(Debug)]
pub(super) struct Seen {
    /// What is the same for everybody.
    pub(super) all: Arc<All>,
    /// Whether it may see a document.
    pub(super) visible: Vec<bool>,
    /// How many documents it may see.
    pub(super) documents: usize,
    /// Their lengths together.
    pub(super) total_length: f64,
}

/// All documents of a segment, deleted ones included.
#[derive(Debug)]
pub(super) struct All {
    /// Ids by document and documents by id.
    pub(super) ids: Ids,
    /// Lengths in words, those of the title counted by their weight.
    pub(super) lengths: Vec<f32>,
    /// Documents that expire, and when, in the unit of the index.
    pub(super) expiring: Vec<(DocId, i64)>,
}

impl Seen {
    pub(super) fn new(all: Arc<All>, visible: Vec<bool>) -> Self {
        let seen = visible.iter().zip(&all.lengths).filter(|(visible, _)| **visible);
        let (documents, total_length) =
            seen.fold((0, 0.0), |(count, total), (_, length)| (count + 1, total + f64::from(*length)));
        Self { all, visible, documents, total_length }
    }

    /// The same without what has expired by `now`.
    pub(super) fn at(seen: Arc<Self>, now: i64) -> Arc<Self> {
        let gone = |(doc, expires): &&(DocId, i64)| *expires <= now && seen.visible[*doc as usize];
        let gone: Vec<DocId> = seen.all.expiring.iter().filter(gone).map(|(doc, _)| *doc).collect();
        if gone.is_empty() {
            return seen;
        }
        let mut visible = seen.visible.clone();
        gone.into_iter().for_each(|doc| visible[doc as usize] = false);
        Arc::new(Self::new(Arc::clone(&seen.all), visible))
    }
}

/// The ids of a segment, one after another in order.
#[derive(Debug, Default)]
pub(super) struct Ids {
    text: String,
    /// Where each id ends.
    ends: Vec<usize>,
    /// By document, which id it has.
    numbers: Vec<usize>,
    /// Numbers of ids with their documents, in order: a deleted document may have the id of another.
    documents: Vec<(usize, DocId)>,
}

impl Ids {
    /// The ids in a column of a segment.
    pub(super) fn read(column: Option<StrColumn>, documents: DocId) -> tantivy::Result<Self> {
        let mut ids = Self::default();
        let Some(column) = column else { return Ok(ids) };
        let mut sorted = column.dictionary().stream()?;
        while sorted.advance() {
            ids.text.push_str(&String::from_utf8_lossy(sorted.key()));
            ids.ends.push(ids.text.len());
        }
        // A document without an id, of which there is none, would get a number that no id has.
        let number = |doc| column.term_ords(doc).next().map_or(usize::MAX, |number| number as usize);
        ids.numbers = (0..documents).map(number).collect();
        ids.documents = ids.numbers.iter().copied().zip(0..).collect();
        ids.documents.sort_unstable();
        Ok(ids)
    }

    fn id(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    /// The id of a document.
    pub(super) fn of(&self, doc: DocId) -> Option<&str> {
        self.id(*self.numbers.get(doc as usize)?)
    }

    /// The documents that have an id.
    pub(super) fn having(&self, id: &str) -> impl Iterator<Item = DocId> {
        let first = self.documents.partition_point(|(number, _)| self.id(*number).is_some_and(|x| x < id));
        let same = self.documents[first..].iter().take_while(move |(number, _)| self.id(*number) == Some(id));
        same.map(|(_, doc)| *doc)
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
    /// What `audience` may see of each segment of `searcher`. One that is not known yet is looked at by `see`,
    /// which gets what is known of it whatever the audience.
    pub(super) fn of(
        &self,
        searcher: &Searcher,
        audience: Audience,
        see: impl Fn(&SegmentReader, Option<Arc<All>>) -> tantivy::Result<Seen>,
    ) -> tantivy::Result<Vec<Arc<Seen>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut news = Vec::new();
        let mut found = Vec::new();
        for reader in searcher.segment_readers() {
            let key = key(reader, audience);
            let seen = match known.iter().find(|(known, _)| *known == key) {
                Some((_, seen)) => Arc::clone(seen),
                None => {
                    let same = known.iter().find(|((id, ..), _)| *id == key.0);
                    let seen = Arc::new(see(reader, same.map(|(_, seen)| Arc::clone(&seen.all)))?);
                    news.push((key, Arc::clone(&seen)));
                    seen
                }
            };
            found.push(seen);
        }
        if !news.is_empty() {
            self.learn(searcher, news);
        }
        Ok(found)
    }

    /// Keeps what is new and forgets segments that `searcher` does not have.
    fn learn(&self, searcher: &Searcher, news: Vec<(Key, Arc<Seen>)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = |(id, opstamp, _): Key| {
            let mut readers = searcher.segment_readers().iter();
            readers.any(|reader| reader.segment_id() == id && reader.delete_opstamp() == opstamp)
        };
        known.retain(|(key, _)| current(*key));
        for (key, seen) in news {
            if !known.iter().any(|(known, _)| *known == key) {
                known.push((key, seen));
            }
        }
    }
}
