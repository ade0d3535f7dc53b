//! The encoder of the new bundle: as the base has it, or tuned together with its heads.

use std::cell::RefCell;
use std::path::Path;

use super::base::{Scratch, beside, headless};
use super::corpus::{Corpus, Words};
use super::fit::Linear;
use super::folds::stratified_folds;
use super::recipe::Recipe;
use super::train::{Event, TrainError};
use super::tuning::{HeadShape, Job, Sample, Step, TuneSettings, tune};
use crate::config::InferenceSettings;
use crate::model::weights::Weights;
use crate::model::{Bundle, BundleWriter, Model, Reading};

/// One row in this many is held out where the encoder is tuned, since a fold would be a whole training.
const HELD_OUT: usize = 8;
/// Texts read between two reports of progress.
const CHUNK: usize = 256;

/// The encoder that ships, as a bundle without heads, so that features come from the very weights that are
/// written.
pub(super) struct Prepared {
    pub(super) bundle: Bundle,
    /// The heads that were tuned along, one for each task of the corpus; none on an encoder that was left
    /// as it is.
    pub(super) heads: Vec<Linear>,
    /// Which texts nothing was tuned on: for calibration.
    pub(super) held_out: Vec<bool>,
    /// Removes the bundle when training is over.
    _scratch: Scratch,
}

/// The encoder as the recipe wants it.
pub(super) fn prepare(
    base: &Bundle,
    recipe: &Recipe,
    corpus: &Corpus,
    out: &Path,
    settings: &InferenceSettings,
    watch: &mut dyn FnMut(Event),
) -> Result<Prepared, TrainError> {
    let writer = BundleWriter::new(&beside(out, "encoder"))?;
    writer.encoder_of(base)?;
    let mut heads = Vec::new();
    let mut held_out = vec![false; corpus.words.len()];
    if let Some(tuning) = &recipe.tune {
        held_out = held_out_rows(corpus);
        let mut weights = base.encoder_weights()?;
        heads = tuned(base, tuning, corpus, &held_out, &mut weights, out, settings, watch)?;
        writer.encoder(&weights)?;
    }
    let manifest = base.manifest();
    let bundle = writer.finish(headless(manifest.base.clone(), manifest.encoder.clone()))?;
    let scratch = Scratch(bundle.dir().to_owned());
    Ok(Prepared { bundle, heads, held_out, _scratch: scratch })
}

fn held_out_rows(corpus: &Corpus) -> Vec<bool> {
    let mut labels = vec![String::new(); corpus.words.len()];
    for task in corpus.tasks.iter().rev() {
        for &(text, label) in &task.rows {
            labels[text] = format!("{}/{label}", task.name);
        }
    }
    stratified_folds(&corpus.ids, &labels, HELD_OUT, 0).into_iter().map(|fold| fold == 0).collect()
}

/// Tunes the weights; gives the heads that were trained along.
#[expect(clippy::too_many_arguments, reason = "each is another thing, and there is one caller")]
fn tuned(
    base: &Bundle,
    tuning: &TuneSettings,
    corpus: &Corpus,
    held_out: &[bool],
    weights: &mut Weights,
    out: &Path,
    settings: &InferenceSettings,
    watch: &mut dyn FnMut(Event),
) -> Result<Vec<Linear>, TrainError> {
    let model = Model::load(base.dir(), settings)?;
    let readings = read_all(&model, corpus, "reading texts with the base", watch)?;
    let (held_out, samples) = samples(&model, corpus, &readings, held_out)?;
    drop(model);
    let shape = |task: &super::corpus::Task| HeadShape { labels: task.labels.len(), weight: task.weight };
    let heads: Vec<HeadShape> = corpus.tasks.iter().map(shape).collect();
    let checkpoint = out.with_file_name(format!(
        ".{}.tuning.safetensors",
        out.file_name().map_or_else(|| "bundle".into(), |name| name.to_string_lossy().into_owned())
    ));
    let job = Job {
        spec: &base.manifest().encoder,
        samples: &samples,
        held_out: &held_out,
        heads: &heads,
        settings: tuning,
        threads: settings.worker_count(),
        checkpoint: Some(&checkpoint),
    };
    let watch = RefCell::new(watch);
    let hear = |step| {
        (watch.borrow_mut())(match step {
            Step::Done(done, total) => Event::Progress { stage: "tuning the encoder", done, total },
            Step::Epoch(epoch) => Event::Epoch(epoch),
            Step::Resumed(passes) => {
                Event::Note(format!("an interrupted tuning goes on after pass {passes}"))
            }
        });
    };
    tune(&job, weights, &hear).map_err(TrainError::Tune)
}

/// Texts that are held out, and those to learn from.
fn samples(
    model: &Model,
    corpus: &Corpus,
    readings: &[Reading],
    held_out: &[bool],
) -> Result<(Vec<Sample>, Vec<Sample>), TrainError> {
    let mut labels = vec![vec![None; corpus.tasks.len()]; corpus.words.len()];
    for (number, task) in corpus.tasks.iter().enumerate() {
        for &(text, label) in &task.rows {
            labels[text][number] = u32::try_from(label).ok();
        }
    }
    let (mut kept_back, mut samples) = (Vec::new(), Vec::new());
    for (text, labels) in labels.into_iter().enumerate() {
        let tokens = model.tokenizer().encode(&corpus.words[text].input())?;
        let to = if held_out[text] { &mut kept_back } else { &mut samples };
        to.push(Sample { tokens, labels, embedding: readings[text].embedding() });
    }
    Ok((kept_back, samples))
}

pub(super) fn read_all(
    model: &Model,
    corpus: &Corpus,
    stage: &'static str,
    watch: &mut dyn FnMut(Event),
) -> Result<Vec<Reading>, TrainError> {
    let total = corpus.words.len();
    let mut readings = Vec::with_capacity(total);
    for chunk in corpus.words.chunks(CHUNK) {
        let inputs: Vec<_> = chunk.iter().map(Words::input).collect();
        readings.extend(model.read_blocking(&inputs)?);
        watch(Event::Progress { stage, done: readings.len(), total });
    }
    Ok(readings)
}
