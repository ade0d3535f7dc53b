//! When an alarm of drift is raised.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// When an alarm of drift is raised: what was so in the window before and is no longer so. Each needs a difference
/// that matters and enough certainty that it is no accident.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct DriftSettings {
    /// Days of a window; the one before is as long.
    #[garde(range(min = 1, max = 366))]
    pub days: u32,
    /// Chance, 0 to 0.5, at or below which a difference is no accident.
    #[garde(range(min = 0.0001, max = 0.5))]
    pub chance: f64,
    /// Fewest tickets in each window on which an alarm may stand.
    #[garde(range(min = 5, max = 100_000))]
    pub min_tickets: u64,
    /// How far a share has to move, in points (0.05 is five in a hundred).
    #[garde(range(min = 0.0, max = 1.0))]
    pub margin: f64,
    /// Fewest tickets that make a label new or vanished.
    #[garde(range(min = 2, max = 100_000))]
    pub min_label: u64,
    /// Share of the tickets of a new label, 0 to 1, that the model has to call like a vanished one before that is
    /// taken as renamed.
    #[garde(range(min = 0.1, max = 1.0))]
    pub renamed_share: f64,
    /// Cosine distance, 0 to 2, that the mean embedding has to move.
    #[garde(range(min = 0.0, max = 2.0))]
    pub embedding_distance: f64,
    /// Words in the last part of a label that say that it is for the rest, in small letters.
    #[garde(inner(length(min = 1, max = 100)))]
    pub other_words: Vec<String>,
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self {
            days: 30,
            chance: 0.01,
            min_tickets: 50,
            margin: 0.05,
            min_label: 5,
            renamed_share: 0.6,
            embedding_distance: 0.02,
            other_words: [
                "other",
                "others",
                "misc",
                "miscellaneous",
                "general",
                "unknown",
                "sonstiges",
                "autre",
                "otro",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}
