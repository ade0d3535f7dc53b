//! The answer of a triage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::decision::{ConfidenceLevel, Decision, Rule, decide};
use super::named::NamedItem;
use super::reasons::Reason;
use super::ticket::Ticket;
use crate::knowledge::{SimilarTicket, Suggested};
use crate::model::{Manifest, ModelName};

/// Everything that Deskhand says about a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TriageAnswer {
    /// Names this answer; version 7, so ids sort by time.
    #[schema(value_type = String, format = "uuid")]
    pub prediction_id: Uuid,
    /// The id that the ticket came with.
    pub ticket_id: Option<String>,
    /// Which model gave it.
    pub model: ModelName,
    /// ISO 639-1 code, where the language could be told.
    pub language: Option<&'static str>,
    /// By task: `category`, `impact`, `urgency`, `priority`, and whatever else the bundle was trained for.
    pub predictions: BTreeMap<String, Prediction>,
    /// Whether some article answers it: whether `answer_confidence` reaches the site's threshold. Absent
    /// where no articles were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<bool>,
    /// How likely it is that some article answers it, 0 to 1; absent like `answered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_confidence: Option<f32>,
    /// Articles that may answer it, best first.
    pub articles: Vec<Suggested>,
    /// Past tickets like it, with what solved them, closest first.
    pub similar_tickets: Vec<SimilarTicket>,
    /// Tickets like it that came in within 72 hours of it and are not known to be solved, closest first:
    /// several may be one incident.
    pub open_tickets: Vec<SimilarTicket>,
    /// Configuration items that the ticket names, in the order of their first mention, at most 20; none are
    /// shown to customers.
    pub configuration_items: Vec<NamedItem>,
    /// Whether words of the ticket were left out.
    pub truncated: bool,
    /// What was cut, skipped or not understood.
    pub warnings: Vec<String>,
}

impl TriageAnswer {
    pub(super) fn new(ticket: &Ticket, manifest: &Manifest, now: Timestamp) -> Self {
        Self {
            prediction_id: prediction_id(now),
            ticket_id: ticket.id.clone(),
            model: manifest.model_name(),
            language: None,
            predictions: BTreeMap::new(),
            answered: None,
            answer_confidence: None,
            articles: Vec::new(),
            similar_tickets: Vec::new(),
            open_tickets: Vec::new(),
            configuration_items: Vec::new(),
            truncated: false,
            warnings: Vec::new(),
        }
    }
}

fn prediction_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

/// What one head says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Prediction {
    /// The most likely label.
    pub label: String,
    /// Its calibrated probability, 0..1.
    pub confidence: f32,
    /// The same in a word.
    pub confidence_level: ConfidenceLevel,
    /// From this confidence on the decision is `auto`, where this label is the most likely one.
    /// Above 1: never, since too few examples show how often it would be right.
    pub threshold: f32,
    /// What to do with it.
    pub decision: Decision,
    /// The most likely labels, best first: the first one is `label`, unless that was raised.
    pub ranking: Vec<Ranked>,
    /// Of a priority that is P1 although another was likelier: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<Raised>,
    /// Whether the text belongs to any of the labels: if not, the decision is `abstain`, whatever the
    /// confidence among them. Of the priority: whether it does for impact and urgency. Absent where the
    /// bundle cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_scope: Option<bool>,
    /// The submitter's label against this one, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// With `explain`: the words that moved the decision, at most five, those that count most first. None
    /// for words that cannot be placed in the ticket as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<Reason>>,
}

impl Prediction {
    /// `ranking` is sorted, best first, and has at least one entry.
    pub(super) fn decide(mut ranking: Vec<Ranked>, top_n: usize, rule: Rule<'_>) -> Self {
        let (label, confidence) =
            ranking.first().map_or_else(Default::default, |top| (top.label.clone(), top.confidence));
        let limits = rule.limits(&label);
        let (decision, confidence_level) = decide(confidence, limits, rule.unknown());
        ranking.truncate(top_n);
        let threshold = limits.auto;
        Self {
            label,
            confidence,
            confidence_level,
            threshold,
            decision,
            ranking,
            raised: None,
            in_scope: rule.in_scope,
            mismatch: None,
            reasons: None,
        }
    }

    /// Makes it `label`, whose confidence reaches `at`, because the site wants to miss few of these. It is
    /// then worth an agent's look, however unsure; `auto` takes what it always takes.
    pub(super) fn raise(&mut self, label: Ranked, at: f32, rule: Rule<'_>) {
        let limits = rule.limits(&label.label);
        let (decision, confidence_level) = decide(label.confidence, limits, rule.unknown());
        let likelier = std::mem::replace(&mut self.label, label.label);
        if likelier != self.label {
            self.raised = Some(Raised { from: likelier, at });
        }
        self.confidence = label.confidence;
        self.confidence_level = confidence_level;
        self.threshold = limits.auto;
        let unsure = decision == Decision::Abstain && !rule.unknown();
        self.decision = if unsure { Decision::Suggest } else { decision };
    }
}

/// A label with its probability.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Ranked {
    /// A label of the taxonomy.
    pub label: String,
    /// Its probability, 0..1.
    pub confidence: f32,
}

/// Why a priority is P1 although another was likelier: the site's floor for the recall of P1
/// (`triage.p1_recall_floor`).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Raised {
    /// The likelier priority.
    pub from: String,
    /// From this probability of P1 on the floor takes tickets for P1, 0..1.
    pub at: f32,
}

/// The submitter's label against the predicted one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mismatch {
    /// What the submitter chose.
    pub submitted: String,
    /// Whether the model is sure of another label.
    pub flagged: bool,
}

impl Mismatch {
    /// Flagged when the labels differ and the decision is `auto`: a guess accuses nobody.
    pub(super) fn of(submitted: &str, prediction: &Prediction) -> Self {
        let flagged = prediction.label != submitted && prediction.decision == Decision::Auto;
        Self { submitted: submitted.to_string(), flagged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Thresholds;

    fn decided(label: &str, of_site: Option<f32>) -> Prediction {
        let thresholds = Thresholds { auto_of: [("B".to_owned(), 0.95)].into(), ..Thresholds::new(0.8, 0.4) };
        let ranking = vec![Ranked { label: label.into(), confidence: 0.9 }];
        let rule = Rule { thresholds: &thresholds, of_site, foreign: false, in_scope: None };
        Prediction::decide(ranking, 1, rule)
    }

    #[test]
    fn a_label_with_a_threshold_of_its_own_is_decided_by_it_and_the_answer_shows_it() {
        let (a, b) = (decided("A", None), decided("B", None));
        assert_eq!((a.decision, a.threshold), (Decision::Auto, 0.8));
        assert_eq!((b.decision, b.threshold), (Decision::Suggest, 0.95));
    }

    #[test]
    fn what_the_site_has_set_for_a_task_wins_over_the_thresholds_of_all_labels() {
        let b = decided("B", Some(0.85));
        assert_eq!((b.decision, b.threshold), (Decision::Auto, 0.85));
    }

    #[test]
    fn text_that_belongs_to_no_label_abstains_and_is_not_raised_to_a_suggestion() {
        let thresholds = Thresholds::new(0.8, 0.4);
        let ranked = |label: &str, confidence| Ranked { label: label.into(), confidence };
        let rule = Rule { thresholds: &thresholds, of_site: None, foreign: false, in_scope: Some(false) };
        let mut prediction = Prediction::decide(vec![ranked("P2", 0.9), ranked("P1", 0.1)], 2, rule);
        assert_eq!((prediction.decision, prediction.in_scope), (Decision::Abstain, Some(false)));
        prediction.raise(ranked("P1", 0.1), 0.05, rule);
        assert_eq!((prediction.label.as_str(), prediction.decision), ("P1", Decision::Abstain));
    }
}
