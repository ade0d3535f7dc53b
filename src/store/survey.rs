//! Surveys as they are kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// From which number to which a rating goes. Thumbs given as true or false need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum RatingScale {
    /// 1 (worst) to 5: stars, CSAT.
    #[serde(rename = "1-5")]
    OneToFive,
    /// 1 (worst) to 10.
    #[serde(rename = "1-10")]
    OneToTen,
    /// 0 to 10, the likelihood to recommend: up to 6 are detractors, from 9 on promoters.
    #[serde(rename = "nps")]
    Nps,
    /// 0 (down) or 1 (up).
    #[serde(rename = "thumbs")]
    Thumbs,
}

/// What a customer answered, and what the model read in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyRecord {
    /// The survey's own id, unique and not empty.
    pub id: String,
    /// The ticket that it is about; it need not be kept here.
    pub ticket_id: Option<String>,
    /// Who answered. Here and in the four fields below: as the survey says, or when it is read and the
    /// survey does not say, as its ticket does.
    pub requester_id: Option<String>,
    /// For whom they work.
    pub organization_id: Option<String>,
    /// What the ticket was about; of a ticket its final category, else the one predicted last.
    pub category: Option<String>,
    /// Who served them.
    pub agent_group: Option<String>,
    /// How the ticket came in.
    pub channel: Option<String>,
    /// When they answered.
    pub answered_at: Timestamp,
    /// What they were asked.
    pub question: Option<String>,
    /// What they wrote.
    pub comment: Option<String>,
    /// Their rating and its scale; of a thumb 0 or 1.
    pub rating: Option<(f64, RatingScale)>,
    /// Where the rating lies between the ends of its scale, 0 (worst) to 1.
    pub satisfaction: Option<f64>,
    /// Whether it was a low score by the settings when it was kept.
    pub low: bool,
    /// What the model read in the comment.
    pub reading: Option<SurveyReading>,
}

/// What the model read in a comment.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyReading {
    /// Label of the sentiment.
    pub sentiment: String,
    /// -1 (negative) to 1 (positive).
    pub score: f32,
    /// Confidence of the label, 0..1.
    pub confidence: f32,
    /// 0 (indifferent) to 3 (very strong), if the bundle says.
    pub intensity: Option<u8>,
    /// What it is about.
    pub aspects: Vec<Aspect>,
    /// Whether the words contradict the rating.
    pub rating_conflict: bool,
    /// Name of the model.
    pub model_name: String,
    /// Version of the model.
    pub model_version: String,
}

/// One thing a comment speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Aspect {
    /// For instance `speed`.
    pub aspect: String,
    /// `negative`, `neutral` or `positive`.
    pub sentiment: String,
    /// Calibrated probability that it is mentioned and so, 0..1.
    pub confidence: f32,
}

/// What a ticket says of the surveys about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyTicket {
    /// For whom the requester works.
    pub organization_id: Option<String>,
    /// Final category, else the one predicted last.
    pub category: Option<String>,
    /// Who served them.
    pub agent_group: Option<String>,
}

/// Which surveys are meant; what is `None` leaves none out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SurveyFilter {
    /// Answered at this time or later.
    pub from: Option<Timestamp>,
    /// Answered before this time.
    pub to: Option<Timestamp>,
    /// Whether the score was low.
    pub low: Option<bool>,
    /// Label of the sentiment.
    pub sentiment: Option<String>,
    /// Name of an aspect that the comment is about.
    pub aspect: Option<String>,
    /// Category, or the beginning of its path.
    pub category: Option<String>,
    /// Agent group.
    pub agent_group: Option<String>,
    /// Organization.
    pub organization: Option<String>,
    /// Channel.
    pub channel: Option<String>,
}

/// By what surveys are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurveyGroup {
    /// What the ticket was about.
    #[default]
    Category,
    /// Who served them.
    AgentGroup,
    /// For whom they work.
    Organization,
    /// How the ticket came in.
    Channel,
}

/// What a trend needs of a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyFigures {
    /// When it was answered.
    pub answered_at: Timestamp,
    /// The group that it belongs to, where that is known.
    pub group: Option<String>,
    /// The rating and its scale.
    pub rating: Option<(f64, RatingScale)>,
    /// The rating between the ends of its scale, 0..1.
    pub satisfaction: Option<f64>,
    /// Score of the sentiment, -1..1.
    pub score: Option<f32>,
}
