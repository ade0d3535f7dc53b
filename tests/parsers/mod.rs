//! Every parser of what comes from outside, each as a function of bytes: for the property tests and the long run of
//! `tests/fuzz.rs`, and for the targets of `fuzz/`. A parser may refuse whatever it is given; it may not panic, and its
//! time may not grow faster than its input.

#![allow(dead_code, unreachable_pub, reason = "each crate that includes this uses it in its own way")]
#![allow(clippy::unwrap_used)]

mod bundle;
mod deliveries;
mod files;
mod small;
mod texts;

use std::cell::RefCell;
use std::path::PathBuf;

/// A parser, and what helps to find what it cannot cope with.
#[derive(Clone, Copy)]
pub struct Parser {
    pub name: &'static str,
    /// Good inputs, to be changed.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces that mean something to it.
    pub words: &'static [&'static str],
    pub read: fn(&[u8]),
}

/// All of them.
pub fn all() -> Vec<Parser> {
    [texts::PARSERS, files::PARSERS, deliveries::PARSERS, bundle::PARSERS, small::PARSERS].concat()
}

/// Lets the parser of this name read.
pub fn read(name: &str, data: &[u8]) {
    let parser = all().into_iter().find(|parser| parser.name == name);
    (parser.unwrap().read)(data);
}

thread_local! {
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// A file of this name with these bytes, in a folder of this thread.
fn file(name: &str, data: &[u8]) -> PathBuf {
    FOLDER.with_borrow_mut(|folder| {
        let path = folder.get_or_insert_with(|| tempfile::tempdir().unwrap()).path().join(name);
        std::fs::write(&path, data).unwrap();
        path
    })
}

/// The files with one of these endings under a folder of `tests/fixtures`, and the others in this folder of the
/// repository.
fn fixtures(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    // `fuzz/` stands beside `tests/`.
    let root = if root.join("tests").is_dir() { root } else { root.join("..") };
    let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(root.join(folder))
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no {endings:?}");
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Seeds that stand in the code.
fn plain(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}
