//! The products whose exports are known, and how one is told from the other.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::field::Field;
use super::products;

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Product {
    /// Zendesk Support.
    Zendesk,
    /// Zammad.
    Zammad,
    /// Freshdesk, and Freshservice where it writes the same.
    Freshdesk,
    /// ServiceNow incidents.
    ServiceNow,
    /// Jira Service Management.
    Jira,
    /// Anything else with columns that can be understood; our own JSON Lines among them.
    Plain,
}

/// What is known of a product's exports.
pub(super) struct Sheet {
    /// Columns that only it has, folded: one of these sets whole makes a file one of its own.
    pub(super) marks: &'static [&'static [&'static str]],
    /// Our field, and the columns that say it, folded, the one that says it best first.
    pub(super) columns: &'static [(Field, &'static [&'static str])],
    /// What values mean, in lower case; beside our own words. "" is: nothing.
    pub(super) values: &'static [(Field, &'static [(&'static str, &'static str)])],
    /// Whether two columns for one field say the same in its exports, so that the first one can be taken.
    pub(super) ordered: bool,
    /// Brings a row of its own shape into columns.
    pub(super) tidy: fn(Map<String, Value>) -> Map<String, Value>,
}

impl Product {
    /// All products.
    pub const ALL: [Self; 6] =
        [Self::Zendesk, Self::Zammad, Self::Freshdesk, Self::ServiceNow, Self::Jira, Self::Plain];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zendesk => "zendesk",
            Self::Zammad => "zammad",
            Self::Freshdesk => "freshdesk",
            Self::ServiceNow => "servicenow",
            Self::Jira => "jira",
            Self::Plain => "plain",
        }
    }

    pub(super) fn sheet(self) -> &'static Sheet {
        match self {
            Self::Zendesk => &products::zendesk::SHEET,
            Self::Zammad => &products::zammad::SHEET,
            Self::Freshdesk => &products::freshdesk::SHEET,
            Self::ServiceNow => &products::servicenow::SHEET,
            Self::Jira => &products::jira::SHEET,
            Self::Plain => &products::plain::SHEET,
        }
    }

    /// The products that have columns like these (folded).
    pub(super) fn like(columns: &BTreeSet<String>) -> Vec<Self> {
        let has = |marks: &&[&str]| marks.iter().all(|mark| columns.contains(*mark));
        Self::ALL.into_iter().filter(|product| product.sheet().marks.iter().any(&has)).collect()
    }
}

/// A row that needs no tidying.
pub(super) fn as_it_is(fields: Map<String, Value>) -> Map<String, Value> {
    fields
}
