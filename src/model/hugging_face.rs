//! A Hugging Face folder of a BERT-family encoder as the base of a bundle.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::bundle::BundleError;
use super::manifest::{Base, EncoderSpec};
use super::weights::{self, Weights};

/// The fields of `config.json` that shape the network.
#[derive(Deserialize)]
struct Config {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
}

/// Length limit of the sentence encoder, where the folder has one.
#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: usize,
}

/// A base read from a Hugging Face folder.
#[derive(Debug)]
pub struct HuggingFace {
    /// Shape of the encoder.
    pub spec: EncoderSpec,
    /// Weights without the pooler, which mean pooling does not use.
    pub weights: Weights,
    /// The tokenizer's file.
    pub tokenizer: PathBuf,
    /// Name (the folder's) and licence as given.
    pub base: Base,
}

/// Reads `config.json`, `model.safetensors`, `tokenizer.json` and, if there, `sentence_bert_config.json`.
pub fn read(dir: &Path, name: &str, licence: &str) -> Result<HuggingFace, BundleError> {
    let config: Config = json(&dir.join("config.json"))?;
    if config.model_type != "bert" {
        return Err(BundleError::Broken {
            path: dir.to_owned(),
            detail: format!(
                "model_type {:?} is not supported; give an encoder of type bert",
                config.model_type
            ),
        });
    }
    let sentence = dir.join("sentence_bert_config.json");
    let max_tokens = if sentence.is_file() { json::<SentenceConfig>(&sentence)?.max_seq_length } else { 256 };
    let path = dir.join("model.safetensors");
    let mut weights = weights::read(&path)
        .map_err(|e| BundleError::Broken { path: path.clone(), detail: e.to_string() })?;
    weights.retain(|name, _| !name.contains("pooler."));
    Ok(HuggingFace {
        spec: EncoderSpec {
            architecture: "bert".into(),
            weights: String::new(),
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            layers: config.num_hidden_layers,
            attention_heads: config.num_attention_heads,
            intermediate_size: config.intermediate_size,
            hidden_act: config.hidden_act,
            max_positions: config.max_position_embeddings,
            type_vocab_size: config.type_vocab_size,
            layer_norm_eps: config.layer_norm_eps,
            taps: vec![config.num_hidden_layers],
            max_tokens: max_tokens.min(config.max_position_embeddings),
        },
        weights,
        tokenizer: dir.join("tokenizer.json"),
        base: Base { name: name.to_string(), licence: licence.to_string() },
    })
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, BundleError> {
    let text =
        fs::read_to_string(path).map_err(|source| BundleError::File { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|e| BundleError::Manifest { path: path.to_owned(), detail: e.to_string() })
}
