//! Settings of the search.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How articles are found.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SearchSettings {
    /// Below this answer confidence (0..1) a ticket counts as not answered.
    #[garde(range(min = 0.0, max = 1.0))]
    pub answer_threshold: f32,
    /// What the log odds of the answer confidence are multiplied by, so that it is right on this house's own
    /// tickets: `deskhand evaluate --data … --gap …` says which values are.
    #[garde(range(min = 0.05, max = 20.0))]
    pub answer_slope: f32,
    /// What is then added to them.
    #[garde(range(min = -20.0, max = 20.0))]
    pub answer_offset: f32,
    /// Most that feedback adds to or takes from an article's score, in standard deviations of the
    /// candidates' scores; 0 leaves feedback out of the ranking.
    #[garde(range(min = 0.0, max = 1.0))]
    pub usefulness_weight: f32,
    /// Days after which a word of feedback counts half.
    #[garde(range(min = 1, max = 36_500))]
    pub usefulness_half_life_days: u32,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            answer_threshold: 0.65,
            answer_slope: 1.0,
            answer_offset: 0.0,
            usefulness_weight: 0.3,
            usefulness_half_life_days: 180,
        }
    }
}
