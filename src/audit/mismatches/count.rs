//! One ticket judged, and many counted.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use utoipa::ToSchema;

use super::weights::{self, CATEGORY, SUSPECTED};
use super::{LedgerGroup, Question, Task};
use crate::config::{Level, Matrix, Priority};
use crate::store::{FinalLabels, TicketLabels};

/// Tickets that a group shows.
const MAX_EVIDENCE: usize = 10;
/// Mistakes that are shown for each label.
const MAX_PAIRS: usize = 20;
/// Different mistakes that are counted; free text in the place of a label must not fill the memory.
const MAX_COUNTED: usize = 10_000;

/// What was found of one label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MismatchCounts)]
pub struct TaskCounts {
    /// Tickets with a submitted and a settled label.
    pub compared: u64,
    /// Of these, those whose submitted label was wrong.
    pub wrong: u64,
    /// Of the wrong ones, those whose right label the model had predicted.
    pub caught: u64,
    /// Tickets with a predicted and a settled label, among those with a submitted one.
    pub predicted_compared: u64,
    /// Of these, those whose predicted label was wrong.
    pub predicted_wrong: u64,
    /// Tickets without a settled label where the model is sure that the submitted one is wrong.
    pub suspected: u64,
    /// Of wrong and suspected priorities, those submitted lower than right; 0 of categories.
    pub under: u64,
    /// Of these, those that were P1.
    pub under_p1: u64,
    /// Of wrong and suspected priorities, those submitted higher than right; 0 of categories.
    pub over: u64,
    /// Submitted labels that are not of the set and were not compared.
    pub not_comparable: u64,
}

/// A ticket whose submitted label is wrong or suspected.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MismatchEvidence)]
pub struct Evidence {
    /// The ticket.
    pub ticket_id: String,
    /// Which label.
    pub task: Task,
    /// What the submitter chose.
    pub submitted: String,
    /// What the model said; null where it was not asked.
    pub predicted: Option<String>,
    /// What agents settled on; null where it is only suspected.
    pub settled: Option<String>,
    /// What it costs by the weights.
    pub cost: f64,
}

/// A mistake that is made again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WrongPair {
    /// Which label.
    pub task: Task,
    /// What was submitted.
    pub submitted: String,
    /// What was settled.
    pub settled: String,
    /// On how many tickets.
    pub tickets: u64,
}

/// What is found of one label of one ticket.
#[derive(Debug)]
pub(super) struct Verdict {
    task: Task,
    submitted: String,
    predicted: Option<String>,
    settled: Option<String>,
    /// Whether it is not of the set.
    strange: bool,
    /// Whether the submitted label is wrong or suspected, and what that costs.
    cost: f64,
    /// Submitted lower (greater) or higher (less) than right.
    way: Ordering,
    /// Whether the right priority is P1.
    p1: bool,
}

/// Compares labels as a question asks.
pub(super) struct Judge<'a> {
    categories: &'a BTreeSet<String>,
    matrix: &'a Matrix,
    task: Option<Task>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(question: &'a Question) -> Self {
        Self { categories: &question.categories, matrix: &question.matrix, task: question.task }
    }

    /// One verdict for each label that was asked for and that the submitter chose.
    pub(super) fn verdicts(&self, labels: &TicketLabels) -> Vec<Verdict> {
        let wanted = |task| self.task.is_none_or(|only| only == task);
        let category = wanted(Task::Category).then(|| self.category(labels)).flatten();
        let priority = wanted(Task::Priority).then(|| self.priority(labels)).flatten();
        category.into_iter().chain(priority).collect()
    }

    fn category(&self, labels: &TicketLabels) -> Option<Verdict> {
        let submitted = labels.submitted.category.clone()?;
        let (predicted, settled) = (labels.predicted.category.clone(), labels.settled.category.clone());
        let strange = settled.as_ref() != Some(&submitted)
            && !self.categories.is_empty()
            && !self.categories.contains(&submitted);
        let wrong = settled.as_ref().is_some_and(|settled| *settled != submitted);
        let suspected = settled.is_none() && labels.flagged[0] == Some(true);
        let cost = if wrong { CATEGORY } else { f64::from(u8::from(suspected)) * CATEGORY * SUSPECTED };
        Some(Verdict {
            task: Task::Category,
            submitted,
            predicted,
            settled,
            strange,
            cost: if strange { 0.0 } else { cost },
            way: Ordering::Equal,
            p1: false,
        })
    }

    fn priority(&self, labels: &TicketLabels) -> Option<Verdict> {
        let submitted = labels.submitted.priority.clone()?;
        let predicted = labels.predicted.priority.clone();
        let settled = self.settled_priority(&labels.settled);
        let suspected = || predicted.as_deref().and_then(named).filter(|_| labels.flagged[1] == Some(true));
        let (cost, way, p1) = match (named(&submitted), settled.or_else(suspected)) {
            (Some(submitted), Some(right)) => {
                let share = if settled.is_some() { 1.0 } else { SUSPECTED };
                let cost = weights::of_priority(submitted, right) * share;
                (cost, submitted.cmp(&right), right == Priority::P1)
            }
            _ => (0.0, Ordering::Equal, false),
        };
        let strange = named(&submitted).is_none();
        let settled = settled.map(|settled| settled.label().to_owned());
        Some(Verdict { task: Task::Priority, submitted, predicted, settled, strange, cost, way, p1 })
    }

    /// The settled priority, or the one that follows from settled impact and urgency.
    fn settled_priority(&self, settled: &FinalLabels) -> Option<Priority> {
        let level = |label: &Option<String>| {
            Level::ALL.into_iter().find(|level| Some(level.label()) == label.as_deref())
        };
        match &settled.priority {
            Some(priority) => named(priority),
            None => Some(self.matrix.priority(level(&settled.impact)?, level(&settled.urgency)?)),
        }
    }
}

fn named(label: &str) -> Option<Priority> {
    Priority::ALL.into_iter().find(|priority| priority.label() == label)
}

impl Verdict {
    fn is_wrong(&self) -> bool {
        self.settled.is_some() && self.cost > 0.0
    }

    fn is_suspected(&self) -> bool {
        self.settled.is_none() && self.cost > 0.0
    }
}

impl TaskCounts {
    fn add(&mut self, verdict: &Verdict) {
        if verdict.strange {
            self.not_comparable += 1;
            return;
        }
        let hit = verdict.predicted.is_some() && verdict.predicted == verdict.settled;
        if verdict.settled.is_some() {
            self.compared += 1;
            self.wrong += u64::from(verdict.is_wrong());
            self.caught += u64::from(verdict.is_wrong() && hit);
            if verdict.predicted.is_some() {
                self.predicted_compared += 1;
                self.predicted_wrong += u64::from(!hit);
            }
        }
        self.suspected += u64::from(verdict.is_suspected());
        match verdict.way {
            Ordering::Greater => {
                self.under += 1;
                self.under_p1 += u64::from(verdict.p1);
            }
            Ordering::Less => self.over += 1,
            Ordering::Equal => {}
        }
    }
}

/// Counts the verdicts on the tickets of a group.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) tickets: u64,
    pub(super) cost: f64,
    /// Of the category, of the priority.
    pub(super) counts: [TaskCounts; 2],
    evidence: Vec<Evidence>,
}

impl Tally {
    pub(super) fn add(&mut self, ticket_id: &str, verdicts: &[Verdict]) {
        let comparable = |verdict: &Verdict| {
            !verdict.strange && (verdict.settled.is_some() || verdict.predicted.is_some())
        };
        self.tickets += u64::from(verdicts.iter().any(comparable));
        for verdict in verdicts {
            self.counts[verdict.task as usize].add(verdict);
            self.cost += verdict.cost;
            if verdict.cost > 0.0 {
                self.show(ticket_id, verdict);
            }
        }
    }

    /// Keeps the most costly, and of equal ones those with the least ids, so that the order in which tickets
    /// come changes nothing.
    fn show(&mut self, ticket_id: &str, verdict: &Verdict) {
        let before = |shown: &Evidence| match shown.cost.total_cmp(&verdict.cost) {
            Ordering::Equal => (shown.ticket_id.as_str(), shown.task) < (ticket_id, verdict.task),
            order => order == Ordering::Greater,
        };
        let at = self.evidence.partition_point(before);
        if at >= MAX_EVIDENCE {
            return;
        }
        self.evidence.truncate(MAX_EVIDENCE - 1);
        self.evidence.insert(
            at,
            Evidence {
                ticket_id: ticket_id.to_owned(),
                task: verdict.task,
                submitted: verdict.submitted.clone(),
                predicted: verdict.predicted.clone(),
                settled: verdict.settled.clone(),
                cost: verdict.cost,
            },
        );
    }

    pub(super) fn told(self, name: Option<String>, task: Option<Task>) -> LedgerGroup {
        let [category, priority] = self.counts;
        let asked = |of: Task| task.is_none_or(|only| only == of);
        LedgerGroup {
            name,
            cost: self.cost,
            tickets: self.tickets,
            category: asked(Task::Category).then_some(category),
            priority: asked(Task::Priority).then_some(priority),
            evidence: self.evidence,
        }
    }
}

/// Counts which label was taken for which.
#[derive(Debug, Default)]
pub(super) struct Pairs(HashMap<(Task, String, String), u64>);

impl Pairs {
    pub(super) fn add(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts.iter().filter(|verdict| verdict.is_wrong()) {
            let Some(settled) = &verdict.settled else { continue };
            let pair = (verdict.task, verdict.submitted.clone(), settled.clone());
            if let Some(count) = self.0.get_mut(&pair) {
                *count += 1;
            } else if self.0.len() < MAX_COUNTED {
                self.0.insert(pair, 1);
            }
        }
    }

    pub(super) fn told(self) -> Vec<WrongPair> {
        let pair = |((task, submitted, settled), tickets)| WrongPair { task, submitted, settled, tickets };
        let mut all: Vec<WrongPair> = self.0.into_iter().map(pair).collect();
        all.sort_by(|a, b| {
            let by_count =
                (a.task, std::cmp::Reverse(a.tickets)).cmp(&(b.task, std::cmp::Reverse(b.tickets)));
            by_count.then_with(|| (&a.submitted, &a.settled).cmp(&(&b.submitted, &b.settled)))
        });
        let mut shown = [0_usize; 2];
        all.retain(|pair| {
            shown[pair.task as usize] += 1;
            shown[pair.task as usize] <= MAX_PAIRS
        });
        all
    }
}
