//! What is answered.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The answer about a ticket.
#[derive(Debug, Clone, Deserialize)]
pub struct Triage {
    /// Its own id.
    pub prediction_id: String,
    /// By task: `category`, `impact`, `urgency`, `priority`.
    pub predictions: BTreeMap<String, Prediction>,
    /// Whether some article is likely to answer.
    #[serde(default)]
    pub answered: Option<bool>,
    /// Articles, best first.
    pub articles: Vec<Suggested>,
    /// Past tickets like it, closest first.
    pub similar_tickets: Vec<SimilarTicket>,
    /// Whether words of the ticket were left out.
    pub truncated: bool,
    /// What was cut, skipped or not understood.
    pub warnings: Vec<String>,
}

/// What is said of one task.
#[derive(Debug, Clone, Deserialize)]
pub struct Prediction {
    /// The label.
    pub label: String,
    /// Its calibrated probability, 0 to 1.
    pub confidence: f32,
    /// What to do with it.
    pub decision: Decision,
}

/// What to do with a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Sure enough to be set.
    Auto,
    /// Worth showing to an agent.
    Suggest,
    /// The model does not know.
    Abstain,
}

/// An article that was found.
#[derive(Debug, Clone, Deserialize)]
pub struct Suggested {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where people read it.
    pub url: Option<String>,
    /// How well it fits, 0 to 1.
    pub score: f32,
    /// The passage that fits.
    pub passage: String,
}

/// Articles that were found.
#[derive(Debug, Clone, Deserialize)]
pub struct Suggestions {
    /// Whether some article is likely to answer.
    pub answered: bool,
    /// How likely, 0 to 1.
    pub answer_confidence: f32,
    /// The articles, best first.
    pub articles: Vec<Suggested>,
}

/// A past ticket.
#[derive(Debug, Clone, Deserialize)]
pub struct SimilarTicket {
    /// Its id.
    pub id: String,
    /// Its subject.
    pub subject: String,
    /// How alike, -1 to 1.
    pub score: f32,
}

/// The answer about a comment.
#[derive(Debug, Clone, Deserialize)]
pub struct SentimentAnswer {
    /// How the writer feels.
    pub sentiment: Sentiment,
}

/// How somebody feels.
#[derive(Debug, Clone, Deserialize)]
pub struct Sentiment {
    /// `negative`, `neutral`, `positive` or `mixed`.
    pub label: String,
    /// -1 to 1.
    pub score: f32,
    /// Calibrated probability of the label, 0 to 1.
    pub confidence: f32,
}
