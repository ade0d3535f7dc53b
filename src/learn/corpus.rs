//! From labelled files to what heads are trained and measured on.

use std::collections::BTreeMap;
use std::path::Path;

use super::dataset::{ABSENT, ASPECT_PREFIX, Dataset, DatasetError, DatasetReader, LabelledRow};
use super::recipe::Source;
use crate::model::{Input, Reads};
use crate::text::{self, mail, survey_question};

/// Labels in the order in which people think of them; other label sets stand in alphabetical order.
const ORDERED: [&[&str]; 3] = [&["high", "medium", "low"], &["P1", "P2", "P3", "P4"], &["0", "1", "2", "3"]];

/// A text as the encoder reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    first: Option<String>,
    text: String,
}

impl Words {
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
    /// Text and label, as indices.
    pub rows: Vec<(usize, usize)>,
}

/// Texts with their ids, and the tasks over them.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// The texts.
    pub words: Vec<Words>,
    /// An id for each text, for stable folds.
    pub ids: Vec<String>,
    /// What is labelled.
    pub tasks: Vec<Task>,
    /// What a person should know about the files, without any text of theirs.
    pub notes: Vec<String>,
    /// Rows that could not be used.
    pub skipped: usize,
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
        let data = Dataset::load(path, &fields, &aspects)?;
        let shown = path.display();
        self.skipped += data.skipped_count;
        self.notes.extend(data.skipped.iter().take(10).map(|skipped| format!("{shown}: {skipped}")));
        self.notes.extend(data.warnings.iter().map(|warning| format!("{shown}: {warning}")));
        let first = self.words.len();
        for row in &data.rows {
            self.words.push(words(row, source.reads));
            self.ids.push(row.id.clone());
        }
        let mut heads: Vec<(String, String)> =
            source.labels.iter().map(|(task, field)| (task.clone(), field.clone())).collect();
        heads.extend(aspects.iter().map(|a| format!("{ASPECT_PREFIX}{a}")).map(|task| (task.clone(), task)));
        for (task, field) in heads {
            let labels = match known {
                Some(known) => known.get(&task).cloned().unwrap_or_default(),
                None => {
                    data.ensure_learnable(&field)?;
                    in_order(data.classes(&field))
                }
            };
            if labels.is_empty() {
                continue;
            }
            let task = Task {
                ordered: ORDERED.iter().any(|set| labels.iter().all(|l| set.contains(&l.as_str()))),
                name: task,
                reads: source.reads,
                weight: source.weight,
                rows: Vec::new(),
                labels,
            };
            self.label(task, &field, &data.rows, first);
        }
        Ok(())
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

fn in_order(mut labels: Vec<String>) -> Vec<String> {
    if let Some(set) = ORDERED.iter().find(|set| labels.iter().all(|l| set.contains(&l.as_str()))) {
        labels.sort_by_key(|label| set.iter().position(|known| known == label));
    } else if let Some(absent) = labels.iter().position(|label| label == ABSENT) {
        let absent = labels.remove(absent);
        labels.insert(0, absent);
    }
    labels
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
