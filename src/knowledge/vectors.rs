//! Embeddings in memory or in a mapped file, in 8 bits, compared one by one.
//!
//! A scan is exact over what is kept and reads every vector once: a million passages of 384 numbers are
//! 388 MB. Large sets are shared between threads. A reader works on a snapshot, so that it neither blocks a
//! writer nor waits for one longer than it takes to swap some pointers; a writer copies only the blocks that
//! it changes while somebody reads them.

mod codes;
mod file;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use rayon::ThreadPool;
use rayon::prelude::*;

use codes::{Codes, QueryCode, Scratch};

/// Entries of a block. All blocks but the last have as many.
const BLOCK: usize = 64;
/// Blocks from which a scan is worth several threads: some 8,000 vectors, half a millisecond.
const SHARED_FROM: usize = 128;
/// Parts of the table of places, each copied apart.
const SHARDS: usize = 64;

/// The threads of large scans, shared by all sets and started by the first of them; `None` where the system
/// gives no threads.
static THREADS: LazyLock<Option<ThreadPool>> =
    LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(cores()).thread_name(name).build().ok());

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn name(number: usize) -> String {
    format!("scan-{number}")
}

/// How near an entry is to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cosines {
    /// The highest cosine of its vectors.
    pub(super) best: f32,
    /// The mean of the two highest, of one vector its own.
    pub(super) two_best: f32,
}

/// A set of entries by id.
#[derive(Debug)]
pub(super) struct VectorSet<M> {
    dimension: usize,
    current: RwLock<Arc<Entries<M>>>,
}

/// The entries at one moment.
#[derive(Debug)]
struct Entries<M> {
    blocks: Vec<Arc<Block<M>>>,
    /// Which block an id is in.
    places: Vec<Arc<HashMap<Arc<str>, usize>>>,
    dimension: usize,
}

/// Some entries with their vectors, in order.
#[derive(Debug, Clone)]
struct Block<M> {
    entries: Vec<Entry<M>>,
    codes: Codes,
}

/// The vectors of one thing: of an article one for each passage, of a ticket one.
#[derive(Debug, Clone)]
struct Entry<M> {
    id: Arc<str>,
    /// What filters look at.
    meta: M,
    /// How many vectors it has.
    vectors: usize,
}

impl<M> Clone for Entries<M> {
    fn clone(&self) -> Self {
        Self { blocks: self.blocks.clone(), places: self.places.clone(), dimension: self.dimension }
    }
}

impl<M> Entries<M> {
    fn new(dimension: usize) -> Self {
        Self { blocks: Vec::new(), places: vec![Arc::default(); SHARDS], dimension }
    }

    fn shard(id: &str) -> usize {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(id) as usize % SHARDS
    }

    /// The block of an id, and its place there.
    fn find(&self, id: &str) -> Option<(usize, usize)> {
        let number = *self.places[Self::shard(id)].get(id)?;
        let place = self.blocks.get(number)?.entries.iter().position(|entry| &*entry.id == id)?;
        Some((number, place))
    }
}

impl<M: Clone> Entries<M> {
    fn place(&mut self, id: &Arc<str>, block: usize) {
        Arc::make_mut(&mut self.places[Self::shard(id)]).insert(Arc::clone(id), block);
    }

    fn put(&mut self, id: String, meta: M, codes: Codes) {
        let vectors = codes.len();
        if let Some((number, place)) = self.find(&id) {
            let block = Arc::make_mut(&mut self.blocks[number]);
            let range = block.vectors_of(place);
            block.codes.replace(range, codes, self.dimension);
            (block.entries[place].meta, block.entries[place].vectors) = (meta, vectors);
            return;
        }
        if self.blocks.last().is_none_or(|last| last.entries.len() == BLOCK) {
            self.blocks.push(Arc::new(Block { entries: Vec::with_capacity(BLOCK), codes: Codes::default() }));
        }
        let id: Arc<str> = id.into();
        self.place(&id, self.blocks.len() - 1);
        if let Some(last) = self.blocks.last_mut() {
            Arc::make_mut(last).push(Entry { id, meta, vectors }, codes, self.dimension);
        }
    }

    /// Takes an entry out; the last of all comes into its block.
    fn remove(&mut self, id: &str) {
        let Some((number, place)) = self.find(id) else { return };
        Arc::make_mut(&mut self.places[Self::shard(id)]).remove(id);
        Arc::make_mut(&mut self.blocks[number]).take(place, self.dimension);
        let last = self.blocks.len() - 1;
        if number != last {
            let block = Arc::make_mut(&mut self.blocks[last]);
            let (moved, codes) = block.take(block.entries.len() - 1, self.dimension);
            self.place(&moved.id, number);
            Arc::make_mut(&mut self.blocks[number]).push(moved, codes, self.dimension);
        }
        self.blocks.pop_if(|last| last.entries.is_empty());
    }
}

impl<M> Block<M> {
    /// Where the vectors of the entry at `place` are.
    fn vectors_of(&self, place: usize) -> Range<usize> {
        let first = self.entries[..place].iter().map(|entry| entry.vectors).sum();
        first..first + self.entries[place].vectors
    }

    fn push(&mut self, entry: Entry<M>, codes: Codes, dimension: usize) {
        let end = self.codes.len();
        self.codes.replace(end..end, codes, dimension);
        self.entries.push(entry);
        if self.entries.len() == BLOCK {
            self.codes.shrink();
        }
    }

    fn take(&mut self, place: usize, dimension: usize) -> (Entry<M>, Codes) {
        let codes = self.codes.take(self.vectors_of(place), dimension);
        (self.entries.remove(place), codes)
    }

    /// Writes how near each entry is that `admits` lets through; the highest cosine of all.
    fn scan(
        &self,
        query: &QueryCode,
        admits: impl Fn(&M) -> bool,
        found: &mut [Option<Cosines>],
        scratch: &mut Scratch,
    ) -> f32 {
        let (mut highest, mut place, mut vector) = (f32::NEG_INFINITY, 0, 0);
        // Neighbours that are both let through, or neither, are looked at together.
        let admitted: Vec<bool> = self.entries.iter().map(|entry| admits(&entry.meta)).collect();
        for alike in admitted.chunk_by(|a, b| a == b) {
            let entries = &self.entries[place..place + alike.len()];
            let vectors = vector..vector + entries.iter().map(|entry| entry.vectors).sum::<usize>();
            if alike[0] {
                query.cosines(&self.codes, vectors.clone(), scratch);
                let mut rest = &scratch.cosines[..];
                for (entry, found) in entries.iter().zip(&mut found[place..]) {
                    let (own, others) = rest.split_at(entry.vectors);
                    (*found, rest) = (Cosines::of(own), others);
                    highest = found.map_or(highest, |cosines| highest.max(cosines.best));
                }
            }
            (place, vector) = (place + alike.len(), vectors.end);
        }
        highest
    }
}

impl Cosines {
    /// Of the vectors of one entry.
    fn of(cosines: &[f32]) -> Option<Self> {
        let (first, rest) = cosines.split_first()?;
        let (best, second) = rest.iter().fold((*first, None), |(best, second), next| {
            let lower = next.min(best);
            (next.max(best), Some(second.map_or(lower, |second: f32| second.max(lower))))
        });
        Some(Self { best, two_best: f32::midpoint(best, second.unwrap_or(best)) })
    }
}

impl<M> VectorSet<M> {
    /// The entries at this moment.
    fn snapshot(&self) -> Arc<Entries<M>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<M: Clone> VectorSet<M> {
    /// An empty set of vectors of `dimension` numbers.
    pub(super) fn new(dimension: usize) -> Self {
        let dimension = dimension.max(1);
        Self { dimension, current: RwLock::new(Arc::new(Entries::new(dimension))) }
    }

    /// How many numbers a vector has.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Applies changes in order: an id with its filter fields and its unit vectors, one after
    /// another, in place of what it had; or an id to forget. Vectors of another dimension come from
    /// another encoder: they cannot be compared and count as none.
    pub(super) fn update(&self, changes: impl IntoIterator<Item = (String, Option<(M, Vec<f32>)>)>) {
        // Rounded before anyone has to wait.
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(id, value)| {
                let fits = |rows: &[f32]| !rows.is_empty() && rows.len().is_multiple_of(self.dimension);
                let value = value.filter(|(_, rows)| fits(rows));
                (id, value.map(|(meta, rows)| (meta, Codes::new(&rows, self.dimension))))
            })
            .collect();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Copies the pointers if a reader holds the snapshot, else works in place.
        let entries = Arc::make_mut(&mut current);
        for (id, value) in changes {
            match value {
                Some((meta, codes)) => entries.put(id, meta, codes),
                None => entries.remove(&id),
            }
        }
    }
}

impl<M: Send + Sync> VectorSet<M> {
    /// The cosine of `query`, a unit vector of the set's dimension, with every entry that `admits`
    /// lets through, found by at most so many threads.
    pub(super) fn scan(&self, query: &[f32], threads: usize, admits: impl Fn(&M) -> bool + Sync) -> Scan<M> {
        let entries = self.snapshot();
        let query = QueryCode::new(query);
        let blocks = &entries.blocks;
        let mut cosines = vec![None; blocks.len() * BLOCK];
        let mut highest = vec![f32::NEG_INFINITY; blocks.len()];
        match THREADS.as_ref().filter(|_| threads > 1 && blocks.len() >= SHARED_FROM) {
            Some(pool) => pool.install(|| {
                let work = blocks.par_iter().zip(cosines.par_chunks_mut(BLOCK)).zip(&mut highest);
                work.with_min_len(blocks.len().div_ceil(threads)).for_each_init(
                    Scratch::default,
                    |scratch, ((block, found), highest)| {
                        *highest = block.scan(&query, &admits, found, scratch)
                    },
                );
            }),
            None => {
                let mut scratch = Scratch::default();
                for ((block, found), highest) in
                    blocks.iter().zip(cosines.chunks_mut(BLOCK)).zip(&mut highest)
                {
                    *highest = block.scan(&query, &admits, found, &mut scratch);
                }
            }
        }
        Scan { entries, query, cosines, highest }
    }
}

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scan<M> {
    entries: Arc<Entries<M>>,
    query: QueryCode,
    /// By place, [`BLOCK`] to a block; `None` for what was not admitted.
    cosines: Vec<Option<Cosines>>,
    /// The highest cosine of each block.
    highest: Vec<f32>,
}

impl<M> Scan<M> {
    /// The `count` ids of the highest cosines of one vector, highest first, equal ones in order of id.
    pub(super) fn top(&self, count: usize) -> Vec<(&str, f32)> {
        let floor = floor_of_top(&self.highest, count);
        let blocks = self.entries.blocks.iter().zip(self.cosines.chunks(BLOCK)).zip(&self.highest);
        let near = blocks.filter(|(_, highest)| **highest >= floor).flat_map(|((block, cosines), _)| {
            let both = block.entries.iter().zip(cosines);
            both.filter_map(|(entry, cosines)| Some((&*entry.id, cosines.as_ref()?.best)))
        });
        let mut found: Vec<(&str, f32)> = near.filter(|(_, cosine)| *cosine >= floor).collect();
        best_first(&mut found, count);
        found
    }

    /// The cosine of each vector of one id, in order; none if it is not there.
    pub(super) fn each(&self, id: &str) -> Vec<f32> {
        let mut scratch = Scratch::default();
        if let Some((number, place)) = self.entries.find(id) {
            let block = &self.entries.blocks[number];
            self.query.cosines(&block.codes, block.vectors_of(place), &mut scratch);
        }
        scratch.cosines
    }

    /// How near one id is, if it is there and was admitted.
    pub(super) fn of(&self, id: &str) -> Option<Cosines> {
        let (number, place) = self.entries.find(id)?;
        self.cosines.get(number * BLOCK + place).copied().flatten()
    }
}

/// What the `count` best scores are at least, from the highest score of each of many groups: as many groups
/// have one that is no lower.
pub(super) fn floor_of_top(highest: &[f32], count: usize) -> f32 {
    match count.checked_sub(1) {
        Some(last) if last < highest.len() => {
            let mut highest = highest.to_vec();
            *highest.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1
        }
        _ => f32::NEG_INFINITY,
    }
}

/// Keeps the `count` highest scores, highest first, equal ones in order of id.
pub(super) fn best_first<S: Ord>(scored: &mut Vec<(S, f32)>, count: usize) {
    let order = |a: &(S, f32), b: &(S, f32)| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if count < scored.len() {
        scored.select_nth_unstable_by(count, order);
        scored.truncate(count);
    }
    scored.sort_unstable_by(order);
}

#[cfg(test)]
mod tests;
