//! Judging a bundle on labelled rows, beside the baseline.

use std::collections::BTreeMap;
use std::path::Path;

use super::baseline::{Baseline, BaselineSettings};
use super::corpus::{Corpus, Task};
use super::dataset::DatasetError;
use super::metrics::MetricError;
use super::recipe::Source;
use super::report::{
    EvaluatedModel, EvaluationReport, Prediction, PriorityReport, TaskReport, TaskResults, Thresholds,
};
use crate::config::{Level, Matrix};
use crate::model::{Model, ModelError, Reading};

/// Judging that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A labelled file cannot be used.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The model cannot read the texts.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A figure cannot be computed.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// No label field of the file belongs to a head of the bundle.
    #[error(
        "{file}: none of its fields holds labels of this bundle's tasks ({tasks})\n  Name a task's field with --label-field TASK=FIELD, or use the bundle that was trained for it."
    )]
    NothingToJudge {
        /// The file.
        file: String,
        /// What the bundle knows.
        tasks: String,
    },
}

/// Judges a bundle on one file. `source` says which fields hold the labels of which tasks; with
/// `baseline`, a TF-IDF model is trained on that file and judged on the same rows.
pub fn judge(
    model: &Model,
    data: &Path,
    source: &Source,
    baseline: Option<&Path>,
) -> Result<EvaluationReport, JudgeError> {
    let known: BTreeMap<String, Vec<String>> =
        model.heads().iter().map(|head| (head.spec().task.clone(), head.spec().labels.clone())).collect();
    let mut corpus = Corpus::default();
    corpus.add(data, source, Some(&known))?;
    corpus.tasks.retain(|task| !task.rows.is_empty());
    if corpus.tasks.is_empty() {
        return Err(JudgeError::NothingToJudge {
            file: data.display().to_string(),
            tasks: known.into_keys().collect::<Vec<_>>().join(", "),
        });
    }
    let training = match baseline {
        None => None,
        Some(path) => {
            let mut training = Corpus::default();
            training.add(path, source, Some(&known))?;
            Some(training)
        }
    };
    let inputs: Vec<_> = corpus.words.iter().map(super::corpus::Words::input).collect();
    let readings = model.read_blocking(&inputs)?;
    let mut judged = Judged::default();
    for task in &corpus.tasks {
        judged.add(model, task, &corpus, &readings, training.as_ref())?;
    }
    let name = model.manifest().model_name();
    Ok(EvaluationReport {
        model: EvaluatedModel { name: name.name, version: name.version, taxonomy: name.taxonomy },
        data: data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        rows: corpus.words.len(),
        skipped: corpus.skipped,
        priority: judged.priority()?,
        tasks: judged.tasks,
        warnings: corpus.notes,
    })
}

/// Probabilities for the texts of a task, in the order of its rows.
type Distributions = Vec<Vec<f64>>;

#[derive(Default)]
struct Judged {
    tasks: BTreeMap<String, TaskReport>,
    /// Of impact and urgency.
    levels: BTreeMap<String, Levels>,
}

/// What is known and said of one of impact and urgency.
struct Levels {
    /// Text → place in the lists below.
    places: BTreeMap<usize, usize>,
    truths: Vec<String>,
    model: Distributions,
    baseline: Option<Distributions>,
}

impl Judged {
    fn add(
        &mut self,
        model: &Model,
        task: &Task,
        corpus: &Corpus,
        readings: &[Reading],
        training: Option<&Corpus>,
    ) -> Result<(), JudgeError> {
        let Some(head) = model.head(&task.name) else { return Ok(()) };
        let of_model: Distributions = task
            .rows
            .iter()
            .map(|&(text, _)| {
                let distribution = head.distribution(&readings[text].features);
                distribution.probabilities().iter().map(|p| f64::from(*p)).collect()
            })
            .collect();
        let of_baseline = training.and_then(|training| baseline_says(task, corpus, training));
        let truths: Vec<usize> = task.rows.iter().map(|&(_, label)| label).collect();
        let predictions = most_likely(&of_model);
        let baseline = of_baseline.as_ref().map(most_likely);
        let spec = head.spec();
        let report = TaskReport::new(&TaskResults {
            labels: &task.labels,
            ordered: task.ordered,
            truths: &truths,
            predictions: &predictions,
            baseline: baseline.as_deref(),
            thresholds: Some(Thresholds { auto: spec.thresholds.auto, suggest: spec.thresholds.suggest }),
        })?;
        self.tasks.insert(task.name.clone(), report);
        if matches!(task.name.as_str(), "impact" | "urgency") {
            let places = task.rows.iter().enumerate().map(|(place, &(text, _))| (text, place)).collect();
            let truths = task.rows.iter().map(|&(_, label)| task.labels[label].clone()).collect();
            let levels = Levels { places, truths, model: of_model, baseline: of_baseline };
            self.levels.insert(task.name.clone(), levels);
        }
        Ok(())
    }

    /// The priority by the default matrix, where a file has labels for impact and urgency.
    fn priority(&self) -> Result<Option<PriorityReport>, MetricError> {
        let (Some(impact), Some(urgency)) = (self.levels.get("impact"), self.levels.get("urgency")) else {
            return Ok(None);
        };
        let mut truths = Vec::new();
        let mut says = Vec::new();
        let mut baseline = Vec::new();
        for (text, &i) in &impact.places {
            let Some(&u) = urgency.places.get(text) else { continue };
            let (Some(true_impact), Some(true_urgency)) =
                (level(&impact.truths[i]), level(&urgency.truths[u]))
            else {
                continue;
            };
            truths.push(Matrix::default().priority(true_impact, true_urgency) as usize);
            says.push(likeliest_priority(&impact.model[i], &urgency.model[u]));
            if let (Some(impact), Some(urgency)) = (&impact.baseline, &urgency.baseline) {
                baseline.push(likeliest_priority(&impact[i], &urgency[u]));
            }
        }
        let baseline = (!baseline.is_empty()).then_some(baseline.as_slice());
        PriorityReport::new(&truths, &says, baseline).map(Some)
    }
}

fn level(label: &str) -> Option<Level> {
    Level::ALL.into_iter().find(|level| level.label() == label)
}

/// As triage does it: P(priority) is summed over the cells of the matrix. Labels stand high, medium, low.
fn likeliest_priority(impact: &[f64], urgency: &[f64]) -> usize {
    let of = |p: &[f64], level: Level| p.get(level as usize).copied().unwrap_or(0.0);
    let sums = Matrix::default().distribution(|level| of(impact, level), |level| of(urgency, level));
    (0..sums.len()).fold(0, |best, next| if sums[next] > sums[best] { next } else { best })
}

fn most_likely(says: &Distributions) -> Vec<Prediction> {
    says.iter().filter_map(|probabilities| Prediction::most_likely(probabilities)).collect()
}

/// What a baseline trained on `training` says about the rows of `task`; `None` where it cannot be trained.
fn baseline_says(task: &Task, corpus: &Corpus, training: &Corpus) -> Option<Distributions> {
    let of_training = training.tasks.iter().find(|other| other.name == task.name)?;
    let texts: Vec<String> = of_training.rows.iter().map(|&(text, _)| training.words[text].plain()).collect();
    let labels: Vec<usize> = of_training.rows.iter().map(|&(_, label)| label).collect();
    let baseline = Baseline::train(&texts, &labels, task.labels.len(), &BaselineSettings::default()).ok()?;
    Some(task.rows.iter().map(|&(text, _)| baseline.predict(&corpus.words[text].plain())).collect())
}
