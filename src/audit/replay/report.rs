//! The report of a replay, as a structure; as JSON it is printed as it stands.

use jiff::Timestamp;
use serde::Serialize;

use super::category::CategoryReplay;
use super::thresholds::{Saved, ThresholdLine};
use super::{Assumptions, Task, html, text};
use crate::audit::stats::Share;

/// What would have happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayReport {
    /// By which bundle.
    pub replayer: Replayer,
    /// On what: the name of the file.
    pub data: String,
    /// Tickets replayed.
    pub tickets: u64,
    /// Rows of the file that could not be used.
    pub refused: u64,
    /// Tickets outside the span that was asked for, or without a time to tell.
    pub left_out: u64,
    /// When the first one came in.
    pub from: Option<Timestamp>,
    /// When the last one came in.
    pub to: Option<Timestamp>,
    /// What the time saved stands on.
    pub assumptions: Assumptions,
    /// Time saved by the thresholds in use, over category and priority; impact and urgency count through the
    /// priority.
    pub saved: Saved,
    /// Figures by task.
    pub tasks: Vec<TaskReplay>,
    /// The most pressing tickets; null where no settled priority is known.
    pub p1: Option<P1Replay>,
    /// What submitters chose, where that is known.
    pub mismatches: Vec<Mismatches>,
}

/// The bundle that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Version of its label sets.
    pub taxonomy: String,
}

/// Figures of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskReplay {
    /// Which.
    pub task: Task,
    /// Tickets replayed.
    pub tickets: u64,
    /// Tickets that people settled on a label for that the bundle knows: all that "right" stands on.
    pub compared: u64,
    /// Tickets without a settled label.
    pub without_label: u64,
    /// Settled labels that the bundle does not know, which count in no share of right ones.
    pub unknown: Vec<UnknownLabel>,
    /// Set.
    pub auto: Decided,
    /// Suggested.
    pub suggest: Decided,
    /// Left alone.
    pub abstain: Decided,
    /// Time saved by the thresholds in use.
    pub saved: Saved,
    /// What other thresholds would have done.
    pub thresholds: Vec<ThresholdLine>,
    /// Categories apart, the worst first; empty of other tasks.
    pub categories: Vec<CategoryReplay>,
    /// Months (UTC), in the order of time.
    pub months: Vec<Month>,
}

/// Tickets with the same decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// How many.
    pub tickets: u64,
    /// Among all.
    pub share: Option<Share>,
    /// Whose first label is right, among those compared.
    pub right: Option<Share>,
    /// Whose right label is among the first three, among those compared.
    pub in_top: Option<Share>,
}

/// A label that people use and the bundle does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownLabel {
    /// The label.
    pub label: String,
    /// Tickets with it.
    pub tickets: u64,
}

/// A month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Month {
    /// Such as 2026-07.
    pub month: String,
    /// Tickets of it.
    pub tickets: u64,
    /// Share that would have been set.
    pub auto: Option<Share>,
    /// How often rightly.
    pub right: Option<Share>,
}

/// The most pressing tickets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct P1Replay {
    /// Tickets that people settled on P1 for.
    pub tickets: u64,
    /// Share of these that the model takes for P1, too.
    pub found: Option<Share>,
    /// Of the found ones, set.
    pub set: u64,
    /// Of the found ones, suggested.
    pub suggested: u64,
    /// Taken for something else.
    pub missed: u64,
    /// Taken for P1 and settled otherwise.
    pub false_alarms: u64,
}

/// What submitters chose, against what was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatches {
    /// Which label.
    pub task: Task,
    /// Tickets with a submitted and a settled label that the bundle knows.
    pub compared: u64,
    /// Submitted wrongly.
    pub wrong: u64,
    /// Of the wrong ones, those that the model has right.
    pub caught: u64,
    /// Of the wrong ones, those where the model is sure of another label than the submitted one.
    pub flagged: u64,
    /// Submitted rightly where the model is sure of another label.
    pub contradicted: u64,
}

impl ReplayReport {
    /// The report as tables in some 100 columns.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as one HTML page with its own style and drawings and no script; all that comes from the file is
    /// escaped.
    ///
    /// # Errors
    /// None that its content can cause; the template's signature asks for it.
    pub fn html(&self) -> Result<String, askama::Error> {
        html::render(self)
    }

    /// What a reader must know before trusting the figures.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Every ticket is read for itself, from its first message alone; nothing of other tickets, earlier or \
             later, decides. Articles and similar tickets are not looked up, since today's would be a look ahead; \
             `deskhand audit coverage --tickets` measures articles."
                .to_owned(),
            "If the bundle was trained on these tickets, the figures are better than what new tickets will show."
                .to_owned(),
            "Right is what agents settled on at the end, mistakes of theirs included.".to_owned(),
        ];
        if self.refused > 0 {
            notes.push(format!("{} rows could not be used.", self.refused));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "{} tickets are outside the span of time that was asked for, or do not say when they came in.",
                self.left_out
            ));
        }
        for task in self.tasks.iter().filter(|task| task.compared == 0) {
            notes.push(format!(
                "Of {} nothing can be said about right and wrong: no ticket has a settled label that the bundle knows.",
                task.task.name()
            ));
        }
        notes
    }
}
