//! Signals as they are kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which rule raises a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalRule {
    /// An agreed time may be missed.
    SlaAtRisk,
    /// A first sign, and then no reply.
    SilenceAfterAcknowledgment,
    /// A ticket was opened again more than once.
    ReopenedRepeatedly,
    /// The last scores were all low.
    LowScoresInARow,
    /// More tickets in a day than the account's average makes likely.
    VolumeAboveAverage,
    /// Several tickets of different categories in a short time.
    TicketsAcrossCategories,
    /// Several contacts about what is not solved.
    ContactsWithoutSolution,
    /// Not heard of since a low score.
    SilentAfterLowScore,
    /// Many similar tickets at once.
    IncidentSuspected,
}

impl SignalRule {
    /// The outgoing event that tells of it.
    pub fn event(self) -> &'static str {
        match self {
            Self::SlaAtRisk => "sla.at_risk",
            Self::IncidentSuspected => "incident.suspected",
            _ => "customer.at_risk",
        }
    }
}

/// What a signal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A ticket.
    Ticket,
    /// Who asks.
    Requester,
    /// Whom they belong to.
    Organization,
    /// Tickets that may be one incident; its id is that of the ticket it began with.
    Incident,
}

/// A ticket, a person, an organization or an incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct Subject {
    /// Which of them.
    pub kind: SubjectKind,
    /// Its id.
    #[schema(example = "81")]
    pub id: String,
}

/// On what grounds a signal stands: ids, times and numbers, and no words of a customer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Evidence {
    /// Tickets.
    pub ticket_ids: Vec<String>,
    /// Surveys.
    pub survey_ids: Vec<String>,
    /// Times by their names.
    #[schema(value_type = BTreeMap<String, String>)]
    pub times: BTreeMap<String, Timestamp>,
    /// Numbers by their names.
    pub numbers: BTreeMap<String, f64>,
}

impl Evidence {
    /// Of one ticket.
    pub fn of_ticket(id: &str) -> Self {
        Self { ticket_ids: vec![id.to_owned()], ..Self::default() }
    }

    /// With a time.
    #[must_use]
    pub fn time(mut self, name: &str, at: Timestamp) -> Self {
        self.times.insert(name.to_owned(), at);
        self
    }

    /// With a number.
    #[must_use]
    pub fn number(mut self, name: &str, number: f64) -> Self {
        self.numbers.insert(name.to_owned(), number);
        self
    }
}

/// A signal as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalRecord {
    /// Its own id, unique.
    pub id: String,
    /// Which rule raised it.
    pub rule: SignalRule,
    /// About what.
    pub subject: Subject,
    /// When.
    pub raised_at: Timestamp,
    /// On what grounds, as of the last look at which it held.
    pub evidence: Evidence,
    /// Since when it no longer holds.
    pub resolved_at: Option<Timestamp>,
    /// When somebody set it aside.
    pub dismissed_at: Option<Timestamp>,
    /// Who.
    pub dismissed_by: Option<String>,
}

/// Where a signal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignalState {
    /// It holds, and nobody has set it aside.
    Open,
    /// It holds, and somebody has set it aside.
    Dismissed,
    /// It no longer holds.
    Resolved,
}

impl SignalRecord {
    /// Where it stands.
    pub fn state(&self) -> SignalState {
        match (self.resolved_at, self.dismissed_at) {
            (Some(_), _) => SignalState::Resolved,
            (None, Some(_)) => SignalState::Dismissed,
            (None, None) => SignalState::Open,
        }
    }
}
