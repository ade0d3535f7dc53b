//! A set in a file, so that a start reads no vectors: they are mapped, and copied where they change.
//!
//! The file is a copy of what the store has. One that is damaged, of another version or labelled otherwise is
//! no loss: the set is then read from the store. Layout, numbers little-endian: eight bytes that name the
//! format, the length of the head (8 bytes), the head as JSON (label, dimension, entries), the steps (f32),
//! the vectors (i8), and the SHA-256 of all that stands before.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, RwLock};

use deskhand_kernels::Mapped;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::codes::Codes;
use super::{BLOCK, Block, Entries, Entry, VectorSet};

const FORMAT: [u8; 8] = *b"DHvec\0\0\x01";
const CHECKSUM: usize = 32;

/// What stands before the vectors. `L` says what they are vectors of.
#[derive(Serialize, Deserialize)]
struct Head<L, M> {
    label: L,
    dimension: usize,
    /// Id, filter fields and number of vectors of each.
    entries: Vec<(String, M, usize)>,
}

impl<M: Clone + Serialize> VectorSet<M> {
    /// Writes the set as it is now to `path`, whole or not at all.
    pub(in crate::knowledge) fn write(&self, path: &Path, label: &impl Serialize) -> io::Result<()> {
        let beside = path.with_extension("new");
        let mut out = Summed { out: BufWriter::new(File::create(&beside)?), sum: Sha256::new() };
        let entries = self.snapshot();
        write_to(&mut out, &entries, label)?;
        let Summed { mut out, sum } = out;
        out.write_all(&sum.finalize())?;
        out.into_inner()?.sync_all()?;
        fs::rename(&beside, path)
    }
}

fn write_to<M: Clone + Serialize>(
    out: &mut impl Write,
    entries: &Entries<M>,
    label: &impl Serialize,
) -> io::Result<()> {
    let all = || entries.blocks.iter().flat_map(|block| &block.entries);
    let head = Head {
        label,
        dimension: entries.dimension,
        entries: all().map(|entry| (entry.id.to_string(), entry.meta.clone(), entry.vectors)).collect(),
    };
    let head = serde_json::to_vec(&head)?;
    out.write_all(&FORMAT)?;
    out.write_all(&(head.len() as u64).to_le_bytes())?;
    out.write_all(&head)?;
    for step in entries.blocks.iter().flat_map(|block| block.codes.steps()) {
        out.write_all(&step.to_le_bytes())?;
    }
    for block in &entries.blocks {
        // One number is one byte, whatever its sign.
        let bytes: Vec<u8> = block.codes.numbers().iter().map(|number| number.cast_unsigned()).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

impl<M: Clone + DeserializeOwned> VectorSet<M> {
    /// The set that was written to `path`, with its label; `None` where there is none, or none that can be
    /// used: damaged, cut short, of another format or dimension.
    pub(in crate::knowledge) fn read<L: DeserializeOwned>(
        path: &Path,
        dimension: usize,
    ) -> Option<(L, Self)> {
        let file = Arc::new(Mapped::open(path).ok()?);
        let bytes = file.bytes();
        let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        if content.get(..8)? != FORMAT || Sha256::digest(content)[..] != *sum {
            return None;
        }
        let length = u64::from_le_bytes(content.get(8..16)?.try_into().ok()?);
        let steps_at = usize::try_from(length).ok()?.checked_add(16)?;
        let head: Head<L, M> = serde_json::from_slice(content.get(16..steps_at)?).ok()?;
        if head.dimension != dimension {
            return None;
        }
        let vectors: usize = head.entries.iter().map(|(_, _, vectors)| vectors).sum();
        let numbers_at = vectors.checked_mul(4)?.checked_add(steps_at)?;
        let (steps, _) = content.get(steps_at..numbers_at)?.as_chunks::<4>();
        let steps: Vec<f32> = steps.iter().map(|step| f32::from_le_bytes(*step)).collect();
        let entries = mapped(&file, numbers_at, head.entries, &steps, dimension)?;
        Some((head.label, Self { dimension, current: RwLock::new(Arc::new(entries)) }))
    }
}

/// Entries whose vectors stand one after another in the file from the byte `at` on.
fn mapped<M: Clone>(
    file: &Arc<Mapped>,
    mut at: usize,
    heads: Vec<(String, M, usize)>,
    mut steps: &[f32],
    dimension: usize,
) -> Option<Entries<M>> {
    let mut entries = Entries::new(dimension);
    let mut heads = heads.into_iter().peekable();
    while heads.peek().is_some() {
        let number = entries.blocks.len();
        let mut block = Block { entries: Vec::with_capacity(BLOCK), codes: Codes::default() };
        for (id, meta, vectors) in heads.by_ref().take(BLOCK) {
            let id: Arc<str> = id.into();
            entries.place(&id, number);
            block.entries.push(Entry { id, meta, vectors });
        }
        let (own, rest) = steps.split_at_checked(block.entries.iter().map(|entry| entry.vectors).sum())?;
        block.codes = Codes::mapped(file, at, own.to_vec(), dimension)?;
        at += own.len() * dimension;
        steps = rest;
        entries.blocks.push(Arc::new(block));
    }
    Some(entries)
}

/// Writes, and sums what it has written.
struct Summed<W> {
    out: W,
    sum: Sha256,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn filled(sizes: &[usize]) -> VectorSet<bool> {
        let set = VectorSet::new(3);
        let vector = |i: usize| [(i as f32).sin(), (i as f32).cos(), 0.5];
        set.update(sizes.iter().enumerate().map(|(i, &size)| {
            let rows = (0..size).flat_map(|j| vector(7 * i + j)).collect();
            (format!("id-{i}"), Some((i % 3 == 0, rows)))
        }));
        set
    }

    fn found(set: &VectorSet<bool>) -> Vec<(String, f32)> {
        let scan = set.scan(&[0.6, 0.8, 0.0], 1, |open| *open);
        scan.top(1_000).into_iter().map(|(id, cosine)| (id.to_owned(), cosine)).collect()
    }

    #[test]
    fn a_set_comes_back_from_its_file_and_can_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passages");
        let set = filled(&[1; 200]);
        set.write(&path, &"label").unwrap();
        let (label, read): (String, VectorSet<bool>) = VectorSet::read(&path, 3).unwrap();
        assert_eq!(label, "label");
        for set in [&set, &read] {
            set.update([("id-3".to_owned(), None), ("id-6".to_owned(), Some((true, vec![0.6, 0.8, 0.0])))]);
        }
        assert_eq!(found(&read), found(&set));
        assert_eq!(found(&read)[0].0, "id-6");
        // Changed in memory, not in the file.
        let (_, again): (String, VectorSet<bool>) = VectorSet::read(&path, 3).unwrap();
        assert_eq!(found(&again), found(&filled(&[1; 200])));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passages");
        let read = || VectorSet::<bool>::read::<String>(&path, 3).map(|(label, _)| label);
        assert_eq!(read(), None);
        filled(&[2; 9]).write(&path, &"label").unwrap();
        assert!(read().is_some() && VectorSet::<bool>::read::<String>(&path, 4).is_none());
        let whole = fs::read(&path).unwrap();
        for cut in [0, 1, 7, 20, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(read(), None, "cut to {cut} bytes");
        }
        for place in (0..whole.len()).step_by(5) {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(read(), None, "byte {place} changed");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn whatever_a_set_holds_its_file_finds_the_same(sizes in prop::collection::vec(1usize..4, 0..150)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("passages");
            let set = filled(&sizes);
            set.write(&path, &7).unwrap();
            let (label, read): (u32, VectorSet<bool>) = VectorSet::read(&path, 3).unwrap();
            prop_assert_eq!(label, 7);
            prop_assert_eq!(found(&read), found(&set));
        }
    }
}
