//! Labels given by name and description: texts that stand in for their examples until there are some.
//!
//! A file says of each label of one task what belongs to it. The name, what is said and its parts become
//! described texts of the task. They are nobody's tickets: they tell where a label begins (`prior.rs`), and
//! are never held out, calibrate nothing and open no threshold.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use super::corpus::{Corpus, Place, Task, Words, in_order};
use super::dataset::MAX_CLASSES;
use super::recipe::Source;
pub use file::DescriptionError;
use file::read;

/// Labels that a note names.
const NAMED: usize = 5;

/// A label with the texts that stand in for its examples.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Description {
    label: String,
    texts: Vec<String>,
}

impl Corpus {
    /// Adds what a recipe's file says of its labels, after its rows: labels that have none, and texts.
    pub(super) fn describe(&mut self, source: &Source) -> Result<(), DescriptionError> {
        for (task, path) in &source.descriptions {
            if !source.labels.contains_key(task) {
                let trained = source.labels.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(DescriptionError::UnknownTask {
                    path: path.clone(),
                    task: task.clone(),
                    trained,
                });
            }
            let descriptions = read(path)?;
            let number = match self.tasks.iter().rposition(|known| known.name == *task) {
                Some(number) if source.train.is_some() => number,
                _ => {
                    self.tasks.push(Task::new(task.clone(), Vec::new(), source));
                    self.tasks.len() - 1
                }
            };
            let labels = all_labels(&self.tasks[number], &descriptions);
            if !(2..=MAX_CLASSES).contains(&labels.len()) {
                let (path, task) = (path.clone(), task.clone());
                return Err(DescriptionError::Labels { path, task, labels: labels.len() });
            }
            self.tasks[number].relabel(labels);
            self.notes.extend(notes(&self.tasks[number], &descriptions));
            for description in descriptions {
                self.add_texts(number, description);
            }
        }
        if source.train.is_none() {
            let nothing = |task: &str| Err(DescriptionError::Nothing { task: task.to_owned() });
            let silent = source.labels.keys().find(|task| !source.descriptions.contains_key(*task));
            if let Some(task) = silent {
                return nothing(task);
            }
            if source.aspects || source.labels.is_empty() {
                return nothing("aspects");
            }
        }
        Ok(())
    }

    fn add_texts(&mut self, number: usize, description: Description) {
        let task = &mut self.tasks[number];
        let Some(label) = task.labels.iter().position(|known| *known == description.label) else { return };
        for text in description.texts {
            task.described.push((self.words.len(), label));
            self.ids.push(format!("described/{}/{}", task.name, self.words.len()));
            self.words.push(Words::of(text));
            self.places.push(Place { line: 0, subject: String::new() });
        }
    }
}

/// The labels that rows have and those that are described.
fn all_labels(task: &Task, descriptions: &[Description]) -> Vec<String> {
    let described = descriptions.iter().map(|description| &description.label);
    let distinct: BTreeSet<&String> = task.labels.iter().chain(described).collect();
    in_order(distinct.into_iter().cloned().collect())
}

/// What a person should know of rows and descriptions together.
fn notes(task: &Task, descriptions: &[Description]) -> Vec<String> {
    let described = |label: &str| descriptions.iter().any(|description| description.label == label);
    let mut notes = Vec::new();
    let counts = task.rows_by_label();
    let labels = || task.labels.iter().zip(&counts);
    let bare: Vec<&str> = labels().filter(|(_, rows)| **rows == 0).map(|(label, _)| label.as_str()).collect();
    if !bare.is_empty() {
        notes.push(format!(
            "labels of {} known by their description alone: {} ({}); they are suggested, never automatic, until rows show how far they can be trusted",
            task.name,
            bare.len(),
            named(&bare)
        ));
    }
    let silent: Vec<&str> =
        task.labels.iter().filter(|label| !described(label)).map(String::as_str).collect();
    if !silent.is_empty() {
        notes.push(format!(
            "labels of {} without a description: {} ({}); their rows alone say what they are",
            task.name,
            silent.len(),
            named(&silent)
        ));
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for label in &task.labels {
        let Some(other) = seen.insert(label.to_lowercase(), label) else { continue };
        // Where rows have both, their file has said so.
        if counts[task.labels.iter().position(|known| known == other).unwrap_or(0)] == 0
            || labels().any(|(known, rows)| known == label && *rows == 0)
        {
            notes.push(format!(
                "labels {other:?} and {label:?} of {} differ only in capitals and count as two, one from rows and one from a description; spell them alike",
                task.name
            ));
        }
    }
    notes
}

fn named(labels: &[&str]) -> String {
    let first: Vec<String> = labels.iter().take(NAMED).map(|label| format!("{label:?}")).collect();
    let rest = labels.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}
