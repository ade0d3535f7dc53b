//! What the audit knows of one ticket, wherever it comes from.

use jiff::Timestamp;

/// One ticket with what was found for it and what became of it.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The ticket system's id.
    pub id: String,
    /// When it came in.
    pub created_at: Option<Timestamp>,
    /// The category that agents settled on, else the predicted one.
    pub category: Option<String>,
    /// How it came in.
    pub channel: Option<String>,
    /// For whom the requester works.
    pub organization: Option<String>,
    /// The group of agents that it went to.
    pub agent_group: Option<String>,
    /// Subject.
    pub subject: String,
    /// Subject and body: for the versions that they name, and for grouping.
    pub text: String,
    /// Its embedding, for grouping; empty where grouping reads it from the store.
    pub embedding: Vec<f32>,
    /// How likely it is that an article answers it, 0 to 1; `None` where it was never searched for.
    pub answer_confidence: Option<f32>,
    /// The best article that was found, with its score, 0 to 1.
    pub best: Option<(String, f32)>,
    /// Where none answers: an article that has expired and would, with the confidence that it does.
    pub expired: Option<(String, f32)>,
    /// An article that is not out, archived, deleted or a draft, and lies nearer to it than any that is out.
    pub withdrawn: Option<String>,
    /// Articles that were used to solve it.
    pub attached: Vec<String>,
    /// Articles that were said to be no help with it.
    pub dismissed: Vec<String>,
    /// Whether it was opened again after it had been solved.
    pub reopened: bool,
    /// Whether it was handed up.
    pub escalated: bool,
    /// Whether its requester gave a low rating.
    pub low_scored: bool,
    /// How long people worked on it.
    pub handling_minutes: Option<u32>,
    /// How its requester felt, -1 to 1.
    pub sentiment: Option<f32>,
    /// What solved it.
    pub resolution: Option<String>,
}
