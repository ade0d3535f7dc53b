//! Judging a bundle on labelled rows, beside the baseline.

pub(super) mod answers;
mod scope;

use std::collections::BTreeMap;
use std::path::Path;

use answers::{Answers, Of};

use super::corpus::{Corpus, Words};
use super::dataset::DatasetError;
use super::folds::Fold;
use super::metrics::MetricError;
use super::recipe::Source;
use super::report::{EvaluatedModel, EvaluationReport, Group, GroupReport, RowName, SkippedRow};
use crate::config::TriageSettings;
use crate::model::{Model, ModelError};

/// Name under which the priority stands among the tasks of a group.
const PRIORITY: &str = "priority";

/// What the report says where rows that belong to no label were given in vain.
const NO_SCOPE: &str = "no head of this bundle can tell text that belongs to none of its labels; train it again on a hundred rows or more";

/// How to judge.
#[derive(Debug, Clone, Default)]
pub struct JudgeOptions<'a> {
    /// A TF-IDF model is trained on this file and judged on the same rows.
    pub baseline: Option<&'a Path>,
    /// Only rows whose id begins with one of these; all rows where it is empty.
    pub ids: Vec<String>,
    /// Only the rows of this fold, and the TF-IDF model on the others.
    pub fold: Option<Fold>,
    /// Parts of the rows whose key figures are wanted apart.
    pub groups: Vec<Group>,
    /// Rows that belong to no label, to measure how well that is noticed.
    pub out_of_scope: Option<&'a Path>,
    /// Whether rows that are named are named with their subject.
    pub subjects: bool,
    /// The site's thresholds and matrix, which win over the bundle's.
    pub triage: TriageSettings,
}

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
    /// No row is left by the wanted ids and fold.
    #[error("{file}: no row that could be judged has an id that --ids and --fold ask for")]
    NoSuchRows {
        /// The file.
        file: String,
    },
}

/// Judges a bundle on one file. `source` says which fields hold the labels of which tasks.
///
/// # Errors
/// [`JudgeError`] with what to do.
pub fn judge(
    model: &Model,
    data: &Path,
    source: &Source,
    options: &JudgeOptions<'_>,
) -> Result<EvaluationReport, JudgeError> {
    let known: BTreeMap<String, Vec<String>> =
        model.heads().iter().map(|head| (head.spec().task.clone(), head.spec().labels.clone())).collect();
    let corpus = rows_to_judge(data, source, options, &known)?;
    let training = match options.baseline {
        None => None,
        Some(path) => {
            let mut training = Corpus::default();
            let source = Source { without: options.fold.or(source.without), ..source.clone() };
            training.add(path, &source, Some(&known))?;
            Some(training)
        }
    };
    let inputs: Vec<_> = corpus.words.iter().map(Words::input).collect();
    let readings = model.read_blocking(&inputs)?;
    let of = Of { model, corpus: &corpus, readings: &readings, training: training.as_ref(), options };
    let mut answers: Vec<Answers> = corpus.tasks.iter().filter_map(|task| of.task(task)).collect();
    let priority = of.priority(&answers);
    let mut report = report_of(model, data, &corpus, options, &answers, priority.as_ref())?;
    let outside = options.out_of_scope.map(|path| scope::outside(model, path, source)).transpose()?;
    report.scope = of.scopes(outside.as_deref())?;
    if outside.is_some() && report.scope.is_empty() {
        report.warnings.push(NO_SCOPE.into());
    }
    answers.extend(priority);
    for group in &options.groups {
        let of_group = group_report(group, &corpus, &answers)?;
        if of_group.rows == 0 {
            report.warnings.push(format!("the group {:?} has no rows", group.name));
        }
        report.groups.push(of_group);
    }
    Ok(report)
}

fn rows_to_judge(
    data: &Path,
    source: &Source,
    options: &JudgeOptions<'_>,
    known: &BTreeMap<String, Vec<String>>,
) -> Result<Corpus, JudgeError> {
    let mut corpus = Corpus::default();
    corpus.add(data, &Source { without: None, ..source.clone() }, Some(known))?;
    corpus.tasks.retain(|task| !task.rows.is_empty());
    let file = data.display().to_string();
    if corpus.tasks.is_empty() {
        let tasks = known.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(JudgeError::NothingToJudge { file, tasks });
    }
    let begins = |id: &str| options.ids.iter().any(|prefix| id.starts_with(prefix.as_str()));
    corpus.keep(|id| (options.ids.is_empty() || begins(id)) && options.fold.is_none_or(|fold| fold.has(id)));
    corpus.tasks.retain(|task| !task.rows.is_empty());
    if corpus.tasks.is_empty() {
        return Err(JudgeError::NoSuchRows { file });
    }
    Ok(corpus)
}

fn report_of(
    model: &Model,
    data: &Path,
    corpus: &Corpus,
    options: &JudgeOptions<'_>,
    answers: &[Answers],
    priority: Option<&Answers>,
) -> Result<EvaluationReport, MetricError> {
    let rows: Vec<RowName> = corpus
        .ids
        .iter()
        .zip(&corpus.places)
        .map(|(id, place)| RowName {
            id: id.clone(),
            line: place.line,
            subject: options.subjects.then(|| place.subject.clone()),
        })
        .collect();
    let mut warnings = corpus.notes.clone();
    let mut point = |floor| match model.manifest().p1_from(floor, &options.triage.matrix) {
        Ok(point) => Some((floor, point)),
        Err(no_floor) => {
            warnings.push(no_floor.to_string());
            None
        }
    };
    let floor = options.triage.p1_recall_floor.filter(|_| priority.is_some()).and_then(&mut point);
    let name = model.manifest().model_name();
    let tasks = answers.iter().map(|task| Ok((task.name.clone(), task.report(&rows)?)));
    let skipped = corpus.skipped_rows.iter();
    Ok(EvaluationReport {
        model: EvaluatedModel { name: name.name, version: name.version, taxonomy: name.taxonomy },
        data: match options.fold {
            Some(fold) => format!("{}, fold {fold}", file_name(data)),
            None => file_name(data),
        },
        rows: corpus.words.len(),
        skipped: corpus.skipped,
        skipped_rows: skipped
            .map(|(_, row)| SkippedRow { line: row.line, reason: row.reason.to_string() })
            .collect(),
        tasks: tasks.collect::<Result<_, MetricError>>()?,
        priority: priority.map(|answers| answers.priority_report(&rows, floor)).transpose()?,
        groups: Vec::new(),
        scope: BTreeMap::new(),
        warnings,
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn group_report(group: &Group, corpus: &Corpus, answers: &[Answers]) -> Result<GroupReport, MetricError> {
    let belongs: Vec<bool> = corpus.ids.iter().map(|id| group.has(id)).collect();
    let tasks = answers.iter().map(|task| Ok((task.name.clone(), task.key_figures(&belongs)?)));
    Ok(GroupReport {
        name: group.name.clone(),
        prefixes: group.prefixes.clone(),
        rows: belongs.iter().filter(|belongs| **belongs).count(),
        tasks: tasks.collect::<Result<_, MetricError>>()?,
    })
}
