//! Which problem an error of the rooms below is to a caller.

use tokio::task::JoinError;

use super::{Code, FieldError, Problem};
use crate::audit::AuditError;
use crate::knowledge::KnowledgeError;
use crate::model::ModelError;
use crate::privacy::PrivacyError;
use crate::store::StoreError;
use crate::survey::SurveyError;
use crate::triage::TriageError;

/// After how many seconds a request is worth sending again where nothing better is known.
const RETRY_S: u64 = 5;

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Overloaded { retry_after_s } => {
                Self::because(Code::Overloaded, "The model's queue is full.").retry_after(retry_after_s)
            }
            ModelError::Stopped => Self::new(Code::Stopping).retry_after(RETRY_S),
            // What the tokenizer says may quote the text; it is not logged.
            ModelError::Tokenizer(_) => {
                Self::new(Code::ModelFailed).caused_by("the tokenizer refused the text")
            }
            ModelError::Inference(_) => Self::new(Code::ModelFailed).caused_by(error),
        }
    }
}

/// Paths of this computer are for the log, not for the caller.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => {
                Self::because(Code::StoreFull, "Nothing of this request was kept.").caused_by(error)
            }
            StoreError::Closed => Self::new(Code::Stopping).retry_after(RETRY_S),
            StoreError::Busy { .. } | StoreError::Locked { .. } => {
                Self::because(Code::StoreUnavailable, "Another program holds it.")
                    .retry_after(RETRY_S)
                    .caused_by(error)
            }
            StoreError::NotWritable { .. } => Self::because(Code::StoreUnavailable, "It cannot be written.")
                .retry_after(RETRY_S)
                .caused_by(error),
            StoreError::Unreachable { .. } => {
                Self::because(Code::StoreUnavailable, "The database does not answer; nothing was saved.")
                    .retry_after(RETRY_S)
                    .caused_by(error)
            }
            StoreError::Unsure { .. } => Self::because(
                Code::StoreUnavailable,
                "The connection to the database broke while this was being saved: it may be kept or not.",
            )
            .retry_after(RETRY_S)
            .caused_by(error),
            StoreError::Refused { .. } => {
                Self::because(Code::StoreUnavailable, "The database does not let Deskhand in.")
                    .retry_after(RETRY_S)
                    .caused_by(error)
            }
            StoreError::Damaged { .. } | StoreError::Newer { .. } | StoreError::Other { .. } => {
                Self::new(Code::StoreFailed).caused_by(error)
            }
        }
    }
}

impl From<PrivacyError> for Problem {
    fn from(error: PrivacyError) -> Self {
        match error {
            PrivacyError::Store(error) => error.into(),
            PrivacyError::Knowledge(error) => error.into(),
        }
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Backwards { .. } => {
                Self::field("from", "is not before `to` (now, if that is not given); exchange them")
            }
            AuditError::NoTickets(why) => Self::because(Code::NothingToAudit, sentence(&why)),
            AuditError::UnknownValue { field, message } | AuditError::Incomplete { field, message } => {
                Self::field(field, message)
            }
            AuditError::NoSuchGap => Self::new(Code::GapNotFound),
            AuditError::Knowledge(error) => error.into(),
            AuditError::Store(error) => error.into(),
        }
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).chain(['.']).collect()
}

impl From<KnowledgeError> for Problem {
    fn from(error: KnowledgeError) -> Self {
        match error {
            KnowledgeError::Store(error) => error.into(),
            KnowledgeError::Model(error) => error.into(),
            // It tells of a panic, whose message may quote text; where it happened the panic hook logs.
            KnowledgeError::Failed(_) => {
                Self::new(Code::SearchFailed).caused_by("a part of the search failed")
            }
            error => Self::new(Code::SearchFailed).caused_by(error),
        }
    }
}

impl From<TriageError> for Problem {
    fn from(error: TriageError) -> Self {
        match error {
            TriageError::Model(error) => error.into(),
            TriageError::Knowledge(error) => error.into(),
            TriageError::Store(error) => error.into(),
        }
    }
}

impl From<SurveyError> for Problem {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::NoHead(_) => {
                Self::because(Code::TaskNotInBundle, "This bundle has no head for sentiment.")
            }
            SurveyError::Model(error) => error.into(),
            SurveyError::Store(error) => error.into(),
        }
    }
}

/// Work on another thread that panicked.
impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        // A panic's message may quote text; where it happened is logged by the panic hook.
        let cause = if error.is_panic() { "a thread panicked" } else { "a thread was ended" };
        Self::new(Code::Internal).caused_by(cause)
    }
}

/// Fields out of range; garde writes `comments[3].text`, a JSON Pointer is `/comments/3/text`.
impl From<garde::Report> for Problem {
    fn from(report: garde::Report) -> Self {
        let entry = |(path, error): &(garde::Path, garde::Error)| {
            let steps = path.to_string().replace('[', ".").replace(']', "");
            let pointer = steps.split('.').filter(|step| !step.is_empty()).map(|step| format!("/{step}"));
            let message = error.message();
            let whole =
                if message.starts_with("greater") || message.starts_with("lower") { "is " } else { "" };
            FieldError { field: pointer.collect(), message: format!("{whole}{message}") }
        };
        Self::fields(report.iter().map(entry).collect())
    }
}
