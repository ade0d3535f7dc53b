//! From labelled files to what heads are trained and measured on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::dataset::{
    ABSENT, ASPECT_PREFIX, Dataset, DatasetError, DatasetReader, FieldsReader, LabelledRow, Skipped,
};
use super::recipe::Source;
use crate::model::{Input, Reads};
use crate::text::{self, mail, survey_question};

/// Labels in the order in which people think of them; other label sets stand in alphabetical order.
const ORDERED: [&[&str]; 3] = [&["high", "medium", "low"], &["P1", "P2", "P3", "P4"], &["0", "1", "2", "3"]];

/// What all aspects of a file weigh together, beside 1 for any other head: most comments have few of them.
const ASPECTS_WEIGHT: f64 = 2.0;

/// Most that one row counts.
const MOST_COUNTS: usize = 100;

/// Skipped rows of a file that are told while training.
const SKIPPED_TOLD: usize = 10;

/// A text as the encoder reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    first: Option<String>,
    text: String,
}

impl Words {
    /// Words that stand for themselves, with no question before them.
    pub(super) fn of(text: String) -> Self {
        Self { first: None, text }
    }

    /// The model's input.
    pub fn input(&self) -> Input<'_> {
        match &self.first {
            Some(first) => Input::pair(first, &self.text),
            None => Input::text(&self.text),
        }
    }

    /// All words, for methods that know no pairs.
    pub fn plain(&self) -> String {
        match &self.first {
            Some(first) => format!("{first}\n{}", self.text),
            None => self.text.clone(),
        }
    }
}

/// One task and what is known for it.
#[derive(Debug, Clone)]
pub struct Task {
    /// Name of the head.
    pub name: String,
    /// What it reads.
    pub reads: Reads,
    /// The closed label set.
    pub labels: Vec<String>,
    /// Whether the labels stand in a natural order.
    pub ordered: bool,
    /// Weight of the head while the encoder is tuned.
    pub weight: f64,
    /// How often its rows are read in a pass.
    pub times: f64,
    /// Text and label, as indices.
    pub rows: Vec<(usize, usize)>,
    /// The same for texts that stand in for examples, made of what is said of a label. They are learnt from,
    /// and nothing is measured on them.
    pub described: Vec<(usize, usize)>,
    /// How often a text counts while the head is fitted, where that is not once.
    pub counts: BTreeMap<usize, usize>,
}

impl Task {
    /// A task without rows.
    pub(super) fn new(name: String, labels: Vec<String>, source: &Source) -> Self {
        let mut task = Self {
            name,
            reads: source.reads,
            ordered: false,
            weight: source.weight,
            times: source.times,
            rows: Vec::new(),
            described: Vec::new(),
            counts: BTreeMap::new(),
            labels: Vec::new(),
        };
        task.set_labels(labels);
        task
    }

    /// Gives it these labels, with whether they have an order.
    pub(super) fn set_labels(&mut self, labels: Vec<String>) {
        self.ordered = ORDERED.iter().any(|set| labels.iter().all(|l| set.contains(&l.as_str())));
        self.labels = labels;
    }

    /// Gives it another label set, of which the labels that it has are a part.
    pub(super) fn relabel(&mut self, labels: Vec<String>) {
        let places: Vec<Option<usize>> =
            self.labels.iter().map(|old| labels.iter().position(|new| new == old)).collect();
        self.rows.iter_mut().for_each(|(_, label)| *label = places[*label].unwrap_or(*label));
        self.set_labels(labels);
    }

    /// The texts of the rows at these places, each as often as it counts.
    pub(super) fn texts(&self, places: &[usize]) -> Vec<usize> {
        let texts = places.iter().map(|&place| self.rows[place].0);
        texts
            .flat_map(|text| std::iter::repeat_n(text, self.counts.get(&text).copied().unwrap_or(1)))
            .collect()
    }

    /// Rows of each label.
    pub(super) fn rows_by_label(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        self.rows.iter().for_each(|&(_, label)| counts[label] += 1);
        counts
    }
}

/// Texts with their ids, and the tasks over them.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// The texts.
    pub words: Vec<Words>,
    /// An id for each text, for stable folds.
    pub ids: Vec<String>,
    /// Where each text stands in its file.
    pub places: Vec<Place>,
    /// What is labelled.
    pub tasks: Vec<Task>,
    /// What a person should know about the files, without any text of theirs.
    pub notes: Vec<String>,
    /// Rows that could not be used.
    pub skipped: usize,
    /// The first of them in each file.
    pub skipped_rows: Vec<(PathBuf, Skipped)>,
}

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line on which its row begins, from 1.
    pub line: usize,
    /// The row's subject as written.
    pub subject: String,
}

impl Corpus {
    /// Reads a labelled file into the corpus. With `known`, labels must be those of the given tasks
    /// (measuring a model); else every label that occurs becomes one (training).
    pub fn add(
        &mut self,
        path: &Path,
        source: &Source,
        known: Option<&BTreeMap<String, Vec<String>>>,
    ) -> Result<(), DatasetError> {
        let fields: Vec<String> = source.labels.values().cloned().collect();
        let aspects = if source.aspects { DatasetReader::aspect_names(path)? } else { Vec::new() };
        let mut data = Dataset::load(path, &fields, &aspects)?;
        if let Some(fold) = source.without {
            data.rows.retain(|row| !fold.has(&row.id));
        }
        let shown = path.display();
        self.skipped += data.skipped_count;
        self.skipped_rows.extend(data.skipped.iter().map(|skipped| (path.to_owned(), skipped.clone())));
        self.notes.extend(data.warnings.iter().map(|warning| format!("{shown}: {warning}")));
        let first = self.words.len();
        let counts = match &source.counts {
            Some(field) => row_counts(path, field)?,
            None => BTreeMap::new(),
        };
        for row in &data.rows {
            self.words.push(words(row, source.reads));
            self.ids.push(row.id.clone());
            self.places.push(Place { line: row.line, subject: row.subject.clone() });
        }
        let mut heads: Vec<(String, String)> =
            source.labels.iter().map(|(task, field)| (task.clone(), field.clone())).collect();
        heads.extend(aspects.iter().map(|a| format!("{ASPECT_PREFIX}{a}")).map(|task| (task.clone(), task)));
        for (task, field) in heads {
            let aspect = task.starts_with(ASPECT_PREFIX);
            let labels = match known {
                Some(known) => known.get(&task).cloned().unwrap_or_default(),
                None => {
                    // Descriptions may bring more labels, and are then looked at together with these.
                    if !source.descriptions.contains_key(&task) {
                        data.ensure_learnable(&field)?;
                    }
                    in_order(data.classes(&field))
                }
            };
            if labels.is_empty() {
                continue;
            }
            let mut task = Task::new(task, labels, source);
            if aspect {
                task.weight *= ASPECTS_WEIGHT / aspects.len() as f64;
            }
            let counted = data.rows.iter().enumerate();
            task.counts = counted.filter_map(|(n, row)| Some((first + n, *counts.get(&row.line)?))).collect();
            self.label(task, &field, &data.rows, first);
        }
        Ok(())
    }

    /// Keeps only the texts with an id that is `wanted`.
    pub fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        let kept: Vec<bool> = self.ids.iter().map(|id| wanted(id)).collect();
        let mut places = Vec::with_capacity(kept.len());
        let mut next = 0;
        for kept in &kept {
            places.push(next);
            next += usize::from(*kept);
        }
        retain(&mut self.words, &kept);
        retain(&mut self.ids, &kept);
        retain(&mut self.places, &kept);
        for task in &mut self.tasks {
            task.rows.retain(|(text, _)| kept[*text]);
            task.rows.iter_mut().for_each(|(text, _)| *text = places[*text]);
        }
    }

    /// What a person who trains should know: the first skipped rows of each file, and the notes.
    pub fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        for rows in self.skipped_rows.chunk_by(|a, b| a.0 == b.0) {
            let first = rows.iter().take(SKIPPED_TOLD);
            told.extend(first.map(|(path, skipped)| format!("{}: {skipped}", path.display())));
        }
        if self.skipped > told.len() {
            told.push(format!("rows that were skipped in all: {}", self.skipped));
        }
        told.extend(self.notes.iter().cloned());
        told
    }

    fn label(&mut self, mut task: Task, field: &str, rows: &[LabelledRow], first: usize) {
        let mut unknown = BTreeMap::<&str, usize>::new();
        for (number, row) in rows.iter().enumerate() {
            let Some(label) = row.labels.get(field) else { continue };
            match task.labels.iter().position(|known| known == label) {
                Some(index) => task.rows.push((first + number, index)),
                None => *unknown.entry(label).or_default() += 1,
            }
        }
        for (label, count) in unknown {
            self.notes.push(format!(
                "{count} rows have the label {label:?} for {}, which the bundle does not know; they are left out there",
                task.name
            ));
        }
        self.tasks.push(task);
    }
}

fn retain<T>(list: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    list.retain(|_| kept.next().is_some_and(|kept| *kept));
}

/// Labels as people think of them; `labels` are in alphabetical order.
pub(super) fn in_order(mut labels: Vec<String>) -> Vec<String> {
    if let Some(set) = ORDERED.iter().find(|set| labels.iter().all(|l| set.contains(&l.as_str()))) {
        labels.sort_by_key(|label| set.iter().position(|known| known == label));
    } else if let Some(absent) = labels.iter().position(|label| label == ABSENT) {
        let absent = labels.remove(absent);
        labels.insert(0, absent);
    }
    labels
}

/// How often rows count, by line, where that is more than once; what is no number from 1 to [`MOST_COUNTS`]
/// counts as the nearest.
fn row_counts(path: &Path, field: &str) -> Result<BTreeMap<usize, usize>, DatasetError> {
    let mut rows = FieldsReader::open(path)?;
    let mut counts = BTreeMap::new();
    while let Some((line, fields)) = rows.next_fields()? {
        let value = fields.ok().and_then(|fields| match fields.get(field) {
            Some(serde_json::Value::Number(number)) => number.as_u64(),
            Some(serde_json::Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        });
        if let Some(count) = value.filter(|count| *count > 1) {
            counts.insert(line, usize::try_from(count).unwrap_or(MOST_COUNTS).min(MOST_COUNTS));
        }
    }
    Ok(counts)
}

fn words(row: &LabelledRow, reads: Reads) -> Words {
    match reads {
        Reads::Ticket => {
            let cleaned = mail::clean(&row.body, row.body_format);
            Words { first: None, text: text::with_subject(&row.subject, &cleaned.text) }
        }
        Reads::Survey => Words {
            first: row.question.as_deref().and_then(survey_question).map(str::to_string),
            text: text::with_subject(&row.subject, &row.body),
        },
    }
}
