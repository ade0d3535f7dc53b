//! A bundle: the folder that holds a model and says everything about it.
//!
//! `bundle.toml` names the base model and its licence, the heads with their labels, thresholds and
//! calibration, and the SHA-256 of every other file; nothing is used before its checksum agrees.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::encoder::{CandleEncoder, Encoder};
use super::head::Head;
use super::tokenizer::Tokenizer;
use super::weights::{self, Weights};

/// The bundle format that this program reads and writes.
pub const FORMAT: u32 = 1;

const MANIFEST: &str = "bundle.toml";
const TOKENIZER: &str = "tokenizer.json";
const ENCODER: &str = "encoder.safetensors";
const HEADS: &str = "heads.safetensors";
const CARD: &str = "MODEL_CARD.md";

/// What `bundle.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the bundle format; see [`FORMAT`].
    pub format: u32,
    /// Name of the bundle, as answers give it.
    pub name: String,
    /// Version of the bundle, as answers give it.
    pub version: String,
    /// Version of the label sets: it changes when a task or a label is added, renamed or removed.
    pub taxonomy: String,
    /// Languages (ISO 639-1) in which the heads were trained; in others they abstain.
    pub languages: Vec<String>,
    /// Where the encoder comes from.
    pub base: Base,
    /// The encoder's shape.
    pub encoder: EncoderSpec,
    /// When to act on a priority; there if the bundle has heads for impact and urgency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Thresholds>,
    /// One head for each task.
    #[serde(default)]
    pub heads: Vec<HeadSpec>,
    /// SHA-256 of each file in the folder but this one, lower-case hexadecimal.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// What answers say about the model that gave them.
    pub fn model_name(&self) -> ModelName {
        ModelName { name: self.name.clone(), version: self.version.clone(), taxonomy: self.taxonomy.clone() }
    }
}

/// The model that gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelName {
    /// Name of the bundle.
    pub name: String,
    /// Version of the bundle.
    pub version: String,
    /// Version of its label sets.
    pub taxonomy: String,
}

/// The pretrained model under a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its name.
    pub name: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
}

/// Shape of a BERT-family encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSpec {
    /// Family; `bert` is the one known.
    pub architecture: String,
    /// File of the weights.
    pub weights: String,
    /// Rows of the word embedding.
    pub vocab_size: usize,
    /// Width of a hidden state and of the embedding.
    pub hidden_size: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads a layer; divides `hidden_size`.
    pub attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Activation of the feed-forward layer: `gelu`, `gelu_new` or `relu`.
    pub hidden_act: String,
    /// Rows of the position embedding.
    pub max_positions: usize,
    /// Rows of the type embedding.
    pub type_vocab_size: usize,
    /// Added to variances in layer norms.
    pub layer_norm_eps: f64,
    /// Layers (from 1) whose mean hidden states the heads see side by side, rising, the last layer at the
    /// end. The upper layers of a sentence encoder forget what does not help similarity: of an untuned
    /// one, heads for impact and urgency read the lower layers better.
    pub taps: Vec<usize>,
    /// Longest text in tokens, special ones included; at most `max_positions`.
    pub max_tokens: usize,
}

impl EncoderSpec {
    /// Numbers that a head sees of a text: `hidden_size` for each tap.
    pub fn features(&self) -> usize {
        self.taps.len() * self.hidden_size
    }

    /// What does not fit together, in words.
    fn problem(&self) -> Option<String> {
        let rising = self.taps.windows(2).all(|pair| pair[0] < pair[1]);
        if !rising
            || self.taps.first().is_none_or(|first| *first == 0)
            || self.taps.last() != Some(&self.layers)
        {
            Some(format!(
                "encoder.taps must rise from 1 at least to the last layer, {}; found {:?}",
                self.layers, self.taps
            ))
        } else if self.max_tokens < 8 || self.max_tokens > self.max_positions {
            Some(format!("encoder.max_tokens must be between 8 and {}", self.max_positions))
        } else if self.attention_heads == 0 || self.hidden_size % self.attention_heads != 0 {
            Some("encoder.attention_heads must divide encoder.hidden_size".into())
        } else {
            None
        }
    }
}

/// A head: one task over the mean hidden states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSpec {
    /// Task, for instance `category` or `aspect/speed`.
    pub task: String,
    /// What kind of text it was trained on.
    pub reads: Reads,
    /// The closed set of labels, in the order of the head's outputs.
    pub labels: Vec<String>,
    /// Divides the logits before the softmax (Guo et al. 2017); 1 changes nothing.
    pub temperature: f32,
    /// On what data the temperature and thresholds were fitted; absent when they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated_on: Option<String>,
    /// When to act.
    pub thresholds: Thresholds,
}

/// The kind of text that a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// A ticket: subject and cleaned body.
    Ticket,
    /// A survey comment, with its question where there is one.
    Survey,
}

/// Confidences (0..1) from which a prediction is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on the decision is `auto`.
    pub auto: f32,
    /// From here on it is `suggest`, below `abstain`.
    pub suggest: f32,
}

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

    /// The checksum of the encoder's weights: two embeddings may be compared only when it is equal.
    pub fn encoder_id(&self) -> &str {
        self.manifest.files.get(&self.manifest.encoder.weights).map_or("", |sum| &sum[..16.min(sum.len())])
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

    /// The encoder, ready to run.
    pub fn encoder(&self) -> Result<Arc<dyn Encoder>, BundleError> {
        let encoder = CandleEncoder::new(&self.manifest.encoder, self.encoder_weights()?)
            .map_err(|e| self.broken(e.to_string()))?;
        Ok(Arc::new(encoder))
    }

    /// The heads, in the manifest's order.
    pub fn heads(&self) -> Result<Vec<Head>, BundleError> {
        if self.manifest.heads.is_empty() {
            return Ok(Vec::new());
        }
        let weights = weights::read(&self.dir.join(HEADS)).map_err(|e| self.broken(e.to_string()))?;
        let features = self.manifest.encoder.features();
        self.manifest
            .heads
            .iter()
            .map(|spec| Head::from_weights(spec.clone(), features, &weights).map_err(|e| self.broken(e)))
            .collect()
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

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
        let path = self.staging.join(TOKENIZER);
        fs::copy(from, &path).map(drop).map_err(|source| BundleError::File { path, source })
    }

    /// Takes encoder and tokenizer over from another bundle, byte for byte.
    pub fn encoder_of(&self, bundle: &Bundle) -> Result<(), BundleError> {
        self.tokenizer(&bundle.dir.join(TOKENIZER))?;
        let path = self.staging.join(ENCODER);
        fs::copy(bundle.dir.join(&bundle.manifest.encoder.weights), &path)
            .map(drop)
            .map_err(|source| BundleError::File { path, source })
    }

    /// Writes the encoder's weights, matrices in 8 bits.
    pub fn encoder(&self, weights: &Weights) -> Result<(), BundleError> {
        let path = self.staging.join(ENCODER);
        weights::write_int8(&path, weights).map_err(|e| self.unwritable(path, &e))
    }

    /// Writes the heads' weights.
    pub fn heads(&self, heads: &[Head]) -> Result<(), BundleError> {
        let path = self.staging.join(HEADS);
        let tensors: candle_core::Result<Vec<_>> = heads.iter().map(Head::to_weights).collect();
        let tensors: Weights =
            tensors.map_err(|e| self.unwritable(path.clone(), &e))?.into_iter().flatten().collect();
        weights::write_f32(&path, &tensors).map_err(|e| self.unwritable(path, &e))
    }

    /// Writes card and manifest with all checksums, and puts the bundle in its place.
    pub fn finish(self, mut manifest: Manifest, card: &str) -> Result<Bundle, BundleError> {
        let write = |name: &str, text: &str| {
            let path = self.staging.join(name);
            fs::write(&path, text).map_err(|source| BundleError::File { path, source })
        };
        write(CARD, card)?;
        manifest.format = FORMAT;
        manifest.encoder.weights = ENCODER.into();
        manifest.taxonomy = taxonomy(&manifest.heads);
        manifest.files.clear();
        for name in [TOKENIZER, ENCODER, HEADS] {
            let path = self.staging.join(name);
            if path.exists() {
                let sum = digest(&path).map_err(|source| BundleError::File { path, source })?;
                manifest.files.insert(name.to_string(), sum);
            }
        }
        let text = toml::to_string_pretty(&manifest)
            .map_err(|e| BundleError::Manifest { path: self.out.clone(), detail: e.to_string() })?;
        write(MANIFEST, &text)?;
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
        moved(&self.staging, &self.out)?;
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
