//! The encoder of the new bundle: as the base has it, or tuned together with its heads.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::aside::Aside;
use super::base::{Scratch, beside, headless};
use super::corpus::{Corpus, Task, Words};
use super::fit::{Features, Linear};
use super::folds::stratified_folds;
use super::heads::{FeaturesOf, HeldOutRow};
use super::recipe::Recipe;
use super::train::{Event, TrainError};
use super::tuning::{HeadShape, Job, Sample, Step, TuneSettings, Tuned, tune};
use crate::config::InferenceSettings;
use crate::model::weights::Weights;
use crate::model::{Bundle, BundleWriter, Input, Model, Reading, Reads, Tokens};

/// Texts read between two reports of progress.
const CHUNK: usize = 256;

/// The encoder that ships, as a bundle without heads, so that features come from the very weights that are
/// written.
pub(super) struct Prepared {
    pub(super) bundle: Bundle,
    /// What it makes of the corpus's texts.
    features: Features,
    /// What came of tuning; none where the encoder was left as it is.
    pub(super) tuned: Option<TunedHeads>,
    /// Removes the bundle when training is over.
    _scratch: Scratch,
}

/// The heads that were tuned along, one for each task of the corpus.
pub(super) struct TunedHeads {
    pub(super) heads: Vec<Linear>,
    /// For each task what is said of rows that nothing was tuned on, by the first tuning if there were two.
    pub(super) held_out: Vec<Vec<HeldOutRow>>,
    /// Which texts these are.
    pub(super) kept_back: Vec<bool>,
}

impl Prepared {
    pub(super) fn features(&self) -> FeaturesOf<'_> {
        FeaturesOf { rows: &self.features, embedding: self.bundle.manifest().encoder.hidden_size }
    }
}

/// The encoder as the recipe wants it.
pub(super) fn prepare(
    base: &Bundle,
    recipe: &Recipe,
    (corpus, aside): (&Corpus, &Aside),
    out: &Path,
    settings: &InferenceSettings,
    watch: &mut dyn FnMut(Event),
) -> Result<Prepared, TrainError> {
    let Some(tuning) = &recipe.tune else {
        let (bundle, scratch) = written(base, None, out, true)?;
        let features = features(&bundle, corpus, settings, watch)?;
        return Ok(Prepared { bundle, features, tuned: None, _scratch: scratch });
    };
    let held_out = held_out_rows(corpus, tuning.held_out);
    let tuner = Tuner { base, tuning, corpus, aside, out, settings };
    let samples = tuner.samples(watch)?;
    let (kept_back, learnt): (Vec<_>, Vec<_>) =
        samples.iter().cloned().enumerate().partition(|(text, _)| held_out.get(*text) == Some(&true));
    let without = |part: Vec<(usize, Sample)>| part.into_iter().map(|(_, sample)| sample).collect::<Vec<_>>();
    let (mut weights, mut tuned) = tuner.run(&without(learnt), &without(kept_back), None, watch)?;
    let (mut bundle, mut scratch) = written(base, Some(&weights), out, tuning.keep_embedding > 0.0)?;
    let mut read = features(&bundle, corpus, settings, watch)?;
    let of = FeaturesOf { rows: &read, embedding: bundle.manifest().encoder.hidden_size };
    let rows = |(task, head): (&Task, &Linear)| {
        let (held_out, learnt): (Vec<_>, Vec<_>) =
            task.rows.iter().copied().partition(|(text, _)| held_out[*text]);
        of.held_out(task, head, &learnt, &held_out)
    };
    let rows = corpus.tasks.iter().zip(&tuned.heads).map(rows).collect();
    if tuning.refit {
        (weights, tuned) = tuner.run(&samples, &[], Some(tuned.passes), watch)?;
        drop(scratch);
        (bundle, scratch) = written(base, Some(&weights), out, tuning.keep_embedding > 0.0)?;
        read = features(&bundle, corpus, settings, watch)?;
    }
    let tuned = Some(TunedHeads { heads: tuned.heads, held_out: rows, kept_back: held_out });
    Ok(Prepared { bundle, features: read, tuned, _scratch: scratch })
}

/// What an encoder makes of the corpus's texts.
fn features(
    encoder: &Bundle,
    corpus: &Corpus,
    settings: &InferenceSettings,
    watch: &mut dyn FnMut(Event),
) -> Result<Features, TrainError> {
    let model = Model::load(encoder.dir(), settings)?;
    let mut features = Features::new(encoder.manifest().encoder.features());
    for reading in read_all(&model, corpus, "reading texts", watch)? {
        features.push(&reading.features);
    }
    Ok(features)
}

/// The base's encoder with these weights, as a bundle that goes when the guard does. What the base knows about
/// search stays true of an encoder whose embedding was not changed, or was held to the base's.
fn written(
    base: &Bundle,
    weights: Option<&Weights>,
    out: &Path,
    search_stays: bool,
) -> Result<(Bundle, Scratch), TrainError> {
    let writer = BundleWriter::new(&beside(out, "encoder"))?;
    writer.encoder_of(base)?;
    if let Some(weights) = weights {
        writer.encoder(weights)?;
    }
    let manifest = base.manifest();
    let mut headless = headless(manifest.base.clone(), manifest.encoder.clone());
    if search_stays {
        writer.search_of(base)?;
        headless.search = manifest.search;
    }
    let bundle = writer.finish(headless)?;
    let scratch = Scratch(bundle.dir().to_owned());
    Ok((bundle, scratch))
}

/// Which texts are held out, one in so many: folds of a whole tuning each would take too long.
fn held_out_rows(corpus: &Corpus, one_in: usize) -> Vec<bool> {
    let mut labels = vec![String::new(); corpus.words.len()];
    for task in corpus.tasks.iter().rev() {
        for &(text, label) in &task.rows {
            labels[text] = format!("{}/{label}", task.name);
        }
    }
    let mut held_out: Vec<bool> =
        stratified_folds(&corpus.ids, &labels, one_in.max(2), 0).into_iter().map(|fold| fold == 0).collect();
    // What is said of a label is no example of it, and nothing is measured on it.
    let described = corpus.tasks.iter().flat_map(|task| &task.described);
    described.for_each(|(text, _)| held_out[*text] = false);
    held_out
}

/// What every tuning of one training has in common.
struct Tuner<'a> {
    base: &'a Bundle,
    tuning: &'a TuneSettings,
    corpus: &'a Corpus,
    aside: &'a Aside,
    out: &'a Path,
    settings: &'a InferenceSettings,
}

impl Tuner<'_> {
    /// Tunes the base's weights.
    fn run(
        &self,
        samples: &[Sample],
        held_out: &[Sample],
        passes: Option<usize>,
        watch: &mut dyn FnMut(Event),
    ) -> Result<(Weights, Tuned), TrainError> {
        let mut weights = self.base.encoder_weights()?;
        let shape =
            |task: &Task, auxiliary| HeadShape { labels: task.labels.len(), weight: task.weight, auxiliary };
        let own = self.corpus.tasks.iter().map(|task| shape(task, false));
        let auxiliary = self.aside.auxiliary.tasks.iter().map(|task| shape(task, true));
        let heads: Vec<HeadShape> = own.chain(auxiliary).collect();
        let name = self.out.file_name().map_or_else(|| "bundle".into(), |name| name.to_string_lossy());
        let round = if held_out.is_empty() { "all" } else { "part" };
        let checkpoint = self.out.with_file_name(format!(".{name}.tuning-{round}.safetensors"));
        let job = Job {
            spec: &self.base.manifest().encoder,
            samples,
            held_out,
            passes,
            heads: &heads,
            settings: self.tuning,
            threads: self.settings.worker_count(),
            checkpoint: Some(&checkpoint),
        };
        let stage = if held_out.is_empty() { "tuning on all texts" } else { "tuning the encoder" };
        let watch = RefCell::new(watch);
        let hear = |step| {
            (watch.borrow_mut())(match step {
                Step::Done(done, total) => Event::Progress { stage, done, total },
                Step::Epoch(epoch) => Event::Epoch(epoch),
                Step::Resumed(passes) => {
                    Event::Note(format!("an interrupted tuning goes on after pass {passes}"))
                }
                Step::Round(number, of) => Event::Note(format!("tuning {number} of {of}")),
                Step::Mean(wrong, best) => Event::Note(format!(
                    "on held-out texts the mean of all tunings has {wrong} wrong labels, the best of them {best}"
                )),
            });
        };
        let tuned = tune(&job, &mut weights, &hear).map_err(TrainError::Tune)?;
        Ok((weights, tuned))
    }

    /// Every text with its labels, and with what the base makes of it: those of the corpus, of the auxiliary
    /// heads, and the passages.
    fn samples(&self, watch: &mut dyn FnMut(Event)) -> Result<Vec<Sample>, TrainError> {
        let Aside { auxiliary, held } = self.aside;
        let model = Model::load(self.base.dir(), self.settings)?;
        let heads = self.corpus.tasks.len() + auxiliary.tasks.len();
        let mut samples = labelled(&model, self.corpus, (heads, 0))?;
        samples.extend(labelled(&model, auxiliary, (heads, self.corpus.tasks.len()))?);
        // Only tickets are compared with articles and with each other, so only theirs are held to the base's.
        let tickets = self.corpus.tasks.iter().filter(|task| task.reads == Reads::Ticket);
        let mut held_to: BTreeSet<usize> =
            tickets.flat_map(|task| &task.rows).map(|(text, _)| *text).collect();
        held_to.extend(samples.len()..samples.len() + held.len());
        for (passage, times) in held {
            let tokens = model.tokenizer().encode(&Input::text(passage))?;
            samples.push(Sample { tokens, labels: vec![None; heads], embedding: Vec::new(), times: *times });
        }
        let held_to: Vec<usize> = held_to.into_iter().collect();
        for (done, texts) in held_to.chunks(CHUNK).enumerate() {
            let tokens: Vec<Tokens> = texts.iter().map(|&text| samples[text].tokens.clone()).collect();
            for (&text, reading) in texts.iter().zip(model.read_tokens_blocking(&tokens)?) {
                samples[text].embedding = reading.embedding();
            }
            let (stage, done) = ("reading texts with the base", done * CHUNK + texts.len());
            watch(Event::Progress { stage, done, total: held_to.len() });
        }
        Ok(samples)
    }
}

/// The texts of a corpus, whose tasks stand from `first` on among so many heads.
fn labelled(
    model: &Model,
    corpus: &Corpus,
    (heads, first): (usize, usize),
) -> Result<Vec<Sample>, TrainError> {
    let sample = |words: &Words| {
        let tokens = model.tokenizer().encode(&words.input())?;
        Ok(Sample { tokens, labels: vec![None; heads], embedding: Vec::new(), times: 1.0 })
    };
    let mut samples = corpus.words.iter().map(sample).collect::<Result<Vec<_>, TrainError>>()?;
    for (number, task) in corpus.tasks.iter().enumerate() {
        for &(text, label) in task.rows.iter().chain(&task.described) {
            samples[text].labels[first + number] = u32::try_from(label).ok();
            samples[text].times = task.times;
        }
    }
    Ok(samples)
}

/// What the model makes of every text of the corpus.
fn read_all(
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
