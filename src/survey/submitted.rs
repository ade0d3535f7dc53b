//! A survey as it is sent, and what may be wrong with it.

use std::fmt;

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rating::Rating;
use crate::store::{RatingScale, SurveyRecord};

/// How far another computer's clock may run ahead of this one's.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);
/// Longest comment, in characters.
const MAX_COMMENT: usize = 20_000;

/// An answered survey. A rating or a comment must be given. What is not said of the ticket is read from the
/// ticket with `ticket_id`, if it is kept here, whenever the survey is looked at.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewSurvey {
    /// The survey's own id: told again with the same one, it replaces what was told before.
    #[garde(length(min = 1, max = 200), custom(plain))]
    pub id: String,
    /// The ticket that it is about.
    #[garde(inner(length(min = 1, max = 200)))]
    pub ticket_id: Option<String>,
    /// Who answered.
    #[garde(inner(length(min = 1, max = 200)))]
    pub requester_id: Option<String>,
    /// For whom they work.
    #[garde(inner(length(min = 1, max = 200)))]
    pub organization_id: Option<String>,
    /// What the ticket was about. Absent: its final category, else the one predicted.
    #[garde(inner(length(min = 1, max = 300)))]
    pub category: Option<String>,
    /// Who served them.
    #[garde(inner(length(min = 1, max = 200)))]
    pub agent_group: Option<String>,
    /// How the ticket came in.
    #[garde(inner(length(min = 1, max = 100)))]
    pub channel: Option<String>,
    /// When they answered; now, if it is not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// What they were asked: the question's words, or one of `why_score`, `improve`, `nps`, `anything_else`.
    #[garde(inner(length(chars, max = 1_000)))]
    pub question: Option<String>,
    /// What they wrote.
    #[garde(inner(length(chars, max = MAX_COMMENT)))]
    pub comment: Option<String>,
    /// Their rating, on its scale.
    pub rating: Option<Rating>,
    /// The scale of the rating. Absent: 0 to 10 where the question is `nps`, else 1 to 5.
    pub rating_scale: Option<RatingScale>,
}

fn plain(id: &str, (): &()) -> garde::Result {
    if id.trim().is_empty() || id.chars().any(char::is_control) {
        return Err(garde::Error::new("must have letters or digits and no control characters"));
    }
    Ok(())
}

/// What is wrong with one field; it never quotes what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Name of the field; empty of the whole.
    pub field: &'static str,
    /// What may stand there.
    pub message: String,
}

impl Fault {
    fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { self.message.fmt(f) } else { write!(f, "{} {}", self.field, self.message) }
    }
}

impl NewSurvey {
    /// The survey to keep, nothing read in it yet and not low; or what is wrong with it. `now` is when.
    ///
    /// # Errors
    /// Every [`Fault`] that there is; lengths are checked by `validate`.
    pub(super) fn checked(&self, now: Timestamp) -> Result<SurveyRecord, Vec<Fault>> {
        let mut faults = Vec::new();
        let comment = self.comment.clone().filter(|comment| !comment.trim().is_empty());
        if comment.is_none() && self.rating.is_none() {
            faults.push(Fault::new("", "neither rating nor comment is given; one of them must be"));
        }
        if self.answered_at.is_some_and(|at| at.duration_since(now) > CLOCKS_DIFFER) {
            let message = "lies in the future; give when it was answered, or nothing for now";
            faults.push(Fault::new("answered_at", message));
        }
        let rating = self.place().unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(SurveyRecord {
            id: self.id.clone(),
            ticket_id: self.ticket_id.clone(),
            requester_id: self.requester_id.clone(),
            organization_id: self.organization_id.clone(),
            category: self.category.clone(),
            agent_group: self.agent_group.clone(),
            channel: self.channel.clone(),
            answered_at: self.answered_at.map_or(now, |at| at.min(now)),
            question: self.question.clone(),
            comment,
            satisfaction: rating.map(|(rating, scale)| scale.satisfaction(rating)),
            rating,
            low: false,
            reading: None,
        })
    }

    /// The rating on its scale.
    fn place(&self) -> Result<Option<(f64, RatingScale)>, Fault> {
        let Some(rating) = self.rating else { return Ok(None) };
        let scale = self.rating_scale.unwrap_or_else(|| RatingScale::usual(self.question.as_deref()));
        rating.on(scale).map(Some).ok_or_else(|| {
            let [lowest, highest] = scale.ends();
            let other = match self.rating_scale {
                Some(_) => "",
                None => ", or another scale must be named in rating_scale",
            };
            let message = format!(
                "is not on the scale {}: it must be a number from {lowest} to {highest}{other}",
                scale.name()
            );
            Fault::new("rating", message)
        })
    }
}
