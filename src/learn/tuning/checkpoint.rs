//! A tuning that was interrupted goes on after its last whole pass.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use candle_core::{Error, Result};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};
use sha2::{Digest, Sha256};

use super::Job;
use super::trainer::Trainer;
use crate::model::weights::Weights;

/// How far a tuning has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Progress {
    /// Whole passes.
    pub(super) passes: usize,
    /// Since so many passes the held-out texts went no better.
    pub(super) stale: usize,
    /// The best share of wrong labels on held-out texts, and the numbers that gave it.
    pub(super) best: Option<Best>,
}

/// The state that did best on held-out texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Best {
    pub(super) wrong: usize,
    pub(super) pass: usize,
    pub(super) encoder: Vec<f32>,
    pub(super) heads: Vec<f32>,
}

/// What a checkpoint must have been made from to be gone on with: settings, texts, labels and weights.
pub(super) fn fingerprint(job: &Job<'_>, weights: &Weights) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?} {} {:?} ", job.settings, job.heads, job.threads, job.passes));
    for sample in job.samples.iter().chain(job.held_out) {
        hash.update(format!("{:?} {:?} {} ", sample.tokens.ids, sample.labels, sample.times));
    }
    let mut names: Vec<&String> = weights.keys().collect();
    names.sort();
    for name in names {
        let sum = weights[name].flatten_all()?.to_dtype(candle_core::DType::F64)?.sqr()?.sum_all()?;
        hash.update(format!("{name} {} ", sum.to_scalar::<f64>()?));
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes how far the tuning has come; what stood there stays until the new one is whole.
pub(super) fn save(path: &Path, fingerprint: &str, trainer: &Trainer, progress: &Progress) -> Result<()> {
    let mut parts: Vec<(&str, &[f32])> = vec![
        ("encoder", trainer.network.tuned()),
        ("encoder.mean", &trainer.optimizer.mean),
        ("encoder.square", &trainer.optimizer.square),
        ("heads", &trainer.heads.numbers),
        ("heads.mean", &trainer.heads.optimizer.mean),
        ("heads.square", &trainer.heads.optimizer.square),
    ];
    if let Some(best) = &progress.best {
        parts.extend([("best.encoder", best.encoder.as_slice()), ("best.heads", best.heads.as_slice())]);
    }
    let bytes: Vec<(&str, Vec<u8>)> = parts
        .into_iter()
        .map(|(name, part)| (name, part.iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let views: BTreeMap<&str, TensorView<'_>> = bytes
        .iter()
        .map(|(name, bytes)| {
            Ok((*name, TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map_err(Error::wrap)?))
        })
        .collect::<Result<_>>()?;
    let of_best = |number: fn(&Best) -> usize| {
        progress.best.as_ref().map_or(String::new(), |best| number(best).to_string())
    };
    let notes = [
        ("fingerprint", fingerprint.to_owned()),
        ("passes", progress.passes.to_string()),
        ("stale", progress.stale.to_string()),
        ("wrong", of_best(|best| best.wrong)),
        ("best pass", of_best(|best| best.pass)),
        ("step", trainer.optimizer.step.to_string()),
    ];
    let notes: HashMap<String, String> = notes.map(|(key, value)| (key.to_owned(), value)).into();
    let unfinished = path.with_extension("unfinished");
    serialize_to_file(views, Some(notes), &unfinished).map_err(Error::wrap)?;
    fs::rename(&unfinished, path).map_err(Error::wrap)
}

/// Puts the trainer where a checkpoint of the same training left it; `None` where there is none. One of
/// another training is left alone until it is written over.
pub(super) fn load(path: &Path, fingerprint: &str, trainer: &mut Trainer) -> Option<Progress> {
    let bytes = fs::read(path).ok()?;
    let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
    let notes = header.metadata().as_ref()?;
    let number = |key: &str| notes.get(key)?.parse::<usize>().ok();
    if notes.get("fingerprint").map(String::as_str) != Some(fingerprint) {
        return None;
    }
    let tensors = SafeTensors::deserialize(&bytes).ok()?;
    let numbers = |name: &str, len: usize| -> Option<Vec<f32>> {
        let data = tensors.tensor(name).ok()?.data();
        let (words, _) = data.as_chunks::<4>();
        (words.len() == len).then(|| words.iter().map(|word| f32::from_le_bytes(*word)).collect())
    };
    let (encoder, heads) = (trainer.network.len(), trainer.heads.numbers.len());
    let best = match number("wrong") {
        Some(wrong) => Some(Best {
            wrong,
            pass: number("best pass")?,
            encoder: numbers("best.encoder", encoder)?,
            heads: numbers("best.heads", heads)?,
        }),
        None => None,
    };
    let [tuned, mean, square] =
        ["encoder", "encoder.mean", "encoder.square"].map(|name| numbers(name, encoder));
    let [of_heads, heads_mean, heads_square] =
        ["heads", "heads.mean", "heads.square"].map(|name| numbers(name, heads));
    let step = i32::try_from(number("step")?).ok()?;
    let progress = Progress { passes: number("passes")?, stale: number("stale")?, best };
    // All of it or nothing.
    let (tuned, mean, square) = (tuned?, mean?, square?);
    let (of_heads, heads_mean, heads_square) = (of_heads?, heads_mean?, heads_square?);
    trainer.network.set_tuned(&tuned);
    (trainer.optimizer.mean, trainer.optimizer.square) = (mean, square);
    trainer.heads.numbers = of_heads;
    (trainer.heads.optimizer.mean, trainer.heads.optimizer.square) = (heads_mean, heads_square);
    (trainer.optimizer.step, trainer.heads.optimizer.step) = (step, step);
    Some(progress)
}
