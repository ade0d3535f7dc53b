//! Settings of decisions about tickets: thresholds, and the matrix of impact and urgency.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Mul};

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How predictions become decisions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TriageSettings {
    /// Replaces the bundle's thresholds for the decision `auto`, by task (0..1), for all labels of it.
    #[garde(custom(probabilities))]
    pub auto_threshold: BTreeMap<String, f32>,
    /// Share of all P1 (0..1) that must be found at least: a ticket whose probability of P1 reaches what that
    /// takes, by the bundle's held-out rows with 95 % certainty, becomes P1 although another priority is
    /// likelier. Absent: the likeliest priority, always.
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p1_recall_floor: Option<f32>,
    /// Impact (outer) × urgency (inner) → priority.
    #[garde(skip)]
    pub matrix: Matrix,
}

fn probabilities(values: &BTreeMap<String, f32>, (): &()) -> garde::Result {
    match values.iter().find(|(_, value)| !(0.0..=1.0).contains(*value)) {
        Some((task, value)) => Err(garde::Error::new(format!("{task}: {value} is not between 0 and 1"))),
        None => Ok(()),
    }
}

/// A level of impact or urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Hits all, or must be dealt with now.
    High,
    /// Hits a team, or can wait some hours or days.
    Medium,
    /// Hits one, or can wait.
    Low,
}

impl Level {
    /// All levels, highest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// The label that heads use.
    pub fn label(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// A priority, P1 the most pressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Priority {
    /// Drop everything.
    P1,
    /// Today.
    P2,
    /// This week.
    P3,
    /// When there is time.
    P4,
}

impl Priority {
    /// All priorities, most pressing first.
    pub const ALL: [Self; 4] = [Self::P1, Self::P2, Self::P3, Self::P4];

    /// "P1" to "P4".
    pub fn label(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
        }
    }
}

/// Which priority follows from impact (rows, high first) and urgency (columns, high first).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Priorities of high impact, at high, medium and low urgency.
    pub high: [Priority; 3],
    /// Priorities of medium impact.
    pub medium: [Priority; 3],
    /// Priorities of low impact.
    pub low: [Priority; 3],
}

impl Default for Matrix {
    fn default() -> Self {
        use Priority::{P1, P2, P3, P4};
        Self { high: [P1, P2, P3], medium: [P2, P3, P4], low: [P3, P4, P4] }
    }
}

impl Matrix {
    /// The priority of one combination.
    pub fn priority(&self, impact: Level, urgency: Level) -> Priority {
        let row = match impact {
            Level::High => &self.high,
            Level::Medium => &self.medium,
            Level::Low => &self.low,
        };
        match urgency {
            Level::High => row[0],
            Level::Medium => row[1],
            Level::Low => row[2],
        }
    }

    /// The probability of each priority, P1 first: the sum of P(impact) · P(urgency) over the cells that
    /// say it. Impact and urgency are taken as independent given the text.
    pub fn distribution<T>(&self, impact: impl Fn(Level) -> T, urgency: impl Fn(Level) -> T) -> [T; 4]
    where
        T: Copy + Default + Mul<Output = T> + AddAssign,
    {
        let mut sums = [T::default(); 4];
        for i in Level::ALL {
            for u in Level::ALL {
                sums[self.priority(i, u) as usize] += impact(i) * urgency(u);
            }
        }
        sums
    }
}
