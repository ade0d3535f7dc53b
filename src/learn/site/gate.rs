//! Whether a bundle that was trained on a site's tickets may answer.
//!
//! It must lose nothing that matters (`promote.rs`), on tickets that neither it nor the present bundle was trained
//! on by this site. Beyond that:
//!
//! - **It must gain.** Of the held-out rows on which just one of the two is right, the candidate must be right on
//!   more than chance gives (exact sign test, one-sided, at 5 %); or it finds a label that the present bundle does
//!   not know on two held-out rows at least, and wins more rows than it loses.
//! - **There must be something to learn.** Its accuracy must be above that of always saying the commonest label by
//!   more than chance gives (exact binomial test, one-sided, at 5 %). Where agents' labels have nothing to do with
//!   the words, both bundles are equally wrong about them, and only this tells.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::CATEGORY;
use crate::learn::promote::{Comparison, TaskChange};

/// Chance at or below which a difference is no accident.
const CHANCE: f64 = 0.05;
/// Held-out rows of a new label that have to be found where chance cannot be told from a gain.
const LEAST_FOUND: u64 = 2;

/// What came of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verdict {
    /// Name of the candidate.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Why it must not answer, as whole sentences; empty where it may.
    pub refusals: Vec<String>,
    /// What it gains and loses, by task.
    pub gains: Vec<Gain>,
    /// The comparison in full, as a text of at most 100 columns.
    pub comparison: String,
    /// Seconds that training and comparing took.
    pub seconds: f64,
}

impl Verdict {
    /// Whether the candidate may answer.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.refusals.is_empty()
    }
}

/// A task under both bundles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gain {
    /// The task.
    pub task: String,
    /// Held-out rows.
    pub rows: u64,
    /// Accuracy of the bundle that answers, 0 to 1.
    pub accuracy_before: f64,
    /// Accuracy of the candidate, 0 to 1.
    pub accuracy_after: f64,
    /// Rows that only the candidate has right.
    pub won: u64,
    /// Rows that only the present bundle has right.
    pub lost: u64,
    /// How likely so many of those would be won by chance, 0 to 1.
    pub chance: f64,
    /// Share of the commonest label, 0 to 1.
    pub commonest: f64,
}

impl Gain {
    fn of(task: &TaskChange) -> Self {
        let accuracy = task.figures.iter().find(|figure| figure.name == "accuracy");
        let (won, lost) = task.classes.iter().fold((0, 0), |(w, l), class| (w + class.won, l + class.lost));
        let most = task.classes.iter().map(|class| class.rows).max().unwrap_or(0);
        let rows = task.rows as u64;
        Self {
            task: task.task.clone(),
            rows,
            accuracy_before: accuracy.map_or(0.0, |figure| figure.current),
            accuracy_after: accuracy.map_or(0.0, |figure| figure.candidate),
            won,
            lost,
            chance: at_least(won, won + lost, 0.5),
            commonest: if rows == 0 { 0.0 } else { most as f64 / rows as f64 },
        }
    }

    /// The chance of an accuracy as good by always saying the commonest label.
    fn by_commonest(&self) -> f64 {
        at_least((self.accuracy_after * self.rows as f64).round() as u64, self.rows, self.commonest)
    }
}

/// Why a candidate must not answer, and what it gains. `trained` are the tasks that went on learning; `new` the
/// categories that the present bundle does not know.
pub(super) fn judge(
    comparison: &Comparison,
    trained: &BTreeSet<String>,
    new: &BTreeSet<String>,
    min_held_out: usize,
) -> (Vec<String>, Vec<Gain>) {
    let mut refusals = comparison.refusals();
    let tasks: Vec<&TaskChange> =
        comparison.tasks.iter().filter(|change| trained.contains(&change.task)).collect();
    let gains: Vec<Gain> = tasks.iter().map(|change| Gain::of(change)).collect();
    let category = tasks.iter().zip(&gains).find(|(change, _)| change.task == CATEGORY);
    let rows = category.map_or(0, |(change, _)| change.rows);
    if rows < min_held_out {
        refusals.push(format!(
            "only {rows} tickets with a final category are held out, and {min_held_out} are needed to judge; wait for more, or lower learning.min_held_out"
        ));
    }
    for gain in gains.iter().filter(|gain| gain.rows > 0 && gain.by_commonest() > CHANCE) {
        refusals.push(format!(
            "{}: the labels cannot be told from the words: {:.1} % of the held-out tickets are right, and always saying the commonest label gives {:.1} %",
            gain.task,
            100.0 * gain.accuracy_after,
            100.0 * gain.commonest,
        ));
    }
    let surely = gains.iter().any(|gain| gain.chance <= CHANCE);
    let found = category.is_some_and(|(change, gain)| {
        let classes = change.classes.iter().filter(|class| new.contains(&class.f1.name));
        gain.won > gain.lost && classes.map(|class| class.won).max() >= Some(LEAST_FOUND)
    });
    if !surely && !found {
        let told: Vec<String> = gains
            .iter()
            .map(|gain| format!("{}: {} held-out tickets won, {} lost", gain.task, gain.won, gain.lost))
            .collect();
        refusals.push(format!("nothing is surely gained ({})", told.join("; ")));
    }
    (refusals, gains)
}

/// The chance of `hits` or more among `rows` where each is one with probability `p` (binomial tail).
pub(super) fn at_least(hits: u64, rows: u64, p: f64) -> f64 {
    if hits == 0 || p >= 1.0 {
        return 1.0;
    }
    if p <= 0.0 {
        return 0.0;
    }
    let (mut term, mut sum) = (rows as f64 * (1.0 - p).ln(), 0.0);
    for k in 0..=rows {
        if k >= hits {
            sum += term.exp();
        }
        term += ((rows - k) as f64 / (k + 1) as f64).ln() + (p / (1.0 - p)).ln();
    }
    sum.min(1.0)
}
