//! What a site's bundle learns from, and when.

use std::num::NonZeroUsize;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// What a site's bundle learns from, and when it does by itself.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct LearningSettings {
    /// Whether the service trains by itself; what it has trained answers only if it is better.
    pub scheduled: bool,
    /// Days between two trainings.
    #[garde(range(min = 1, max = 365))]
    pub every_days: u32,
    /// Fewest labels that agents corrected since the last training before the next one begins.
    #[garde(range(max = 1_000_000))]
    pub min_corrections: u64,
    /// Hour of the day from which a training may begin, 0 to 23, by the clock of `time_zone`.
    #[garde(range(max = 23))]
    pub hour: i8,
    /// Hours from then on in which it may begin, 1 to 24.
    #[garde(range(min = 1, max = 24))]
    pub within_hours: i8,
    /// Time zone by its IANA name, such as `Europe/Berlin`.
    #[garde(custom(known_zone))]
    pub time_zone: String,
    /// Threads that a training takes; absent: a quarter of the cores, at least one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<NonZeroUsize>,
    /// Most rows of a label that are trained on, the newest.
    #[garde(range(min = 10, max = 100_000))]
    pub rows_per_label: u32,
    /// Fewest rows that a label has to have that the present bundle does not know.
    #[garde(range(min = 2, max = 10_000))]
    pub min_rows: usize,
    /// Fewest rows that have to be held out, over all labels, to judge what was trained.
    #[garde(range(min = 5, max = 100_000))]
    pub min_held_out: usize,
    /// Tickets in a hundred that are never trained on, always the same.
    #[garde(range(min = 5, max = 50))]
    pub held_out_percent: u8,
    /// How often a ticket counts whose label agents corrected, beside 1 for the others.
    #[garde(range(min = 1, max = 20))]
    pub correction_weight: u8,
    /// What a class or a head may lose in F1, accuracy and the like, 0 to 1.
    #[garde(range(min = 0.0, max = 1.0))]
    pub margin: f64,
    /// Bundles that stay in the data folder after a promotion, the newest, beside the one that answers and the one
    /// before it.
    #[garde(range(max = 1_000))]
    pub keep_bundles: usize,
}

fn known_zone(name: &str, (): &()) -> garde::Result {
    jiff::tz::TimeZone::get(name).map(drop).map_err(|_| {
        garde::Error::new(format!("{name:?} is no time zone; write an IANA name such as Europe/Berlin"))
    })
}

impl Default for LearningSettings {
    fn default() -> Self {
        Self {
            scheduled: false,
            every_days: 7,
            min_corrections: 50,
            hour: 2,
            within_hours: 4,
            time_zone: "UTC".to_owned(),
            threads: None,
            rows_per_label: 500,
            min_rows: 8,
            min_held_out: 30,
            held_out_percent: 20,
            correction_weight: 2,
            margin: MARGIN,
            keep_bundles: 2,
        }
    }
}

/// What may be lost unless a site says otherwise, as `deskhand promote` has it.
const MARGIN: f64 = 0.02;
