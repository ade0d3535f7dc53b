//! Tickets and predictions as they are kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::text::Format;

/// A ticket: its words, and what became of it as far as that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRecord {
    /// The ticket system's own id, unique and not empty.
    pub id: String,
    /// Subject, plain text; empty if there is none.
    pub subject: String,
    /// First message in its original format; empty if there is none.
    pub body: String,
    /// How `body` is written.
    pub body_format: Format,
    /// How it came in: email, web, chat and so on.
    pub channel: Option<String>,
    /// When the requester sent it.
    pub created_at: Option<Timestamp>,
    /// Who asked, by the ticket system's id.
    pub requester_id: Option<String>,
    /// For whom they work, by the ticket system's id.
    pub organization_id: Option<String>,
    /// By which form it was sent in.
    pub form: Option<String>,
    /// Who works on it, by the ticket system's name.
    pub agent_group: Option<String>,
    /// Until when it has to be solved, as agreed.
    pub due_at: Option<Timestamp>,
    /// Until when an agent has to have answered it, as agreed.
    pub first_response_due_at: Option<Timestamp>,
    /// The category that the submitter chose.
    pub submitted_category: Option<String>,
    /// The priority that the submitter chose.
    pub submitted_priority: Option<String>,
    /// The labels that agents settled on.
    pub labels: FinalLabels,
    /// Where it stands; `None` if the source does not say.
    pub status: Option<TicketStatus>,
    /// When it was solved.
    pub solved_at: Option<Timestamp>,
    /// What solved it, plain text.
    pub resolution: Option<String>,
    /// Articles that were used to solve it; empty if the source does not say.
    pub article_ids: Vec<String>,
    /// How often it was opened again after it had been solved.
    pub reopened: Option<u32>,
    /// Whether it was handed up.
    pub escalated: Option<bool>,
    /// How long people worked on it.
    pub handling_minutes: Option<u32>,
    /// Embedding of its words; `None` if none was made of these words yet.
    pub embedding: Option<Embedding>,
}

/// The labels that agents settled on: part of a ticket's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinalLabels {
    /// Category.
    pub category: Option<String>,
    /// Impact.
    pub impact: Option<String>,
    /// Urgency.
    pub urgency: Option<String>,
    /// Priority.
    pub priority: Option<String>,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    /// Still worked on.
    Open,
    /// Done.
    Solved,
}

/// A text as a point in the space of one encoder. Those of two encoders cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// Which encoder made it.
    pub encoder: String,
    /// Unit length; as many numbers as the encoder gives.
    pub vector: Vec<f32>,
}

/// An answer that was given about a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRecord {
    /// Its own id, unique.
    pub id: Uuid,
    /// The ticket it is about.
    pub ticket_id: String,
    /// When it was given.
    pub created_at: Timestamp,
    /// Name of the model that gave it.
    pub model_name: String,
    /// Version of that model.
    pub model_version: String,
    /// Version of the taxonomy that its labels come from.
    pub taxonomy: String,
    /// The whole answer, as it was sent.
    pub answer: serde_json::Value,
}

/// An answer about a ticket in short; of each ticket the last one is kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finding {
    /// The likeliest category.
    pub category: Option<String>,
    /// The likeliest priority.
    pub priority: Option<String>,
    /// How likely it is that some article answers, 0 to 1; `None` where no articles were asked for.
    pub answer_confidence: Option<f32>,
    /// The article shown first.
    pub best_article: Option<String>,
    /// The likeliest impact.
    pub impact: Option<String>,
    /// The likeliest urgency.
    pub urgency: Option<String>,
    /// The confidence of the category, 0 to 1.
    pub confidence: Option<f32>,
    /// Whether the decision about the category was to abstain.
    pub abstained: Option<bool>,
    /// Whether the ticket belongs to any of the categories; `None` where the bundle cannot tell.
    pub in_scope: Option<bool>,
}
