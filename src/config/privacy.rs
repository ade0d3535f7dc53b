//! What personal data is masked, and where.

use std::collections::BTreeSet;

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::text::masking::{Country, Kind, Masking};

/// What personal data is masked, and where.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct PrivacySettings {
    /// Whether tickets are masked before a bundle is trained on them. The rows of a training lie in the data
    /// folder only while it runs.
    pub mask_training: bool,
    /// Whether the words of tickets are masked before they are kept: subject, body (HTML becomes plain text) and
    /// resolution. Answers are still made of the words as they were sent; what is kept already stays as it is.
    pub mask_before_storing: bool,
    /// What is masked: `email`, `iban`, `card`, `id`, `ip`, `phone`, `name`.
    pub kinds: BTreeSet<Kind>,
    /// Countries whose national ids are known: `de`, `es`, `fr`, `gb`, `it`, `nl`, `pl`, `us`.
    pub countries: BTreeSet<Country>,
    /// For how long what is kept is kept.
    #[garde(dive)]
    pub retention: RetentionSettings,
}

/// For how many days each kind is kept; without a value for ever. What is older goes once a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Tickets with their predictions, outcomes, timelines and feedback, since they came in, were solved or changed
    /// their status, whichever was last.
    #[garde(inner(range(min = 1, max = 36_500)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tickets: Option<u32>,
    /// Surveys with their follow-ups, since they were answered.
    #[garde(inner(range(min = 1, max = 36_500)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surveys: Option<u32>,
    /// What customers typed in vain in a portal; that there was a visit stays.
    #[garde(inner(range(min = 1, max = 36_500)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deflections: Option<u32>,
    /// Updates of tickets of a helpdesk, what it said of them, and jobs that are over. A delivery about a ticket whose
    /// updates are gone is answered once more.
    #[garde(inner(range(min = 1, max = 36_500)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<u32>,
    /// Sign-ins, since they were last seen.
    #[garde(inner(range(min = 1, max = 36_500)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_ins: Option<u32>,
    /// What is left of deleted articles, their titles and embeddings, since they were deleted.
    #[garde(inner(range(min = 1, max = 36_500)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_articles: Option<u32>,
}

impl Default for PrivacySettings {
    fn default() -> Self {
        Self {
            mask_training: true,
            mask_before_storing: false,
            kinds: Kind::ALL.into(),
            countries: Country::ALL.into(),
            retention: RetentionSettings::default(),
        }
    }
}

impl PrivacySettings {
    /// What is masked in tickets before they are kept, if anything.
    #[must_use]
    pub fn before_storing(&self) -> Option<Masking> {
        self.mask_before_storing.then(|| self.masking())
    }

    /// What is masked in tickets that a bundle is trained on, if anything.
    #[must_use]
    pub fn in_training(&self) -> Option<Masking> {
        self.mask_training.then(|| self.masking())
    }

    fn masking(&self) -> Masking {
        Masking { kinds: self.kinds.clone(), countries: self.countries.clone() }
    }
}
