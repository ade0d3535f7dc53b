//! The replay: what would have happened to past tickets if decisions had been set automatically.
//!
//! In come past tickets, each with what the model says of it and what people settled on; out comes by task what would
//! have been set, suggested and left alone, how often rightly, what other thresholds would have done, and what time
//! that saves under assumptions that are stated. This part knows nothing of texts, models and files.

mod category;
mod count;
mod html;
mod report;
mod tables;
mod text;
mod thresholds;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

pub use category::CategoryReplay;
pub use count::Replay;
pub use report::{Decided, Mismatches, Month, P1Replay, ReplayReport, Replayer, TaskReplay, UnknownLabel};
pub use thresholds::{Saved, ThresholdLine};

/// A label of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Category.
    Category,
    /// Priority.
    Priority,
    /// Impact.
    Impact,
    /// Urgency.
    Urgency,
}

impl Task {
    /// All tasks, in the order of a report.
    pub const ALL: [Self; 4] = [Self::Category, Self::Priority, Self::Impact, Self::Urgency];

    /// Its name, as bundles and settings have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Priority => "priority",
            Self::Impact => "impact",
            Self::Urgency => "urgency",
        }
    }
}

/// What would have been done with a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Set.
    Auto,
    /// Shown.
    Suggest,
    /// Nothing.
    Abstain,
}

/// What the model says of one label of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The likeliest labels, the predicted one first, three at most.
    pub top: Vec<String>,
    /// Confidence of the first, 0..1.
    pub confidence: f32,
    /// What would have been done.
    pub deed: Deed,
    /// Whether it is never set, whatever the threshold: a language or a text that the bundle does not know, or a
    /// label that too few examples speak for.
    pub held: bool,
}

/// A past ticket, replayed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replayed {
    /// The ticket; replayed again, the last time counts.
    pub id: String,
    /// When it came in.
    pub created_at: Option<Timestamp>,
    /// What the model says.
    pub guesses: BTreeMap<Task, Guess>,
    /// What people settled on.
    pub settled: BTreeMap<Task, String>,
    /// What the submitter chose.
    pub submitted: BTreeMap<Task, String>,
}

/// What is assumed about people's time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Assumptions {
    /// Seconds that it takes a person to set one label.
    pub seconds_per_label: f64,
    /// Minutes that it costs when a label is set wrongly: the ticket is handled at the wrong desk first.
    pub handling_minutes: f64,
}

/// Setting the category and the priority of a ticket takes some 45 seconds, and a ticket at the wrong desk costs
/// five minutes. No source: a beginning, for a site to put its own numbers in place.
impl Default for Assumptions {
    fn default() -> Self {
        Self { seconds_per_label: 22.5, handling_minutes: 5.0 }
    }
}
