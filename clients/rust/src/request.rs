//! What is asked and told.

use jiff::Timestamp;
use serde::Serialize;

/// A ticket as a helpdesk has it. Subject or body must have words.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ticket {
    /// The helpdesk's own id; a ticket without one is answered but not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Subject line.
    pub subject: String,
    /// Text as received.
    pub body: String,
    /// Whether `body` is HTML: `text` or `html`; `text` if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_format: Option<String>,
    /// How it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// When it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester_id: Option<String>,
    /// Whom they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// What the submitter chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Submitted>,
    /// The agreed times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
}

impl Ticket {
    /// A ticket with its id and words.
    pub fn new(id: &str, subject: &str, body: &str) -> Self {
        Self { id: Some(id.into()), subject: subject.into(), body: body.into(), ..Self::default() }
    }
}

/// Labels that the submitter chose.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Submitted {
    /// `P1` to `P4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// A category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// Agreed times.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sla {
    /// When it must be solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

/// Who may see an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Customers, and agents.
    Customer,
    /// Agents only.
    #[default]
    Agent,
}

/// A question for articles.
#[derive(Debug, Clone, Serialize)]
pub struct Suggest {
    /// The words.
    pub text: String,
    /// Who will see the articles.
    pub audience: Audience,
}

/// A comment of a survey.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comment {
    /// Its words.
    pub text: String,
    /// The question that it answers; "Nothing" means little without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

/// An article.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Article {
    /// Title, plain text.
    pub title: String,
    /// The whole text.
    pub body: String,
    /// How `body` is written: `text`, `markdown` or `html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_format: Option<String>,
    /// Where people read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who may see it.
    pub audience: Audience,
}

/// What became of a ticket.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// `open` or `solved`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The category that agents settled on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The priority that agents settled on, `P1` to `P4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// When it was solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solved_at: Option<Timestamp>,
    /// Articles that were used; an empty list says that there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_ids: Option<Vec<String>>,
}
