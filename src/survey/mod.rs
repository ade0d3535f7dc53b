//! Surveys: how the customer feels, how strongly, and about what; who calls them; and how that moves.
//!
//! In comes a comment with, if known, the survey's question and rating. The question is read with the
//! comment ("Nothing" to "what could we improve?" is praise); the rating never is, it is only compared.
//! `submitted` checks a whole survey, `desk` keeps it and opens the follow-up that a low score asks for;
//! `trends` turns many into figures, each with the number of answers and an interval (`figures`).

mod desk;
mod figures;
pub mod import;
mod kept;
mod rating;
mod submitted;
pub mod table;
mod trends;

use std::collections::BTreeMap;
use std::sync::Arc;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use desk::{FollowUpQuery, Keeping, KeptOrNot, SurveyDesk, SurveyQuery};
pub use figures::{Figure, Tally, Volatility};
pub use kept::{Contact, KeptFollowUp, KeptReading, ReadBy, Survey, SurveyPage};
pub use rating::Rating;
use rating::Verdict;
pub use submitted::{Fault, NewSurvey};
pub use trends::{
    Group, Low, Lowest, MAX_WINDOW_DAYS, Measures, Point, ROLLING_DAYS, Summary, TooFew, Trends,
    Volatilities, Window, WindowError,
};

use crate::learn::dataset::{ABSENT, ASPECT_PREFIX};
use crate::model::{Distribution, Input, Lane, Model, ModelError, ModelName, Reading, Reads};
use crate::store::StoreError;
pub use crate::store::{Aspect, RatingScale};
use crate::text::survey_question;

/// Task names of the heads that this room uses.
const SENTIMENT: &str = "sentiment";
const INTENSITY: &str = "intensity";
/// Confidence from which words may contradict a rating; below it a guess would accuse a customer.
const CONFLICT_CONFIDENCE: f32 = 0.6;

/// A survey comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// The survey's own id, given back in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(min = 1, max = 200)))]
    pub id: Option<String>,
    /// What the customer wrote.
    #[garde(custom(has_words))]
    pub text: String,
    /// What they were asked: the question's words, or one of `why_score`, `improve`, `nps`, `anything_else`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 1_000)))]
    pub question: Option<String>,
    /// Their rating; compared with the words, never an input. One that is not on the scale is not compared,
    /// and a warning says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub rating: Option<Rating>,
    /// The scale of the rating. Absent: 0 to 10 where the question is `nps`, else 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub rating_scale: Option<RatingScale>,
}

/// A comment as a row of a file, which may carry more than is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CommentRow {
    id: serde_json::Value,
    #[serde(alias = "comment", alias = "body")]
    text: Option<String>,
    question: Option<String>,
    rating: Option<Rating>,
    rating_scale: Option<RatingScale>,
}

impl From<CommentRow> for Comment {
    fn from(row: CommentRow) -> Self {
        let id = match row.id {
            serde_json::Value::String(id) => Some(id),
            serde_json::Value::Null => None,
            other => Some(other.to_string()),
        };
        let CommentRow { text, question, rating, rating_scale, .. } = row;
        Self { id, text: text.unwrap_or_default(), question, rating, rating_scale }
    }
}

fn has_words(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("text is empty; it must have words"));
    }
    Ok(())
}

/// What a comment says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommentAnswer {
    /// The id that the comment came with.
    pub id: Option<String>,
    /// Which model gave it.
    pub model: ModelName,
    /// How the customer feels.
    pub sentiment: Sentiment,
    /// What they speak of, surest first.
    pub aspects: Vec<Aspect>,
    /// Whether the words clearly contradict the rating.
    pub rating_conflict: bool,
    /// What was cut or not understood.
    pub warnings: Vec<String>,
}

/// How a customer feels.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sentiment {
    /// `negative`, `neutral`, `positive` or `mixed`.
    pub label: String,
    /// From -1 (negative) to 1 (positive): P(positive) - P(negative).
    pub score: f32,
    /// Calibrated probability of the label, 0..1.
    pub confidence: f32,
    /// Probability of each class; they sum to 1.
    pub scores: BTreeMap<String, f32>,
    /// How strongly, from 0 (not at all) to 3; absent where the bundle has no head for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intensity: Option<u8>,
}

/// Comments that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The bundle was not trained for it.
    #[error("the bundle {0:?} has no sentiment head; use the default bundle or train the task `sentiment`")]
    NoHead(String),
    /// The model could not read the text.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reader of survey comments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Surveys {
    model: Arc<Model>,
}

impl Surveys {
    /// Reads comments by `model`.
    pub fn new(model: Arc<Model>) -> Self {
        Self { model }
    }

    /// Answers comments in order; all or none.
    pub async fn read(&self, comments: &[Comment], lane: Lane) -> Result<Vec<CommentAnswer>, SurveyError> {
        let questions: Vec<Option<&str>> =
            comments.iter().map(|comment| comment.question.as_deref().and_then(survey_question)).collect();
        let inputs: Vec<Input<'_>> = comments
            .iter()
            .zip(&questions)
            .map(|(comment, question)| input(&comment.text, *question))
            .collect();
        let readings = self.model.read(&inputs, lane).await?;
        comments.iter().zip(&readings).map(|(comment, reading)| self.answer(comment, reading)).collect()
    }

    fn answer(&self, comment: &Comment, reading: &Reading) -> Result<CommentAnswer, SurveyError> {
        let manifest = self.model.manifest();
        let head = self.model.head(SENTIMENT).ok_or_else(|| SurveyError::NoHead(manifest.name.clone()))?;
        let sentiment = self.sentiment(&head.distribution(&reading.features, &reading.terms), reading);
        let mut warnings = Vec::new();
        if reading.truncated {
            warnings.push(
                "the comment is longer than the model reads at once; words amid it were left out".into(),
            );
        }
        let scale = comment.rating_scale.unwrap_or_else(|| RatingScale::usual(comment.question.as_deref()));
        let verdict = comment.rating.and_then(|rating| rating.verdict(scale));
        if comment.rating.is_some() && verdict.is_none() {
            warnings.push(format!(
                "rating is not on the scale {}, so it was not compared with the words; give its own in rating_scale",
                scale.name()
            ));
        }
        Ok(CommentAnswer {
            id: comment.id.clone(),
            model: manifest.model_name(),
            rating_conflict: verdict.is_some_and(|verdict| contradicts(verdict, &sentiment)),
            sentiment,
            aspects: self.aspects(reading),
            warnings,
        })
    }

    fn sentiment(&self, distribution: &Distribution<'_>, reading: &Reading) -> Sentiment {
        let (label, confidence) = distribution.top();
        let intensity = self
            .model
            .head(INTENSITY)
            .and_then(|head| head.distribution(&reading.features, &reading.terms).top().0.parse().ok());
        Sentiment {
            label: label.to_string(),
            score: distribution.probability("positive") - distribution.probability("negative"),
            confidence,
            scores: distribution.ranking().into_iter().map(|(l, p)| (l.to_string(), p)).collect(),
            intensity,
        }
    }

    /// An aspect is reported when some polarity is likelier than "not mentioned".
    fn aspects(&self, reading: &Reading) -> Vec<Aspect> {
        let heads = self.model.heads().iter().filter(|head| head.spec().reads == Reads::Survey);
        let mut aspects: Vec<Aspect> = heads
            .filter_map(|head| {
                let aspect = head.spec().task.strip_prefix(ASPECT_PREFIX)?;
                let distribution = head.distribution(&reading.features, &reading.terms);
                let (sentiment, confidence) =
                    distribution.ranking().into_iter().find(|(label, _)| *label != ABSENT)?;
                (confidence > distribution.probability(ABSENT)).then(|| Aspect {
                    aspect: aspect.to_string(),
                    sentiment: sentiment.to_string(),
                    confidence,
                })
            })
            .collect();
        aspects.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        aspects
    }
}

/// The model's input for a comment and the words of its question.
pub fn input<'a>(text: &'a str, question: Option<&'a str>) -> Input<'a> {
    match question {
        Some(question) => Input::pair(question, text),
        None => Input::text(text),
    }
}

/// A good rating with clearly negative words, or a bad one with clearly positive words.
fn contradicts(verdict: Verdict, sentiment: &Sentiment) -> bool {
    let against = match verdict {
        Verdict::Good => "negative",
        Verdict::Bad => "positive",
        Verdict::Between => return false,
    };
    sentiment.label == against && sentiment.confidence >= CONFLICT_CONFIDENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentiment(label: &str, confidence: f32) -> Sentiment {
        let scores = BTreeMap::new();
        Sentiment { label: label.into(), score: 0.0, confidence, scores, intensity: None }
    }

    #[test]
    fn a_rating_conflicts_only_with_clear_words_to_the_contrary() {
        assert!(contradicts(Verdict::Good, &sentiment("negative", 0.9)));
        assert!(contradicts(Verdict::Bad, &sentiment("positive", 0.9)));
        assert!(!contradicts(Verdict::Good, &sentiment("negative", 0.5)));
        assert!(!contradicts(Verdict::Good, &sentiment("mixed", 0.9)));
        assert!(!contradicts(Verdict::Between, &sentiment("negative", 0.9)));
    }
}
