//! The model: text in, numbers out.
//!
//! A [`Model`] is a loaded bundle with its worker threads. One encoder pass per text serves every
//! head and the embedding. This room knows nothing of tickets, articles, HTTP or storage.

mod bundle;
mod encoder;
mod head;
mod hugging_face;
mod manifest;
mod p1;
mod packed;
mod queue;
mod scope;
mod search;
mod shelf;
mod terms;
#[cfg(test)]
pub(crate) mod testing;
mod tokenizer;
pub mod weights;
mod workers;
mod writer;

use std::path::Path;
use std::sync::Arc;

pub use bundle::{Bundle, BundleError, FORMAT, digest};
pub use encoder::{CandleEncoder, Desk, Encoder};
pub use head::{Distribution, Head};
pub use hugging_face::read as read_hugging_face;
pub use manifest::{Base, EncoderSpec, HeadSpec, Limits, Manifest, ModelName, Reads, Thresholds};
pub use p1::{NoFloor, P1Point};
pub use packed::PackedEncoder;
pub use queue::Lane;
pub use scope::{Means, Scope, Signs, Spread};
use search::unit;
pub use search::{AnswerProjections, AnswerSpec, Projection, SearchSpec, SearchWeights};
pub use shelf::{Promoted, Shelf, ShelfError};
pub use terms::{TermRow, TermWeights, Terms};
pub use tokenizer::{Input, Tokenizer, Tokens};
pub use workers::Workers;
pub use writer::BundleWriter;

use crate::config::InferenceSettings;

/// A text could not be read by the model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The queue is full.
    #[error("the model has as much to do as it may queue; try again in {retry_after_s} s")]
    Overloaded {
        /// Seconds until the queue should have room, at least 1.
        retry_after_s: u64,
    },
    /// The workers have been told to stop.
    #[error("the model is being shut down")]
    Stopped,
    /// The tokenizer refused the text.
    #[error("the text cannot be split into tokens: {0}")]
    Tokenizer(String),
    /// The forward pass failed.
    #[error("the forward pass failed: {0}")]
    Inference(String),
}

/// What one encoder pass yields for one text.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What heads see: the mean hidden state over the tokens at each of the encoder's taps, the last
    /// layer's at the end; not normalised.
    pub features: Vec<f32>,
    /// The text's own words, where the bundle's heads look at them.
    pub terms: TermRow,
    hidden_size: usize,
    /// Tokens that were read, the two or three special ones included.
    pub tokens: usize,
    /// Whether words had to be left out.
    pub truncated: bool,
}

impl Reading {
    /// The embedding: the last layer's mean scaled to unit length, so that a dot product is the cosine.
    pub fn embedding(&self) -> Vec<f32> {
        unit(self.features[self.features.len().saturating_sub(self.hidden_size)..].to_vec())
    }
}

/// A loaded bundle with its workers.
#[derive(Debug)]
pub struct Model {
    bundle: Bundle,
    heads: Vec<Head>,
    tokenizer: Tokenizer,
    terms: Option<Terms>,
    search: Option<SearchWeights>,
    workers: Workers,
}

impl Model {
    /// Loads a bundle, checks every file against its checksum, starts the workers and runs one
    /// forward pass, so that the first request is not the slow one.
    pub fn load(dir: &Path, settings: &InferenceSettings) -> Result<Self, BundleError> {
        let bundle = Bundle::open(dir)?;
        let heads = bundle.heads()?;
        let encoder = bundle.encoder(settings)?;
        Self::assemble(bundle, heads, encoder, settings)
    }

    fn assemble(
        bundle: Bundle,
        heads: Vec<Head>,
        encoder: Arc<dyn Encoder>,
        settings: &InferenceSettings,
    ) -> Result<Self, BundleError> {
        let tokenizer = bundle.tokenizer()?;
        let workers = Workers::start(encoder, settings).map_err(|e| bundle.broken(e.to_string()))?;
        let terms = bundle.terms()?;
        let search = bundle.search()?;
        let model = Self { bundle, heads, tokenizer, terms, search, workers };
        let warm_up = [Input::text("warm up")];
        model.read_blocking(&warm_up).map_err(|e| model.bundle.broken(e.to_string()))?;
        Ok(model)
    }

    /// The manifest of the bundle.
    pub fn manifest(&self) -> &Manifest {
        self.bundle.manifest()
    }

    /// The bundle this model was loaded from.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The head for `task`, if the bundle has it.
    pub fn head(&self, task: &str) -> Option<&Head> {
        self.heads.iter().find(|head| head.spec().task == task)
    }

    /// All heads, in the bundle's order.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// How the search turns embeddings, where the bundle says so.
    pub fn projection(&self) -> Option<&Projection> {
        self.search.as_ref().map(|search| &search.projection)
    }

    /// What tells whether a passage answers a ticket, where the bundle has learnt that.
    pub fn answers(&self) -> Option<&AnswerProjections> {
        self.search.as_ref()?.answers.as_ref()
    }

    /// Names the encoder and its weights: embeddings of two models may be compared only when equal.
    pub fn encoder_id(&self) -> &str {
        self.bundle.encoder_id()
    }

    /// Names the projection: the SHA-256 of its file.
    pub fn projection_id(&self) -> Option<&str> {
        self.manifest().files.get(bundle::SEARCH).map(String::as_str)
    }

    /// The tokenizer, for those who need ids rather than features.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How many worker threads there are: as many as the settings grant.
    pub fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// Tokens that wait for a worker now.
    pub fn queued_tokens(&self) -> usize {
        self.workers.queued_tokens()
    }

    /// Tokens that were given to the encoder since the start, those of the warm-up included. A text
    /// whose caller left while it waited is not among them.
    pub fn tokens_read(&self) -> u64 {
        self.workers.taken_tokens()
    }

    /// Reads texts without blocking the caller's thread; one [`Reading`] for each input, in order.
    /// Dropping the future withdraws what has not been started. `Lane::Bulk` waits for room
    /// instead of failing with [`ModelError::Overloaded`]; it and `Lane::Spare` always let requests pass.
    #[tracing::instrument(name = "model.read", target = "span", skip_all, fields(texts = inputs.len()))]
    pub async fn read(&self, inputs: &[Input<'_>], lane: Lane) -> Result<Vec<Reading>, ModelError> {
        let texts = self.tokenize(inputs)?;
        let mut replies = Vec::with_capacity(texts.len());
        match lane {
            // Admitted whole or not at all.
            Lane::Interactive => replies = self.workers.submit(&texts)?,
            Lane::Spare => replies = self.workers.submit_spare(&texts)?,
            Lane::Bulk => {
                for chunk in texts.chunks(BULK_CHUNK) {
                    replies.extend(self.workers.submit_when_room(chunk).await?);
                }
            }
        }
        let mut readings = Vec::with_capacity(texts.len());
        // While the workers read.
        let terms: Vec<TermRow> = inputs.iter().map(|input| self.terms_of(input)).collect();
        for ((text, terms), reply) in texts.iter().zip(terms).zip(replies) {
            let features = reply.await.map_err(|_| ModelError::Stopped)??;
            readings.push(Reading { terms, ..self.reading(text, features) });
        }
        Ok(readings)
    }

    /// [`Model::read`] on the bulk lane for callers that are not async (commands, training).
    pub fn read_blocking(&self, inputs: &[Input<'_>]) -> Result<Vec<Reading>, ModelError> {
        let mut readings = self.read_tokens_blocking(&self.tokenize(inputs)?)?;
        for (reading, input) in readings.iter_mut().zip(inputs) {
            reading.terms = self.terms_of(input);
        }
        Ok(readings)
    }

    /// [`Model::read_blocking`] for texts that are in tokens already; their own words are not seen.
    pub fn read_tokens_blocking(&self, texts: &[Tokens]) -> Result<Vec<Reading>, ModelError> {
        let rows = self.workers.read_blocking(texts)?;
        Ok(texts.iter().zip(rows).map(|(text, features)| self.reading(text, features)).collect())
    }

    fn tokenize(&self, inputs: &[Input<'_>]) -> Result<Vec<Tokens>, ModelError> {
        inputs.iter().map(|input| self.tokenizer.encode(input)).collect()
    }

    fn terms_of(&self, input: &Input<'_>) -> TermRow {
        self.terms.as_ref().map_or(TermRow::new(), |terms| terms.row(input))
    }

    fn reading(&self, tokens: &Tokens, features: Vec<f32>) -> Reading {
        let hidden_size = self.manifest().encoder.hidden_size;
        Reading {
            features,
            terms: TermRow::new(),
            hidden_size,
            tokens: tokens.ids.len(),
            truncated: tokens.truncated,
        }
    }
}

/// Texts that bulk work puts into the queue at a time, where others look for room too.
const BULK_CHUNK: usize = 64;
