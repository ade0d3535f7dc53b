//! A ticket as a helpdesk sends it. Unknown fields are refused: a misspelt one must not pass as absent.

use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::Priority;
use crate::store::Audience;
use crate::text::Format;

/// A ticket. Subject or body must have words.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[garde(custom(has_words))]
pub struct Ticket {
    /// The helpdesk's own id. A ticket without one is answered but not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(min = 1, max = 200)))]
    pub id: Option<String>,
    /// Subject line.
    #[serde(default)]
    #[garde(length(chars, max = 2_000))]
    pub subject: String,
    /// Text as received.
    #[serde(default)]
    pub body: String,
    /// How `body` is written.
    #[serde(default)]
    pub body_format: Format,
    /// How it came in: email, form, chat, phone …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 100)))]
    pub channel: Option<String>,
    /// When it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 200)))]
    pub requester_id: Option<String>,
    /// Whom they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 200)))]
    pub organization_id: Option<String>,
    /// By which form it was sent in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 200)))]
    pub form: Option<String>,
    /// Who works on it: a team or queue of the helpdesk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 200)))]
    pub agent_group: Option<String>,
    /// What the submitter chose; only compared, never an input to the prediction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub submitted: Option<Submitted>,
    /// The agreed times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
}

/// Labels that the submitter chose.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// Priority chosen in the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub priority: Option<Priority>,
    /// Category chosen in the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 300)))]
    pub category: Option<String>,
}

/// Agreed times.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// When it must be solved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// When an agent must have answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_response_due_at: Option<Timestamp>,
}

/// What the answer should hold.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct Options {
    /// Labels in each ranking, 1 to 50.
    #[garde(range(min = 1, max = 50))]
    pub top_n: usize,
    /// Whether to give reasons, the words that moved each decision. They are found by reading the ticket
    /// up to 24 times more; where the model has no room for that, a warning stands in their place.
    pub explain: bool,
    /// Articles to suggest at most, 0 to 50.
    #[garde(range(max = 50))]
    pub articles: usize,
    /// Similar tickets to show at most, past ones and as many open ones, 0 to 50; none are ever shown to
    /// customers.
    #[garde(range(max = 50))]
    pub similar: usize,
    /// Who will see the articles.
    pub audience: Audience,
}

impl Default for Options {
    fn default() -> Self {
        Self { top_n: 3, explain: false, articles: 5, similar: 5, audience: Audience::Agent }
    }
}

fn has_words(ticket: &Ticket, (): &()) -> garde::Result {
    if ticket.subject.trim().is_empty() && ticket.body.trim().is_empty() {
        return Err(garde::Error::new("subject and body are both empty; one of them must have words"));
    }
    Ok(())
}
