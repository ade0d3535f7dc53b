//! Events: what happened that others may want to hear of, kept as jobs until it is sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::NewJob;

/// The kind of the jobs that stand for events.
pub const EVENT: &str = "event";

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventType {
    /// A delivery of the helpdesk was answered.
    #[serde(rename = "triage.completed")]
    TriageCompleted,
    /// A survey with a low score opened a follow-up.
    #[serde(rename = "survey.low")]
    SurveyLow,
    /// A customer is to be called soon.
    #[serde(rename = "follow_up.due")]
    FollowUpDue,
    /// The audit found a group of unanswered tickets for the first time.
    #[serde(rename = "gap.opened")]
    GapOpened,
    /// A ticket may miss its deadline.
    #[serde(rename = "sla.at_risk")]
    SlaAtRisk,
    /// A customer may leave.
    #[serde(rename = "customer.at_risk")]
    CustomerAtRisk,
    /// Many similar tickets came at once.
    #[serde(rename = "incident.suspected")]
    IncidentSuspected,
    /// Another bundle answers.
    #[serde(rename = "model.promoted")]
    ModelPromoted,
    /// Somebody tries out whether events arrive.
    #[serde(rename = "test")]
    Test,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::TriageCompleted,
        Self::SurveyLow,
        Self::FollowUpDue,
        Self::GapOpened,
        Self::SlaAtRisk,
        Self::CustomerAtRisk,
        Self::IncidentSuspected,
        Self::ModelPromoted,
        Self::Test,
    ];

    /// As receivers see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TriageCompleted => "triage.completed",
            Self::SurveyLow => "survey.low",
            Self::FollowUpDue => "follow_up.due",
            Self::GapOpened => "gap.opened",
            Self::SlaAtRisk => "sla.at_risk",
            Self::CustomerAtRisk => "customer.at_risk",
            Self::IncidentSuspected => "incident.suspected",
            Self::ModelPromoted => "model.promoted",
            Self::Test => "test",
        }
    }

    /// The job that tells of it. `occasion` says which one of its type it is: each is told once. `data` holds ids,
    /// labels and numbers, no words of a customer.
    pub fn job(self, occasion: &str, data: &Value, now: Timestamp) -> NewJob {
        NewJob {
            kind: EVENT,
            key: format!("{}:{occasion}", self.name()),
            subject: None,
            payload: json!({"type": self, "data": data}),
            run_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_name_of_a_type_is_how_it_is_written() {
        for event in EventType::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
        }
    }
}
