//! What a delivery says, whichever helpdesk sent it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::integrations::Product;
use crate::text::Format;

/// What a helpdesk said about one of its tickets. Only what is needed is taken over; the rest, such as the users'
/// records that Zammad sends along, is not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which helpdesk.
    pub product: Product,
    /// What it is about.
    pub about: About,
    /// The ticket's id there; empty where it is about no ticket.
    pub ticket_id: String,
    /// The ticket's subject.
    pub subject: Option<String>,
    /// Its first message; `None` where the delivery does not carry it.
    pub body: Option<String>,
    /// How `body` is written.
    pub body_format: Format,
    /// How it came in.
    pub channel: Option<String>,
    /// When it came in.
    pub created_at: Option<Timestamp>,
    /// When it was changed last.
    pub changed_at: Option<Timestamp>,
    /// Who asks.
    pub requester_id: Option<String>,
    /// Whom they belong to.
    pub organization_id: Option<String>,
    /// Who works on it.
    pub group: Option<String>,
    /// Where it stands.
    pub standing: Option<Standing>,
    /// Who has just written so that the other side can read it.
    pub reply: Option<Reply>,
    /// What stands in the field for the category.
    pub category: Option<String>,
    /// What stands in the field for the priority.
    pub priority: Option<String>,
    /// Who caused the delivery: ids, of Freshdesk an e-mail address.
    pub author_id: Option<String>,
}

/// What a delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A ticket, new or changed.
    Ticket,
    /// A note that customers do not see.
    InternalNote,
    /// Something that concerns no answer: a deleted or merged ticket, another kind of thing.
    Other,
}

/// Who has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Somebody of the helpdesk.
    Agent,
    /// Who asked.
    Requester,
}

/// Where a ticket stands, in the words that all helpdesks share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody has to do something, or waits.
    Open,
    /// Done, or closed for good.
    Solved,
}

impl Standing {
    /// What a helpdesk's own word means; `None` for one that a site made up.
    pub(super) fn of(word: &str) -> Option<Self> {
        let word = word.trim().to_lowercase();
        match word.as_str() {
            "new" | "open" | "pending" | "hold" | "on-hold" | "on hold" => Some(Self::Open),
            "solved" | "resolved" | "closed" => Some(Self::Solved),
            // Zammad: "pending reminder", "pending close"; Freshdesk: "Waiting on Customer".
            _ if word.starts_with("pending ") || word.starts_with("waiting on ") => Some(Self::Open),
            _ => None,
        }
    }
}

impl Delivery {
    /// One that says no more than which ticket it is about.
    pub(super) fn of(product: Product, about: About, ticket_id: String) -> Self {
        Self {
            product,
            about,
            ticket_id,
            subject: None,
            body: None,
            body_format: Format::Text,
            channel: None,
            created_at: None,
            changed_at: None,
            requester_id: None,
            organization_id: None,
            group: None,
            standing: None,
            reply: None,
            category: None,
            priority: None,
            author_id: None,
        }
    }

    /// What it is about, among deliveries of all helpdesks: those about one ticket go one after another.
    pub fn subject_key(&self) -> String {
        format!("{}:{}", self.product, self.ticket_id)
    }
}
