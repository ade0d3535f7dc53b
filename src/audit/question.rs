//! What an audit is asked about.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::AuditError;
use super::observations::{NONE, Observations, Row};
use crate::config::AuditSettings;

/// Days of a window whose beginning is not given, where tickets come from the store.
pub const DEFAULT_DAYS: i64 = 90;
/// Categories that are shown if nothing else is said.
pub const DEFAULT_TOP: usize = 20;
/// Values that an error names.
const NAMED: usize = 8;

/// The tickets from `from` on and before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Window {
    /// Beginning; absent: everything before `to`, also tickets of which no time is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// End, not part of it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
}

impl Window {
    /// The window from `from` to `to`.
    ///
    /// # Errors
    /// [`AuditError::Backwards`].
    pub fn new(from: Option<Timestamp>, to: Timestamp) -> Result<Self, AuditError> {
        match from {
            Some(from) if from >= to => Err(AuditError::Backwards { from, to }),
            _ => Ok(Self { from, to }),
        }
    }

    /// The last [`DEFAULT_DAYS`] before `to`.
    #[must_use]
    pub fn quarter_before(to: Timestamp) -> Self {
        Self { from: to.checked_sub(SignedDuration::from_hours(24 * DEFAULT_DAYS)).ok(), to }
    }

    /// The window of the same length right before; `None` where this one has no beginning.
    #[must_use]
    pub fn before(&self) -> Option<Self> {
        let from = self.from?;
        let earlier = from.checked_sub(self.to.duration_since(from)).ok()?;
        Some(Self { from: Some(earlier), to: from })
    }

    /// Whether the time is in it.
    #[must_use]
    pub fn holds(&self, at: Option<Timestamp>) -> bool {
        match at {
            None => self.from.is_none(),
            Some(at) => at < self.to && self.from.is_none_or(|from| at >= from),
        }
    }
}

/// Which tickets of the window; all fields that are given have to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Filter {
    /// A category, or the beginning of its path: `Hardware` has `Hardware::Printer and peripherals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How tickets came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// For whom the requester works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The group of agents that they went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_group: Option<String>,
}

/// All of a question.
#[derive(Debug, Clone)]
pub struct Question {
    /// When.
    pub window: Window,
    /// Which tickets.
    pub filter: Filter,
    /// Categories to show at most, those with most tickets first.
    pub top: usize,
    /// An article that has not changed since is outdated; `None`: by the settings.
    pub reviewed_since: Option<Timestamp>,
}

/// When a flag is raised.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Thresholds of the flags.
    pub settings: AuditSettings,
    /// Answer confidence from which a ticket counts as answered.
    pub answer_threshold: f32,
}

impl Question {
    /// Before when an article must not have changed last.
    pub(super) fn outdated_before(&self, rules: &Rules) -> Option<Timestamp> {
        let days = SignedDuration::from_hours(24 * i64::from(rules.settings.outdated_days));
        self.reviewed_since.or_else(|| self.window.to.checked_sub(days).ok())
    }
}

/// A filter by the numbers of names.
pub(super) struct Chosen {
    /// Whether a category fits, by its number.
    categories: Option<Vec<bool>>,
    channel: Option<u32>,
    organization: Option<u32>,
    agent_group: Option<u32>,
}

impl Chosen {
    /// # Errors
    /// [`AuditError::UnknownValue`] for what no ticket of the window has, with what they have.
    pub(super) fn of(filter: &Filter, window: &Window, seen: &Observations) -> Result<Self, AuditError> {
        let one = |field, value: &Option<String>, of: fn(&Row) -> u32| {
            let Some(value) = value else { return Ok(None) };
            let number = seen.names.known(value);
            let found = number.filter(|n| seen.rows.iter().any(|row| of(row) == *n && window.holds(row.at)));
            found.map(Some).ok_or_else(|| unknown(field, window, seen, of))
        };
        let categories = match &filter.category {
            None => None,
            Some(prefix) => {
                let fits = fitting(prefix, seen);
                let any = seen.rows.iter().any(|row| fits[row.category as usize] && window.holds(row.at));
                if !any {
                    return Err(unknown("category", window, seen, |row| row.category));
                }
                Some(fits)
            }
        };
        Ok(Self {
            categories,
            channel: one("channel", &filter.channel, |row| row.channel)?,
            organization: one("organization", &filter.organization, |row| row.organization)?,
            agent_group: one("agent_group", &filter.agent_group, |row| row.agent_group)?,
        })
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        self.categories.as_ref().is_none_or(|fits| fits[row.category as usize])
            && self.channel.is_none_or(|wanted| wanted == row.channel)
            && self.organization.is_none_or(|wanted| wanted == row.organization)
            && self.agent_group.is_none_or(|wanted| wanted == row.agent_group)
    }
}

/// For each name whether it is the category or lies below it.
fn fitting(prefix: &str, seen: &Observations) -> Vec<bool> {
    let prefix = prefix.trim().trim_end_matches("::");
    let fits =
        |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let most = seen.rows.iter().map(|row| row.category).max().unwrap_or(0);
    (0..=most).map(|number| fits(seen.names.name(number))).collect()
}

fn unknown(field: &'static str, window: &Window, seen: &Observations, of: fn(&Row) -> u32) -> AuditError {
    let mut counts = std::collections::HashMap::<u32, u64>::new();
    for row in seen.rows.iter().filter(|row| window.holds(row.at)) {
        *counts.entry(of(row)).or_default() += 1;
    }
    counts.remove(&NONE);
    let mut counts: Vec<(u32, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(number, count)| (std::cmp::Reverse(*count), *number));
    let names: Vec<&str> = counts.iter().take(NAMED).map(|(number, _)| seen.names.name(*number)).collect();
    let there = match names.as_slice() {
        [] => "none of them says any".to_owned(),
        names if counts.len() > NAMED => format!("among them are {}", names.join(", ")),
        names => format!("there are {}", names.join(", ")),
    };
    AuditError::UnknownValue { field, message: format!("no ticket of the window has it; {there}") }
}
