//! Tickets as rows of a file. Exports carry fields that nobody here asked for, so unknown ones are
//! passed over, and what a person would understand (a number as an id, a blank) is understood.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::ticket::{Submitted, Ticket};
use crate::store::{FinalLabels, TicketStatus};
use crate::text::Format;

/// A ticket as a row: the fields of the API's ticket, from a file that may have more.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TicketRow {
    #[serde(deserialize_with = "text_or_number")]
    id: Option<String>,
    #[serde(alias = "title", alias = "summary")]
    subject: Option<String>,
    #[serde(alias = "text", alias = "description")]
    body: Option<String>,
    body_format: Option<Format>,
    channel: Option<String>,
    created_at: Option<Timestamp>,
    #[serde(deserialize_with = "text_or_number")]
    requester_id: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    organization_id: Option<String>,
    form: Option<String>,
    #[serde(alias = "group")]
    agent_group: Option<String>,
    submitted: Option<Submitted>,
}

/// A past ticket as a row: its words and what became of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HistoryRow {
    #[serde(flatten)]
    pub(super) ticket: TicketRow,
    category: Option<String>,
    impact: Option<String>,
    urgency: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    priority: Option<String>,
    pub(super) status: Option<TicketStatus>,
    pub(super) solved_at: Option<Timestamp>,
    pub(super) resolution: Option<String>,
    pub(super) article_ids: Vec<String>,
    pub(super) reopened: Option<u32>,
    pub(super) escalated: Option<bool>,
    pub(super) handling_minutes: Option<u32>,
}

impl HistoryRow {
    /// Whether it is still worked on.
    pub fn is_open(&self) -> bool {
        self.status == Some(TicketStatus::Open)
    }

    /// Its words.
    pub fn ticket(&self) -> TicketRow {
        self.ticket.clone()
    }

    /// Whether it can be found again.
    pub fn has_id(&self) -> bool {
        self.ticket.id.as_ref().is_some_and(|id| !id.trim().is_empty())
    }

    /// Whether there is anything to read.
    pub(super) fn has_words(&self) -> bool {
        let words = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        words(&self.ticket.subject) || words(&self.ticket.body)
    }

    pub(super) fn labels(&self) -> FinalLabels {
        FinalLabels {
            category: self.category.clone(),
            impact: self.impact.clone(),
            urgency: self.urgency.clone(),
            priority: self.priority.clone(),
        }
    }
}

impl From<TicketRow> for Ticket {
    fn from(row: TicketRow) -> Self {
        Self {
            id: row.id,
            subject: row.subject.unwrap_or_default(),
            body: row.body.unwrap_or_default(),
            body_format: row.body_format.unwrap_or_default(),
            channel: row.channel,
            created_at: row.created_at,
            requester_id: row.requester_id,
            organization_id: row.organization_id,
            form: row.form,
            agent_group: row.agent_group,
            submitted: row.submitted,
            sla: None,
        }
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(Option::<Id>::deserialize(deserializer)?.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_row_may_carry_what_nobody_asked_for() {
        let row: TicketRow =
            serde_json::from_str(r#"{"id": 81, "title": "VPN", "priority_score": 3, "tags": []}"#).unwrap();
        let ticket = Ticket::from(row);
        assert_eq!((ticket.id.as_deref(), ticket.subject.as_str()), (Some("81"), "VPN"));
    }

    #[test]
    fn a_past_ticket_brings_its_outcome() {
        let text = r#"{"id": "a", "body": "x", "category": "C", "status": "solved", "article_ids": ["k"], "reopened": 2}"#;
        let row: HistoryRow = serde_json::from_str(text).unwrap();
        assert_eq!(row.status, Some(TicketStatus::Solved));
        assert_eq!(row.labels().category.as_deref(), Some("C"));
        assert_eq!(row.article_ids, ["k"]);
        assert_eq!(row.reopened, Some(2));
    }
}
