//! One cell of a table.

use std::cmp::Ordering;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ui) enum Cell {
    /// Nothing is known.
    Nothing,
    /// Plain words.
    Words(String),
    /// Words that lead somewhere on this site.
    Link {
        /// Where: a path.
        href: String,
        /// What it says.
        words: String,
    },
    /// A number.
    Number {
        /// What it is sorted by, and what the CSV has.
        value: f64,
        /// What is read.
        shown: String,
    },
}

impl Cell {
    pub(in crate::ui) fn words(words: impl Into<String>) -> Self {
        Self::Words(words.into())
    }

    /// A count.
    pub(in crate::ui) fn count(count: u64) -> Self {
        Self::Number { value: count as f64, shown: count.to_string() }
    }

    /// A number with so many digits behind the point.
    pub(in crate::ui) fn number(value: f64, digits: usize) -> Self {
        Self::Number { value, shown: format!("{value:.digits$}") }
    }

    /// The order of two cells; what is not known stands last either way.
    pub(super) fn compare(&self, other: &Self, down: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Nothing, Self::Nothing) => return Ordering::Equal,
            (Self::Nothing, _) => return Ordering::Greater,
            (_, Self::Nothing) => return Ordering::Less,
            (Self::Number { value: a, .. }, Self::Number { value: b, .. }) => a.total_cmp(b),
            (a, b) => a.sorts_by().cmp(&b.sorts_by()),
        };
        if down { order.reverse() } else { order }
    }

    fn sorts_by(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Words(words) | Self::Link { words, .. } => words.to_lowercase(),
            Self::Number { shown, .. } => shown.clone(),
        }
    }
}
