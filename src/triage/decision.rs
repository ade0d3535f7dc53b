//! From a confidence to a decision.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Limits, Thresholds};

/// What to do with a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Sure enough to be set without asking.
    Auto,
    /// Worth showing to an agent.
    Suggest,
    /// The model does not know.
    Abstain,
}

/// How sure, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfidenceLevel {
    /// At or above the threshold for `auto`.
    High,
    /// At or above the threshold for `suggest`.
    Medium,
    /// Below both.
    Low,
}

/// What decides about a prediction beside its confidence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    /// The bundle's.
    pub(super) thresholds: &'a Thresholds,
    /// The threshold for `auto` that the site has set for the task.
    pub(super) of_site: Option<f32>,
    /// Whether the text is in a language that the bundle does not know.
    pub(super) foreign: bool,
    /// Whether the text belongs to any of the labels, where that can be told.
    pub(super) in_scope: Option<bool>,
}

impl Rule<'_> {
    /// Whether the model cannot know, however sure it is.
    pub(super) fn unknown(&self) -> bool {
        self.foreign || self.in_scope == Some(false)
    }

    pub(super) fn limits(&self, label: &str) -> Limits {
        self.thresholds.limits(label, self.of_site)
    }
}

/// The decision for a confidence (0..1). What the model cannot know always abstains.
pub(super) fn decide(confidence: f32, limits: Limits, unknown: bool) -> (Decision, ConfidenceLevel) {
    if unknown || confidence < limits.suggest {
        (Decision::Abstain, ConfidenceLevel::Low)
    } else if confidence < limits.auto {
        (Decision::Suggest, ConfidenceLevel::Medium)
    } else {
        (Decision::Auto, ConfidenceLevel::High)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { auto: 0.8, suggest: 0.4 };

    #[test]
    fn a_threshold_itself_is_enough() {
        assert_eq!(decide(0.8, LIMITS, false).0, Decision::Auto);
        assert_eq!(decide(0.4, LIMITS, false).0, Decision::Suggest);
        assert_eq!(decide(0.399, LIMITS, false).0, Decision::Abstain);
    }

    #[test]
    fn what_the_model_cannot_know_abstains_however_sure_the_head_is() {
        assert_eq!(decide(0.99, LIMITS, true), (Decision::Abstain, ConfidenceLevel::Low));
    }
}
