//! Numbers in words, and what a page says where there is nothing.

use axum::http::StatusCode;

use crate::audit::AuditError;

use super::problem::Problem;
use super::table::Cell;

/// A share as people read it.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// A share, or nothing where none is known; sorted by the share itself.
pub(super) fn share(share: Option<f64>) -> Cell {
    share.map_or(Cell::Nothing, |share| Cell::Number { value: share, shown: percent(share) })
}

/// A number that may be missing.
pub(super) fn number(value: Option<f64>, digits: usize) -> Cell {
    value.map_or(Cell::Nothing, |value| Cell::number(value, digits))
}

/// Words that may be missing.
pub(super) fn words(words: Option<&str>) -> Cell {
    words.filter(|words| !words.is_empty()).map_or(Cell::Nothing, Cell::words)
}

/// One of something or several.
pub(super) fn counted(count: u64, [one, many]: [&str; 2]) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A message as a sentence: with a capital and a full stop.
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.trim().chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.trim().ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Why a page has nothing to show: a sentence, and the status of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nothing {
    pub(super) status: StatusCode,
    pub(super) words: String,
}

impl Nothing {
    /// Where the question is at fault.
    pub(super) fn wrong(words: String) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, words }
    }

    /// Where there is nothing for a good question.
    pub(super) fn found(words: String) -> Self {
        Self { status: StatusCode::OK, words }
    }

    /// What an audit could not answer.
    ///
    /// # Errors
    /// The page of a failure inside, which goes to the log.
    pub(super) fn of(error: &AuditError) -> Result<Self, Problem> {
        match error {
            AuditError::NoTickets(message) => Ok(Self::found(sentence(message))),
            AuditError::UnknownValue { .. } => {
                Ok(Self::found(sentence(&error.to_string().replace('_', " "))))
            }
            AuditError::Backwards { .. } | AuditError::NoSuchGap | AuditError::Incomplete { .. } => {
                Ok(Self::wrong(sentence(&error.to_string())))
            }
            AuditError::Knowledge(_) | AuditError::Store(_) => {
                tracing::error!(%error, "a page of the audit could not be made");
                Err(Problem::failed())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("there are no tickets at all yet"), "There are no tickets at all yet.");
        assert_eq!(sentence("Why?"), "Why?");
        assert_eq!(sentence(""), ".");
    }
}
