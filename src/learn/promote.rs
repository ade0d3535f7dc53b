//! Whether a candidate may take the place of the bundle that answers now.
//!
//! Both are measured on the same labelled rows, task by task, the priority among them. The rule:
//!
//! - **Classes.** No class may lose more than the margin in F1, unless that may be chance: were both
//!   equally good, a loss as great would come in over 5 % of cases (paired randomization, `change.rs`). So
//!   three tickets never decide, however rare the class; in a class with many rows the margin does.
//! - **Heads.** The same holds for accuracy, macro-F1, quadratic kappa where labels have an order, and for
//!   a calibration error that rises.
//! - **Tasks.** No head of the present bundle may be missing.
//!
//! Labels that only one of the two knows count: the other is wrong on their rows.

mod change;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::corpus::{Corpus, Words};
use super::judge::answers::{Answers, Of};
use super::judge::{JudgeError, JudgeOptions};
use super::metrics::MetricError;
use super::recipe::Source;
use crate::config::TriageSettings;
use crate::model::{Model, ModelName};
use change::Sides;
pub use change::{ClassChange, FigureChange, TaskChange};

/// What may be lost unless a site says otherwise.
pub const MARGIN: f64 = 0.02;

/// What two bundles achieve on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The one that answers now.
    pub current: ModelName,
    /// The one that would.
    pub candidate: ModelName,
    /// What may be lost, 0..=1.
    pub margin: f64,
    /// Tasks that both have and that the rows have labels for.
    pub tasks: Vec<TaskChange>,
    /// Heads that the candidate does not have.
    pub missing: Vec<String>,
    /// Tasks that both have but that no row has a label for.
    pub unmeasured: Vec<String>,
    /// What a person should know about the rows.
    pub notes: Vec<String>,
}

impl Comparison {
    /// Why the candidate must not be promoted, as whole sentences; empty where it may be.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|task| format!("the candidate has no head for {task}"));
        missing.chain(self.tasks.iter().flat_map(TaskChange::refusals)).collect()
    }

    /// What was won and lost, as tables of at most 100 columns.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }
}

/// Measures two bundles on labelled files. `sources` names each file with the fields of its labels;
/// `triage` are the site's settings.
///
/// # Errors
/// [`JudgeError`] with what to do, as when judging one bundle.
pub fn compare(
    current: &Model,
    candidate: &Model,
    sources: &[(PathBuf, Source)],
    margin: f64,
    triage: TriageSettings,
) -> Result<Comparison, JudgeError> {
    let known = labels_of_both(current, candidate);
    let corpus = rows(sources, &known)?;
    let options = JudgeOptions { triage, ..JudgeOptions::default() };
    let of_current = answers(current, &corpus, &options)?;
    let of_candidate = answers(candidate, &corpus, &options)?;
    let mut tasks = Vec::new();
    for current in &of_current {
        if let Some(candidate) = of_candidate.iter().find(|other| other.name == current.name) {
            tasks.push(change(current, candidate, margin)?);
        }
    }
    let heads = current.heads().iter().map(|head| head.spec().task.clone());
    let (kept, missing): (Vec<String>, Vec<String>) = heads.partition(|task| candidate.head(task).is_some());
    Ok(Comparison {
        current: current.manifest().model_name(),
        candidate: candidate.manifest().model_name(),
        margin,
        unmeasured: kept.into_iter().filter(|task| !tasks.iter().any(|t| t.task == *task)).collect(),
        tasks,
        missing,
        notes: corpus.told(),
    })
}

/// Labels by task: those of the present bundle, then those that only the candidate has.
fn labels_of_both(current: &Model, candidate: &Model) -> BTreeMap<String, Vec<String>> {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for head in current.heads().iter().chain(candidate.heads()) {
        let labels = known.entry(head.spec().task.clone()).or_default();
        let new: Vec<String> =
            head.spec().labels.iter().filter(|label| !labels.contains(label)).cloned().collect();
        labels.extend(new);
    }
    known
}

/// The rows of all files, each task once.
fn rows(sources: &[(PathBuf, Source)], known: &BTreeMap<String, Vec<String>>) -> Result<Corpus, JudgeError> {
    let mut corpus = Corpus::default();
    for (path, source) in sources {
        corpus.add(path, source, Some(known))?;
    }
    for task in std::mem::take(&mut corpus.tasks) {
        match corpus.tasks.iter_mut().find(|other| other.name == task.name) {
            Some(other) => other.rows.extend(task.rows),
            None => corpus.tasks.push(task),
        }
    }
    corpus.tasks.retain(|task| !task.rows.is_empty());
    Ok(corpus)
}

fn answers(model: &Model, corpus: &Corpus, options: &JudgeOptions<'_>) -> Result<Vec<Answers>, JudgeError> {
    let inputs: Vec<_> = corpus.words.iter().map(Words::input).collect();
    let readings = model.read_blocking(&inputs)?;
    let of = Of { model, corpus, readings: &readings, training: None, options };
    let mut answers: Vec<Answers> = corpus.tasks.iter().filter_map(|task| of.task(task)).collect();
    let priority = of.priority(&answers);
    answers.extend(priority);
    Ok(answers)
}

fn change(current: &Answers, candidate: &Answers, margin: f64) -> Result<TaskChange, MetricError> {
    let sides = Sides {
        labels: current.labels(),
        ordered: current.ordered(),
        truths: current.truths(),
        current: &current.predictions(),
        candidate: &candidate.predictions(),
    };
    sides.change(&current.name, margin)
}
