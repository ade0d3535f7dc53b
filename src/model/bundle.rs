//! A bundle: the folder that holds a model and says everything about it.
//!
//! `bundle.toml` names the base model and its licence, the heads with their labels, thresholds and
//! calibration, and the SHA-256 of every other file; nothing is used before its checksum agrees.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deskhand_kernels::Precision;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::encoder::{CandleEncoder, Encoder};
use super::head::Head;
use super::manifest::Manifest;
use super::packed::PackedEncoder;
use super::search::SearchWeights;
use super::terms::{self, TermWeights, Terms};
use super::tokenizer::Tokenizer;
use super::weights::{self, Weights};
use super::writer::LICENCE;
use crate::config::{EncoderKind, InferenceSettings, Instructions};

/// The bundle format that this program reads and writes.
pub const FORMAT: u32 = 1;

pub(super) const MANIFEST: &str = "bundle.toml";
/// The text's own words as heads see them; not in every bundle.
pub(super) const TERMS: &str = "terms.safetensors";
/// How the search turns embeddings; not in every bundle.
pub(super) const SEARCH: &str = "search.safetensors";
pub(super) const TOKENIZER: &str = "tokenizer.json";
pub(super) const ENCODER: &str = "encoder.safetensors";
pub(super) const HEADS: &str = "heads.safetensors";
pub(super) const CARD: &str = "MODEL_CARD.md";

/// A bundle that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is no manifest.
    #[error("{} is not a bundle: it has no {MANIFEST}\n  Give the folder of a bundle with --model; `deskhand train` makes one.", .0.display())]
    NotABundle(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is not valid.
    #[error("{}: {detail}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        detail: String,
    },
    /// The bundle is of another format.
    #[error("{}: bundle format {found} is not known; this program reads format {FORMAT}\n  Use a matching version of Deskhand, or train the bundle again.", path.display())]
    Format {
        /// The bundle.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A file is not the one that was released.
    #[error("{}: its SHA-256 is {found}, but {MANIFEST} says {expected}\n  The file is damaged or was changed: fetch the bundle again.", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// What the manifest says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The parts do not fit together.
    #[error("the bundle {} cannot be used: {detail}", path.display())]
    Broken {
        /// The bundle.
        path: PathBuf,
        /// What does not fit.
        detail: String,
    },
}

/// An opened bundle: its manifest is read and its files have the right checksums.
#[derive(Debug, Clone)]
pub struct Bundle {
    dir: PathBuf,
    manifest: Manifest,
}

impl Bundle {
    /// Opens a bundle and checks all its files.
    pub fn open(dir: &Path) -> Result<Self, BundleError> {
        let path = dir.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(BundleError::NotABundle(dir.to_owned()));
            }
            Err(source) => return Err(BundleError::File { path, source }),
        };
        let manifest = parse(&path, &text)?;
        let bundle = Self { dir: dir.to_owned(), manifest };
        bundle.check_manifest()?;
        bundle.check_files()?;
        Ok(bundle)
    }

    /// What `bundle.toml` says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where the bundle lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the bundle in a folder is known by, whatever it is called: the SHA-256 of its manifest, which holds those of
    /// its other files.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn id_in(dir: &Path) -> io::Result<String> {
        digest(&dir.join(MANIFEST))
    }

    /// The names of its files. Card and licence may be missing.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let others = [MANIFEST, CARD, LICENCE].into_iter().filter(|file| self.dir.join(file).exists());
        self.manifest.files.keys().map(String::as_str).chain(others)
    }

    /// The checksum of the encoder's weights: two embeddings may be compared only when it is equal.
    pub fn encoder_id(&self) -> &str {
        self.manifest.files.get(&self.manifest.encoder.weights).map_or("", |sum| &sum[..16.min(sum.len())])
    }

    /// How embeddings are read for the search, where the bundle says so.
    pub fn search(&self) -> Result<Option<SearchWeights>, BundleError> {
        if !self.manifest.files.contains_key(SEARCH) {
            return Ok(None);
        }
        SearchWeights::read(&self.dir.join(SEARCH), self.manifest.encoder.hidden_size)
            .map(Some)
            .map_err(|e| self.broken(format!("{SEARCH}: {e}")))
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> Result<Tokenizer, BundleError> {
        Tokenizer::load(&self.dir.join(TOKENIZER), self.manifest.encoder.max_tokens)
            .map_err(|e| self.broken(e.to_string()))
    }

    /// The encoder's weights, f32 on the CPU.
    pub fn encoder_weights(&self) -> Result<Weights, BundleError> {
        weights::read(&self.dir.join(&self.manifest.encoder.weights)).map_err(|e| self.broken(e.to_string()))
    }

    /// The encoder that the settings ask for, ready to run.
    pub fn encoder(&self, settings: &InferenceSettings) -> Result<Arc<dyn Encoder>, BundleError> {
        let spec = &self.manifest.encoder;
        let precision = match settings.encoder {
            EncoderKind::Int8 => Precision::Int8,
            EncoderKind::F32 => Precision::F32,
            EncoderKind::Candle => {
                let encoder = CandleEncoder::new(spec, self.encoder_weights()?);
                return Ok(Arc::new(encoder.map_err(|e| self.broken(e.to_string()))?));
            }
        };
        let path = self.dir.join(&spec.weights);
        let isa = settings.instructions.map(|Instructions(isa)| isa);
        let encoder = PackedEncoder::open(spec, &path, precision, isa);
        Ok(Arc::new(encoder.map_err(|e| self.broken(e.to_string()))?))
    }

    /// The heads, in the manifest's order.
    pub fn heads(&self) -> Result<Vec<Head>, BundleError> {
        if self.manifest.heads.is_empty() {
            return Ok(Vec::new());
        }
        let weights = weights::read(&self.dir.join(HEADS)).map_err(|e| self.broken(e.to_string()))?;
        let features = self.manifest.encoder.features();
        let (terms, mut of_terms) = self.term_weights()?;
        self.manifest
            .heads
            .iter()
            .map(|spec| {
                let head =
                    Head::from_weights(spec.clone(), features, &weights).map_err(|e| self.broken(e))?;
                let own = of_terms.remove(&spec.task);
                if let (Some(terms), Some(weights)) = (&terms, &own)
                    && !weights.fits(terms.buckets(), spec.labels.len())
                {
                    return Err(self.broken(format!("{TERMS} does not fit the head {:?}", spec.task)));
                }
                Ok(head.with_terms(own))
            })
            .collect()
    }

    /// How a text's own words are seen, where heads look at them.
    pub fn terms(&self) -> Result<Option<Terms>, BundleError> {
        Ok(self.term_weights()?.0)
    }

    fn term_weights(&self) -> Result<(Option<Terms>, HashMap<String, TermWeights>), BundleError> {
        if !self.manifest.files.contains_key(TERMS) {
            return Ok((None, HashMap::new()));
        }
        let (terms, heads) = terms::read(&self.dir.join(TERMS)).map_err(|e| self.broken(e.to_string()))?;
        Ok((Some(terms), heads))
    }

    /// The card, Markdown for people; `None` where the bundle has none.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn card(&self) -> Result<Option<String>, BundleError> {
        let path = self.dir.join(CARD);
        match fs::read_to_string(&path) {
            Ok(card) => Ok(Some(card)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BundleError::File { path, source }),
        }
    }

    /// Writes the card, which is for people: it has no checksum and may be corrected by hand.
    pub fn write_card(&self, card: &str) -> Result<(), BundleError> {
        let path = self.dir.join(CARD);
        fs::write(&path, card).map_err(|source| BundleError::File { path, source })
    }

    pub(super) fn broken(&self, detail: String) -> BundleError {
        BundleError::Broken { path: self.dir.clone(), detail }
    }

    /// Files lie in the folder itself (a name with a path in it could point anywhere), and shapes fit.
    fn check_manifest(&self) -> Result<(), BundleError> {
        let weights = std::iter::once(&self.manifest.encoder.weights);
        for name in self.manifest.files.keys().chain(weights) {
            if Path::new(name).file_name().is_none_or(|plain| plain != name.as_str()) {
                return Err(self.broken(format!("{name:?} is not a plain file name")));
            }
        }
        if let Some(problem) = self.manifest.encoder.problem() {
            return Err(self.broken(problem));
        }
        let mut needed = vec![TOKENIZER, &self.manifest.encoder.weights];
        if !self.manifest.heads.is_empty() {
            needed.push(HEADS);
        }
        match needed.into_iter().find(|name| !self.manifest.files.contains_key(*name)) {
            Some(name) => Err(self.broken(format!("{MANIFEST} gives no checksum for {name}"))),
            None => Ok(()),
        }
    }

    fn check_files(&self) -> Result<(), BundleError> {
        for (name, expected) in &self.manifest.files {
            let path = self.dir.join(name);
            let found = digest(&path).map_err(|source| BundleError::File { path: path.clone(), source })?;
            if found != *expected {
                return Err(BundleError::Checksum { path, expected: expected.clone(), found });
            }
        }
        Ok(())
    }
}

fn parse(path: &Path, text: &str) -> Result<Manifest, BundleError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let invalid = |e: toml::de::Error| BundleError::Manifest { path: path.to_owned(), detail: e.to_string() };
    let Versioned { format } = toml::from_str(text).map_err(invalid)?;
    if format != FORMAT {
        return Err(BundleError::Format { path: path.to_owned(), found: format });
    }
    toml::from_str(text).map_err(invalid)
}

/// SHA-256 of a file, lower-case hexadecimal.
pub fn digest(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
