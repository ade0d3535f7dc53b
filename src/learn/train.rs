//! Training: a base model and a recipe in, a bundle out.

use std::path::{Path, PathBuf};
use std::thread;

use super::aside::Aside;
pub use super::base::Start;
use super::base::{headless, open};
use super::calibrate::recall_curve;
use super::card::{CardText, card};
use super::corpus::{Corpus, Task};
use super::dataset::DatasetError;
use super::descriptions::DescriptionError;
use super::encoder::{self, Prepared};
use super::folds::stratified_folds;
use super::heads::{Fitted, Split, calibrate, fit_head, thresholds};
use super::judge::{JudgeError, JudgeOptions, judge};
use super::lexical::Lexicon;
use super::onward::Onward;
use super::recipe::Recipe;
use super::tuning::Epoch;
use crate::config::{InferenceSettings, Level, Matrix, Priority};
use crate::model::{
    Bundle, BundleError, BundleWriter, Head, Manifest, Model, ModelError, P1Point, Terms, Thresholds,
};

/// Folds for calibrating heads on a frozen encoder.
const FOLDS: usize = 5;

/// Training that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A labelled file cannot be used.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// Labels cannot be described so.
    #[error(transparent)]
    Descriptions(#[from] DescriptionError),
    /// The base or the new bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The base model cannot read the texts.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A head cannot be fitted.
    #[error("the head {task:?} cannot be fitted: {source}")]
    Fit {
        /// Its task.
        task: String,
        /// What went wrong.
        source: candle_core::Error,
    },
    /// The encoder cannot be tuned.
    #[error("the encoder cannot be tuned: {0}")]
    Tune(candle_core::Error),
    /// The finished bundle cannot be measured.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// A head does not fit the encoder.
    #[error("{0}")]
    Head(String),
    /// A thread that fitted a head broke down.
    #[error("a training thread panicked; please report this")]
    Panicked,
    /// Articles that are to hold the embedding cannot be read.
    #[error("{}: {source}", path.display())]
    Hold {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: std::io::Error,
    },
    /// Tuning is asked for without rows.
    #[error("descriptions alone cannot tune the encoder; leave --tune or [tune] out until there are rows")]
    NothingToTuneOn,
    /// Heads cannot go on where the encoder changes.
    #[error("heads can go on learning only where the encoder stays as it is; leave out [tune] or go_on")]
    GoOnTuned,
    /// The recipe names no file.
    #[error("the recipe names no labelled file; add a [[file]]")]
    NoFiles,
}

/// What happens while training, for whoever watches.
#[derive(Debug, Clone)]
pub enum Event {
    /// A stage begins or goes on.
    Progress {
        /// What is being done.
        stage: &'static str,
        /// How much of it is done.
        done: usize,
        /// Out of this much.
        total: usize,
    },
    /// A pass over the texts is over.
    Epoch(Epoch),
    /// Something a person should know.
    Note(String),
}

/// Trains a bundle into `out`. What stands there now stays until the new one is complete. `watch` hears
/// how it goes.
pub fn train(
    start: &Start,
    recipe: &Recipe,
    out: &Path,
    settings: &InferenceSettings,
    watch: &mut dyn FnMut(Event),
) -> Result<Bundle, TrainError> {
    if recipe.files.iter().all(|file| file.auxiliary) {
        return Err(TrainError::NoFiles);
    }
    let mut corpus = Corpus::default();
    for file in recipe.files.iter().filter(|file| !file.auxiliary) {
        if let Some(train) = &file.train {
            corpus.add(train, file, None)?;
        }
        corpus.describe(file)?;
    }
    if recipe
        .files
        .iter()
        .any(|file| file.auxiliary && (file.train.is_none() || !file.descriptions.is_empty()))
    {
        return Err(DescriptionError::Auxiliary.into());
    }
    if recipe.tune.is_some() && corpus.tasks.iter().any(|task| task.rows.is_empty()) {
        return Err(TrainError::NothingToTuneOn);
    }
    if recipe.go_on && recipe.tune.is_some() {
        return Err(TrainError::GoOnTuned);
    }
    corpus.told().into_iter().for_each(|note| watch(Event::Note(note)));
    let aside = Aside::read(recipe, watch)?;
    let base = open(start, recipe, out)?;
    let onward = recipe.go_on.then(|| Onward::of(&base.bundle, &mut corpus)).transpose()?;
    let encoder = encoder::prepare(&base.bundle, recipe, (&corpus, &aside), out, settings, watch)?;
    let fitted = fit_all(&corpus, &encoder, (recipe, onward.as_ref()), settings.worker_count(), watch)?;
    let bundle = write(recipe, &encoder, &base.bundle, fitted, out)?;
    measure(&bundle, recipe, settings, watch)?;
    Ok(bundle)
}

/// Measures the finished bundle on the files that it was not trained on, and writes its card.
fn measure(
    bundle: &Bundle,
    recipe: &Recipe,
    settings: &InferenceSettings,
    watch: &mut dyn FnMut(Event),
) -> Result<(), TrainError> {
    let model = Model::load(bundle.dir(), settings)?;
    let mut text = CardText { remarks: recipe.remarks.clone(), ..CardText::default() };
    for file in recipe.files.iter().filter(|file| !file.auxiliary) {
        let name =
            |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        text.trained_on.extend(file.train.as_deref().map(name));
        let described = file.descriptions.iter();
        text.trained_on
            .extend(described.map(|(task, path)| format!("{} (descriptions of {task})", name(path))));
        let baseline = file.train.as_deref();
        if let (Some(train), Some(_)) = (baseline, file.without) {
            watch(Event::Note(format!("measuring on what was left out of {}", train.display())));
            let options = JudgeOptions { baseline, fold: file.without, ..JudgeOptions::default() };
            text.reports.push(judge(&model, train, file, &options)?);
        }
        if let Some(dev) = &file.dev {
            watch(Event::Note(format!("measuring on {}", dev.display())));
            let options = JudgeOptions { baseline, ..JudgeOptions::default() };
            text.reports.push(judge(&model, dev, file, &options)?);
        }
    }
    Ok(bundle.write_card(&card(bundle.manifest(), &text))?)
}

struct Trained {
    heads: Vec<Head>,
    /// Its thresholds, and from where on P1 are found.
    priority: Option<(Thresholds, Vec<P1Point>)>,
    /// How the heads see a text's own words, where they do.
    terms: Option<Terms>,
}

fn fit_all(
    corpus: &Corpus,
    encoder: &Prepared,
    (recipe, onward): (&Recipe, Option<&Onward>),
    threads: usize,
    watch: &mut dyn FnMut(Event),
) -> Result<Trained, TrainError> {
    let total = corpus.tasks.len();
    let lexicon = encoder.tuned.is_some().then(|| Lexicon::new(corpus));
    let lexicon = lexicon.as_ref();
    let mut fitted: Vec<Fitted> = Vec::with_capacity(total);
    let numbers: Vec<usize> = (0..total).collect();
    for numbers in numbers.chunks(threads.max(1)) {
        watch(Event::Progress { stage: "fitting heads", done: fitted.len(), total });
        let results: Vec<Result<Fitted, TrainError>> = thread::scope(|scope| {
            let workers: Vec<_> = numbers
                .iter()
                .map(|&number| {
                    scope.spawn(move || fit_one(number, corpus, encoder, lexicon, (recipe, onward)))
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap_or(Err(TrainError::Panicked))).collect()
        });
        for result in results {
            fitted.push(result?);
        }
    }
    let priority = priority_rows(&fitted).map(|rows| {
        let labels = Priority::ALL.map(|priority| priority.label().to_owned());
        let priorities = rows.iter().map(|(truth, p)| (*truth, p.as_slice()));
        let p1 = |(truth, p): &(usize, [f64; 4])| (p[0] as f32, *truth == Priority::P1 as usize);
        let p1 = recall_curve(&rows.iter().map(p1).collect::<Vec<_>>());
        (thresholds(priorities, &labels, recipe.auto_precision), p1)
    });
    let heads = fitted.into_iter().map(|f| f.head).collect();
    Ok(Trained { heads, priority, terms: lexicon.map(|lexicon| lexicon.terms.clone()) })
}

fn fit_one(
    number: usize,
    corpus: &Corpus,
    encoder: &Prepared,
    lexicon: Option<&Lexicon>,
    (recipe, onward): (&Recipe, Option<&Onward>),
) -> Result<Fitted, TrainError> {
    let task = &corpus.tasks[number];
    let features = encoder.features();
    if let Some(tuned) = &encoder.tuned {
        // The head that was tuned along. Rows that it has seen look easier than they are, so they
        // calibrate nothing.
        let linear = tuned.heads[number].clone();
        let (mut held_out, mut terms) = (tuned.held_out[number].clone(), None);
        if let Some(lexicon) = lexicon {
            let lexical = lexicon.fit(task, tuned, &held_out)?;
            (held_out, terms) = (lexical.held_out, lexical.weights);
        }
        let how = "held out from tuning";
        let mut fitted = calibrate(task, linear, features, held_out, (recipe.auto_precision, how), None)?;
        fitted.head = fitted.head.with_terms(terms);
        return Ok(fitted);
    }
    let splits = cross_validation(task, corpus);
    let all: Vec<usize> = (0..task.rows.len()).collect();
    let how = format!("{FOLDS}-fold cross-validation");
    let further = |onward: &Onward| onward.fit(task, corpus, features, &splits, recipe.auto_precision, &how);
    if let Some(fitted) = onward.map(further).transpose()?.flatten() {
        return Ok(fitted);
    }
    fit_head(task, features, &splits, &all, recipe.auto_precision, &how)
}

fn cross_validation(task: &Task, corpus: &Corpus) -> Vec<Split> {
    let keys: Vec<&str> = task.rows.iter().map(|&(text, _)| corpus.ids[text].as_str()).collect();
    let labels: Vec<&str> = task.rows.iter().map(|&(_, label)| task.labels[label].as_str()).collect();
    let folds = stratified_folds(&keys, &labels, FOLDS, 0);
    (0..FOLDS)
        .map(|fold| {
            let (held_out, train) = (0..task.rows.len()).partition(|&place| folds[place] == fold);
            Split { train, held_out }
        })
        .filter(|split| !split.held_out.is_empty() && !split.train.is_empty())
        .collect()
}

/// What the labels of a head for impact or urgency mean; `None` if one of them is no level.
fn levels(fitted: &Fitted) -> Option<Vec<Level>> {
    let level = |label: &String| Level::ALL.into_iter().find(|level| level.label() == label);
    fitted.head.spec().labels.iter().map(level).collect()
}

/// True priority and distribution over P1 to P4, from the held-out distributions over impact and urgency.
fn priority_rows(fitted: &[Fitted]) -> Option<Vec<(usize, [f64; 4])>> {
    let of = |task: &str| fitted.iter().find(|f| f.head.spec().task == task);
    let (impact, urgency) = (of("impact")?, of("urgency")?);
    let urgency_by_text: std::collections::BTreeMap<usize, (usize, &Vec<f64>)> =
        urgency.held_out.iter().map(|(text, label, p)| (*text, (*label, p))).collect();
    let (impact_levels, urgency_levels) = (levels(impact)?, levels(urgency)?);
    let matrix = Matrix::default();
    let mut rows = Vec::new();
    for (text, impact_label, impact_p) in &impact.held_out {
        let (urgency_label, urgency_p) = urgency_by_text.get(text)?;
        let of = |levels: &[Level], p: &[f64], level| {
            levels.iter().zip(p).find(|(known, _)| **known == level).map_or(0.0, |(_, p)| *p)
        };
        let sums = matrix.distribution(
            |level| of(&impact_levels, impact_p, level),
            |level| of(&urgency_levels, urgency_p, level),
        );
        let truth = matrix.priority(impact_levels[*impact_label], urgency_levels[*urgency_label]);
        rows.push((truth as usize, sums));
    }
    Some(rows)
}

fn write(
    recipe: &Recipe,
    encoder: &Prepared,
    base: &Bundle,
    trained: Trained,
    out: &Path,
) -> Result<Bundle, TrainError> {
    let mut heads = trained.heads;
    let mut priority = trained.priority;
    let mut terms = trained.terms;
    // On an encoder that was left as it is, the base's other heads still mean what they meant.
    if encoder.tuned.is_none() && encoder.bundle.manifest().encoder == base.manifest().encoder {
        for head in base.heads()? {
            if !heads.iter().any(|new| new.spec().task == head.spec().task) {
                heads.push(head);
            }
        }
        terms = terms.or(base.terms()?);
        let of_base = base.manifest();
        priority = priority.or(of_base.priority.clone().map(|thresholds| (thresholds, of_base.p1.clone())));
    }
    let writer = BundleWriter::new(out)?;
    writer.encoder_of(&encoder.bundle)?;
    writer.search_of(&encoder.bundle)?;
    writer.heads(&heads, terms.as_ref())?;
    let unproven = |head: &Head| {
        let spec = head.spec();
        ["impact", "urgency"].contains(&spec.task.as_str())
            && spec.labels.iter().any(|label| spec.thresholds.is_never(label))
    };
    if let Some((thresholds, _)) = priority.as_mut().filter(|_| heads.iter().any(unproven)) {
        *thresholds = Thresholds::new(Thresholds::NEVER, thresholds.suggest);
    }
    let (priority, p1) = priority.unzip();
    let manifest = Manifest {
        name: recipe.name.clone(),
        version: recipe.version.clone(),
        languages: recipe.languages.clone(),
        priority,
        p1: p1.unwrap_or_default(),
        heads: heads.iter().map(|head| head.spec().clone()).collect(),
        search: encoder.bundle.manifest().search,
        ..headless(base.manifest().base.clone(), encoder.bundle.manifest().encoder.clone())
    };
    Ok(writer.finish(manifest)?)
}
