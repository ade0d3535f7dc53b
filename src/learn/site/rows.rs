//! Which tickets are trained on.
//!
//! A ticket with final labels is a row. Rows with the same words (after masking) are one, with the newest label.
//! One ticket in five, by a hash of its id, is held out and never trained on, in no training; words that stand on
//! both sides are held out. Of each label the newest rows count, up to a cap. A label that the present bundle does
//! not know needs some rows before it is learnt.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::CATEGORY;
use crate::config::LearningSettings;
use crate::learn::dataset::{MAX_LABEL_CHARS, fold};
use crate::text::masking::{Kind, MaskedText, Masking, mask};
use crate::text::{Format, mail};

/// Fewest tickets with impact and urgency before these two heads go on learning: they were made from thousands.
const LEAST_LEVELS: usize = 100;

/// A ticket with what agents settled on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SettledTicket {
    /// Its id.
    pub id: String,
    /// Subject as written.
    pub subject: String,
    /// Body as written.
    pub body: String,
    /// How the body is written.
    pub body_format: Format,
    /// When it was settled, as far as that is known, else when it came in.
    pub at: Option<Timestamp>,
    /// What agents settled on.
    pub settled: Labels,
    /// What the model had said.
    pub predicted: Labels,
}

/// A ticket's labels by task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Category.
    pub category: Option<String>,
    /// Impact.
    pub impact: Option<String>,
    /// Urgency.
    pub urgency: Option<String>,
}

impl Labels {
    fn of(&self, task: &str) -> Option<String> {
        let label = match task {
            CATEGORY => &self.category,
            "impact" => &self.impact,
            _ => &self.urgency,
        };
        let label = fold(label.as_deref()?);
        (!label.is_empty() && label.chars().count() <= MAX_LABEL_CHARS).then_some(label)
    }
}

/// How rows are chosen.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// The site's settings.
    pub settings: &'a LearningSettings,
    /// What is masked; `None` where the site masks nothing in training.
    pub masking: Option<&'a Masking>,
    /// Task → labels of the present bundle.
    pub known: &'a BTreeMap<String, Vec<String>>,
}

/// Words of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
enum Words {
    #[serde(serialize_with = "masked")]
    Masked(MaskedText),
    AsWritten(String),
}

fn masked<S: serde::Serializer>(text: &MaskedText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.as_str())
}

impl Words {
    fn as_str(&self) -> &str {
        match self {
            Self::Masked(text) => text.as_str(),
            Self::AsWritten(text) => text,
        }
    }
}

/// A row as it stands in a file of the working folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    id: String,
    subject: Words,
    body: Words,
    #[serde(flatten)]
    labels: BTreeMap<String, String>,
    /// Whether the model had said another label.
    correction: bool,
    /// How often it counts.
    count: u8,
    #[serde(skip)]
    at: Option<Timestamp>,
    #[serde(skip)]
    held_out: bool,
}

/// Rows of some tasks that stand in one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) tasks: Vec<&'static str>,
    pub(super) train: Vec<Row>,
    pub(super) held_out: Vec<Row>,
}

/// What is trained on.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub(super) groups: Vec<Group>,
    /// The same in numbers.
    pub selected: Selected,
}

impl Selection {
    /// Whether there is nothing to learn: fewer than two categories with rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let labels = self.selected.labels.iter().filter(|label| !label.left_out && label.rows > 0);
        labels.count() < 2
    }
}

/// What is trained on, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Selected {
    /// Tickets with a final category.
    pub tickets: u64,
    /// Rows that are trained on.
    pub rows: u64,
    /// Rows that are held out.
    pub held_out: u64,
    /// Rows that are trained on whose category agents corrected.
    pub corrections: u64,
    /// Tickets that say the same as another.
    pub duplicates: u64,
    /// Of those, tickets that have another category than the newest with the same words.
    pub contradictions: u64,
    /// Tickets without words.
    pub without_words: u64,
    /// Places that were masked, by kind.
    pub masked: BTreeMap<String, u64>,
    /// The categories, those with most rows first.
    pub labels: Vec<SelectedLabel>,
    /// What a person should know, without words of a ticket.
    pub notes: Vec<String>,
}

/// A category in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SelectedLabel {
    /// The category.
    pub label: String,
    /// Rows that are trained on.
    pub rows: u64,
    /// Rows that are held out.
    pub held_out: u64,
    /// Rows that are trained on which agents corrected to this category.
    pub corrections: u64,
    /// Whether the present bundle knows it.
    pub known: bool,
    /// Whether it has too few rows to be learnt.
    pub left_out: bool,
}

/// Chooses rows among settled tickets.
#[must_use]
pub fn select(tickets: impl IntoIterator<Item = SettledTicket>, rules: &Rules<'_>) -> Selection {
    let tickets: Vec<SettledTicket> = tickets.into_iter().collect();
    let mut selected = Selected::default();
    let mut groups = vec![category(&tickets, rules, &mut selected)];
    groups.extend(levels(&tickets, rules, &mut selected));
    Selection { groups, selected }
}

/// The rows of the category.
fn category(tickets: &[SettledTicket], rules: &Rules<'_>, selected: &mut Selected) -> Group {
    let known = rules.known.get(CATEGORY).map(Vec::as_slice).unwrap_or_default();
    let with = |ticket: &&SettledTicket| ticket.settled.of(CATEGORY).is_some();
    selected.tickets = tickets.iter().filter(with).count() as u64;
    let rows = distinct(tickets, &[CATEGORY], rules, selected);
    let mut by_label: BTreeMap<String, (Vec<Row>, Vec<Row>)> = BTreeMap::new();
    let cap = rules.settings.rows_per_label as usize;
    for row in rows {
        let Some(label) = row.labels.get(CATEGORY).cloned() else { continue };
        let (train, held_out) = by_label.entry(label).or_default();
        let side = if row.held_out { held_out } else { train };
        if side.len() < cap {
            side.push(row);
        }
    }
    let mut group = Group { tasks: vec![CATEGORY], ..Group::default() };
    for (label, (train, held_out)) in by_label {
        let known = known.contains(&label);
        let left_out = !known && train.len() < rules.settings.min_rows;
        selected.labels.push(SelectedLabel {
            rows: train.len() as u64,
            held_out: held_out.len() as u64,
            corrections: train.iter().filter(|row| row.correction).count() as u64,
            label,
            known,
            left_out,
        });
        if !left_out {
            group.train.extend(train);
            group.held_out.extend(held_out);
        }
    }
    selected.rows = group.train.len() as u64;
    selected.held_out = group.held_out.len() as u64;
    selected.corrections = group.train.iter().filter(|row| row.correction).count() as u64;
    selected.labels.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.label.cmp(&b.label)));
    group
}

/// The rows of impact and urgency, where there are enough with both.
fn levels(tickets: &[SettledTicket], rules: &Rules<'_>, selected: &mut Selected) -> Option<Group> {
    let tasks = ["impact", "urgency"];
    let known =
        |task: &str, label: &String| rules.known.get(task).is_some_and(|labels| labels.contains(label));
    let rows = distinct(tickets, &tasks, rules, &mut Selected::default());
    let all = rows.len();
    let mut usable: Vec<Row> =
        rows.into_iter().filter(|row| row.labels.iter().all(|(task, label)| known(task, label))).collect();
    if all > usable.len() {
        let other = all - usable.len();
        selected.notes.push(format!(
            "{other} tickets have an impact or urgency that the bundle does not know; they train neither"
        ));
    }
    if usable.len() < LEAST_LEVELS {
        if !usable.is_empty() {
            selected.notes.push(format!(
                "impact and urgency stay as they are: {} tickets have both, {LEAST_LEVELS} are needed",
                usable.len()
            ));
        }
        return None;
    }
    usable.truncate(9 * rules.settings.rows_per_label as usize);
    let (held_out, train): (Vec<Row>, Vec<Row>) = usable.into_iter().partition(|row| row.held_out);
    let several = |task: &str| train.iter().any(|row| row.labels.get(task) != train[0].labels.get(task));
    if train.is_empty() || !tasks.into_iter().all(several) {
        return None;
    }
    Some(Group { tasks: tasks.to_vec(), train, held_out })
}

/// Rows of tickets that have all these labels, each text once, the newest first.
fn distinct(
    tickets: &[SettledTicket],
    tasks: &[&str],
    rules: &Rules<'_>,
    selected: &mut Selected,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for ticket in tickets {
        let labels: Option<BTreeMap<String, String>> =
            tasks.iter().map(|task| Some(((*task).to_owned(), ticket.settled.of(task)?))).collect();
        let Some(labels) = labels else { continue };
        match row(ticket, labels, rules, selected) {
            Some(row) => rows.push(row),
            None => selected.without_words += 1,
        }
    }
    rows.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let same = (fold(row.subject.as_str()).to_lowercase(), fold(row.body.as_str()).to_lowercase());
        match places.get(&same) {
            Some(&place) => {
                selected.duplicates += 1;
                selected.contradictions += u64::from(kept[place].labels != row.labels);
                kept[place].held_out |= row.held_out;
            }
            None => {
                places.insert(same, kept.len());
                kept.push(row);
            }
        }
    }
    kept
}

/// A ticket as a row; `None` without words.
fn row(
    ticket: &SettledTicket,
    labels: BTreeMap<String, String>,
    rules: &Rules<'_>,
    selected: &mut Selected,
) -> Option<Row> {
    let mut words = |text: &str| match rules.masking {
        Some(masking) => {
            let masked = mask(text, masking);
            for span in &masked.spans {
                *selected.masked.entry(name(span.kind).to_owned()).or_default() += 1;
            }
            Words::Masked(masked.text)
        }
        None => Words::AsWritten(text.to_owned()),
    };
    let subject = words(ticket.subject.trim());
    let body = words(&mail::clean(&ticket.body, ticket.body_format).text);
    if subject.as_str().is_empty() && body.as_str().is_empty() {
        return None;
    }
    let correction =
        labels.iter().any(|(task, label)| ticket.predicted.of(task).is_some_and(|said| said != *label));
    Some(Row {
        id: ticket.id.clone(),
        subject,
        body,
        correction,
        count: if correction { rules.settings.correction_weight } else { 1 },
        at: ticket.at,
        held_out: is_held_out(&ticket.id, rules.settings.held_out_percent),
        labels,
    })
}

fn name(kind: Kind) -> &'static str {
    kind.placeholder().trim_matches(['[', ']'])
}

/// Whether a ticket is never trained on: the same answer on every machine and in every training.
pub(super) fn is_held_out(id: &str, percent: u8) -> bool {
    let digest = Sha256::digest(format!("held out/{id}"));
    let number = digest.iter().take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    number % 100 < u32::from(percent)
}
