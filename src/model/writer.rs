//! Writing a bundle, whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::bundle::{
    Bundle, BundleError, ENCODER, FORMAT, HEADS, MANIFEST, SEARCH, TERMS, TOKENIZER, digest, hex,
};
use super::head::Head;
use super::manifest::{HeadSpec, Manifest};
use super::search::SearchWeights;
use super::terms::{self, Terms};
use super::weights::{self, Weights};

/// Text of the licence of the base model, where the bundle has it.
pub(super) const LICENCE: &str = "LICENSE";

/// Writes a bundle beside its final place and moves it there whole.
#[derive(Debug)]
pub struct BundleWriter {
    out: PathBuf,
    staging: PathBuf,
}

impl BundleWriter {
    /// Starts a bundle that will stand at `out`; what stands there now stays until [`Self::finish`].
    pub fn new(out: &Path) -> Result<Self, BundleError> {
        let name = out.file_name().map_or_else(|| "bundle".into(), |n| n.to_string_lossy().into_owned());
        let staging = out.with_file_name(format!(".{name}.new-{}", std::process::id()));
        fs::create_dir_all(&staging).map_err(|source| BundleError::File { path: staging.clone(), source })?;
        Ok(Self { out: out.to_owned(), staging })
    }

    /// Copies the tokenizer.
    pub fn tokenizer(&self, from: &Path) -> Result<(), BundleError> {
        self.copy(from, TOKENIZER)
    }

    /// Takes encoder and tokenizer over from another bundle, byte for byte, and the licence that they
    /// come under.
    pub fn encoder_of(&self, bundle: &Bundle) -> Result<(), BundleError> {
        self.tokenizer(&bundle.dir().join(TOKENIZER))?;
        self.copy(&bundle.dir().join(&bundle.manifest().encoder.weights), ENCODER)?;
        let licence = bundle.dir().join(LICENCE);
        if licence.exists() { self.copy(&licence, LICENCE) } else { Ok(()) }
    }

    /// Takes over what another bundle has learnt about search, where it has; its manifest's `search` goes with it.
    pub fn search_of(&self, bundle: &Bundle) -> Result<(), BundleError> {
        let search = bundle.dir().join(SEARCH);
        if search.exists() { self.copy(&search, SEARCH) } else { Ok(()) }
    }

    /// Writes how the search reads embeddings.
    pub fn search(&self, weights: &SearchWeights) -> Result<(), BundleError> {
        let path = self.staging.join(SEARCH);
        weights.write(&path).map_err(|e| self.unwritable(path, &e))
    }

    fn copy(&self, from: &Path, name: &str) -> Result<(), BundleError> {
        let path = self.staging.join(name);
        fs::copy(from, &path).map(drop).map_err(|source| BundleError::File { path, source })
    }

    /// Writes the encoder's weights, matrices in 8 bits.
    pub fn encoder(&self, weights: &Weights) -> Result<(), BundleError> {
        let path = self.staging.join(ENCODER);
        weights::write_int8(&path, weights).map_err(|e| self.unwritable(path, &e))
    }

    /// Writes the heads' weights, and the terms that some of them look at.
    pub fn heads(&self, heads: &[Head], terms: Option<&Terms>) -> Result<(), BundleError> {
        let own = || heads.iter().filter_map(|head| Some((head.spec().task.as_str(), head.terms()?)));
        if let Some(terms) = terms.filter(|_| own().next().is_some()) {
            let path = self.staging.join(TERMS);
            terms::write(&path, terms, own()).map_err(|e| self.unwritable(path, &e))?;
        }
        let path = self.staging.join(HEADS);
        let tensors: candle_core::Result<Vec<_>> = heads.iter().map(Head::to_weights).collect();
        let tensors: Weights =
            tensors.map_err(|e| self.unwritable(path.clone(), &e))?.into_iter().flatten().collect();
        weights::write_f32(&path, &tensors).map_err(|e| self.unwritable(path, &e))
    }

    /// Writes the manifest with all checksums, and puts the bundle in its place.
    pub fn finish(self, mut manifest: Manifest) -> Result<Bundle, BundleError> {
        manifest.format = FORMAT;
        manifest.encoder.weights = ENCODER.into();
        manifest.taxonomy = taxonomy(&manifest.heads);
        manifest.files.clear();
        for name in [TOKENIZER, ENCODER, HEADS, TERMS, SEARCH] {
            let path = self.staging.join(name);
            if path.exists() {
                let sum = digest(&path).map_err(|source| BundleError::File { path, source })?;
                manifest.files.insert(name.to_string(), sum);
            }
        }
        let text = toml::to_string_pretty(&manifest)
            .map_err(|e| BundleError::Manifest { path: self.out.clone(), detail: e.to_string() })?;
        let path = self.staging.join(MANIFEST);
        fs::write(&path, text).map_err(|source| BundleError::File { path, source })?;
        Bundle::open(&self.staging)?;
        self.swap()?;
        Bundle::open(&self.out)
    }

    /// Two renames: between them a crash leaves the old bundle complete under its `.old` name.
    fn swap(&self) -> Result<(), BundleError> {
        let old = self.staging.with_extension("old");
        let moved = |from: &Path, to: &Path| {
            fs::rename(from, to).map_err(|source| BundleError::File { path: to.to_owned(), source })
        };
        if self.out.exists() {
            moved(&self.out, &old)?;
        }
        if let Err(error) = moved(&self.staging, &self.out) {
            // What stood there must go on standing there.
            let _ = fs::rename(&old, &self.out);
            return Err(error);
        }
        // Only space is lost if the old bundle cannot be removed.
        let _ = fs::remove_dir_all(&old);
        Ok(())
    }

    fn unwritable(&self, path: PathBuf, error: &candle_core::Error) -> BundleError {
        BundleError::Broken { path, detail: error.to_string() }
    }
}

impl Drop for BundleWriter {
    fn drop(&mut self) {
        // After a success the folder has moved; after a failure nothing half-made stays.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

/// A name for the label sets that changes with them.
fn taxonomy(heads: &[HeadSpec]) -> String {
    let mut hasher = Sha256::new();
    for head in heads {
        hasher.update(head.task.as_bytes());
        for label in &head.labels {
            hasher.update([0]);
            hasher.update(label.as_bytes());
        }
        hasher.update([1]);
    }
    hex(&hasher.finalize())[..12].to_string()
}
