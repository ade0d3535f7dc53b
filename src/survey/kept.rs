//! Surveys and follow-ups as they are shown.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{
    Aspect, ContactOutcome, FollowUpRecord, FollowUpState, RatingScale, RootCause, SurveyReading,
    SurveyRecord,
};

/// A survey that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Survey {
    /// Its own id.
    #[schema(example = "s-1")]
    pub id: String,
    /// The ticket that it is about.
    pub ticket_id: Option<String>,
    /// Who answered; like the four fields below as the survey says, else as its ticket does now.
    pub requester_id: Option<String>,
    /// For whom they work.
    pub organization_id: Option<String>,
    /// What the ticket was about.
    pub category: Option<String>,
    /// Who served them.
    pub agent_group: Option<String>,
    /// How the ticket came in.
    pub channel: Option<String>,
    /// When they answered.
    #[schema(value_type = String, format = DateTime)]
    pub answered_at: Timestamp,
    /// What they were asked.
    pub question: Option<String>,
    /// What they wrote.
    pub comment: Option<String>,
    /// Their rating; of a thumb 0 or 1.
    pub rating: Option<f64>,
    /// Its scale.
    pub rating_scale: Option<RatingScale>,
    /// Where the rating lies between the ends of its scale, 0 (worst) to 1.
    pub satisfaction: Option<f64>,
    /// Whether it was a low score by the settings when it was kept.
    pub low: bool,
    /// What the model read in the comment; null without one.
    pub reading: Option<KeptReading>,
    /// The call that it asks for; null where it asks for none.
    pub follow_up: Option<KeptFollowUp>,
}

/// What the model read in a comment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KeptReading {
    /// `negative`, `neutral`, `positive` or `mixed`.
    pub sentiment: String,
    /// From -1 (negative) to 1 (positive).
    pub score: f32,
    /// Calibrated probability of the sentiment, 0..1.
    pub confidence: f32,
    /// How strongly, from 0 (not at all) to 3; null where the bundle has no head for it.
    pub intensity: Option<u8>,
    /// What it speaks of, surest first.
    pub aspects: Vec<Aspect>,
    /// Whether the words clearly contradict the rating.
    pub rating_conflict: bool,
    /// Which model read it.
    pub model: ReadBy,
}

/// The model that read a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadBy {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The call that a low score asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptFollowUp {
    /// Where it stands now.
    pub state: FollowUpState,
    /// Whether its owner is to be reminded: it is due soon or overdue.
    pub reminder: bool,
    /// Who calls.
    pub owner: Option<String>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// Until when the customer is to be called.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// The call.
    #[serde(flatten)]
    pub contact: Contact,
    /// When it was closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FollowUpContact)]
pub struct Contact {
    /// When the customer was called last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub contacted_at: Option<Timestamp>,
    /// Whether that was in time; null before the customer was reached or declined.
    pub in_time: Option<bool>,
    /// What came of it.
    pub outcome: Option<ContactOutcome>,
    /// Why the score was low.
    pub root_cause: Option<RootCause>,
    /// Free words of the owner.
    pub note: Option<String>,
}

/// A page of surveys.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SurveyPage {
    /// The surveys, in the order of the list.
    pub surveys: Vec<Survey>,
    /// What to give as `after` for the next page; null on the last one.
    #[schema(example = "2026-11-21T09:40:00Z/s-1")]
    pub next: Option<String>,
}

impl KeptFollowUp {
    /// As it stands at `now`, where reminders begin `reminder` before the due time.
    pub(super) fn at(record: FollowUpRecord, now: Timestamp, reminder: SignedDuration) -> Self {
        let state = record.state(now, reminder);
        let spoken = matches!(record.outcome, Some(ContactOutcome::Reached | ContactOutcome::Declined));
        Self {
            state,
            reminder: matches!(state, FollowUpState::DueSoon | FollowUpState::Overdue),
            owner: record.owner,
            opened_at: record.opened_at,
            due_at: record.due_at,
            contact: Contact {
                contacted_at: record.contacted_at,
                in_time: record.contacted_at.filter(|_| spoken).map(|at| at <= record.due_at),
                outcome: record.outcome,
                root_cause: record.root_cause,
                note: record.note,
            },
            closed_at: record.closed_at,
        }
    }
}

impl Survey {
    pub(super) fn new(record: SurveyRecord, follow_up: Option<KeptFollowUp>) -> Self {
        Self {
            id: record.id,
            ticket_id: record.ticket_id,
            requester_id: record.requester_id,
            organization_id: record.organization_id,
            category: record.category,
            agent_group: record.agent_group,
            channel: record.channel,
            answered_at: record.answered_at,
            question: record.question,
            comment: record.comment,
            rating: record.rating.map(|(rating, _)| rating),
            rating_scale: record.rating.map(|(_, scale)| scale),
            satisfaction: record.satisfaction,
            low: record.low,
            reading: record.reading.map(KeptReading::from),
            follow_up,
        }
    }
}

impl From<SurveyReading> for KeptReading {
    fn from(reading: SurveyReading) -> Self {
        Self {
            sentiment: reading.sentiment,
            score: reading.score,
            confidence: reading.confidence,
            intensity: reading.intensity,
            aspects: reading.aspects,
            rating_conflict: reading.rating_conflict,
            model: ReadBy { name: reading.model_name, version: reading.model_version },
        }
    }
}
