//! What goes wrong, in words for the person at the page.

use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use garde::Report;

use crate::model::ModelError;
use crate::triage::TriageError;

/// A problem as a page shows it: what happened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Status of the page.
    pub(super) status: StatusCode,
    /// What happened.
    pub(super) title: &'static str,
    /// What to do.
    pub(super) advice: String,
    /// Whether the words in the form are at fault.
    pub(super) in_form: bool,
    /// Seconds after which to try again.
    pub(super) retry_after_s: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, advice: impl Into<String>) -> Self {
        Self { status, title, advice: advice.into(), in_form: false, retry_after_s: None }
    }

    /// A ticket that may not be read.
    pub(super) fn of_ticket(report: &Report) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let of_subject = report.iter().any(|(path, _)| path.to_string() == "subject");
        let problem = if of_subject {
            Self::new(
                status,
                "The subject is too long.",
                "It may have 2,000 characters. Move the rest of it into the message.",
            )
        } else {
            Self::new(
                status,
                "There is nothing to read yet.",
                "Paste the words of the ticket: a subject or a message is enough.",
            )
        };
        Self { in_form: true, ..problem }
    }

    /// A form that could not be taken in; `limit` is its largest size in bytes.
    pub(super) fn of_form(rejection: &FormRejection, limit: usize) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let title = "The ticket is too long.";
            let advice = format!(
                "A ticket may have about {} kilobytes of text. Paste only the message that asks, without the mails under it and without attachments.",
                limit / 1_000
            );
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, title, advice);
        }
        Self::new(
            StatusCode::BAD_REQUEST,
            "The form did not arrive as it should.",
            "Open the first page again and paste the ticket once more.",
        )
    }

    /// A ticket that could not be answered.
    pub(super) fn of_triage(error: &TriageError) -> Self {
        match error {
            TriageError::Model(ModelError::Overloaded { retry_after_s }) => Self {
                retry_after_s: Some(*retry_after_s),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "The model is busy with other tickets.",
                    format!("Your words are kept in the form. Press the button again in {retry_after_s} s."),
                )
            },
            TriageError::Model(ModelError::Stopped) => Self {
                retry_after_s: Some(30),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Deskhand is shutting down.",
                    "Your words are kept in the form. Press the button again once it is back.",
                )
            },
            TriageError::Model(_) | TriageError::Knowledge(_) | TriageError::Store(_) => Self::failed(),
        }
    }

    /// Something that the person can do nothing about.
    pub(super) fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This did not work, and it is not your fault.",
            "Try it once more. If it fails again, tell whoever runs Deskhand: the reason is in its log.",
        )
    }

    /// A question without words.
    pub(super) fn no_question() -> Self {
        let title = "There is nothing to read yet.";
        let advice = "Write a question, an error message or the words of a ticket.";
        Self { in_form: true, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, title, advice) }
    }

    /// A form that another site had the browser send.
    pub(super) fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form came from another site.",
            "Nothing was changed. Open the page here and fill it in again.",
        )
    }

    /// A form about what is no longer there.
    pub(super) fn gone() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "What this form is about is not there any more.",
            "It may have been deleted since the page was made. Open the page again.",
        )
    }

    /// A form with a word in it that is not understood.
    pub(super) fn bad_form() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "The form did not arrive as it should.",
            "Nothing was changed. Open the page again and fill it in once more.",
        )
    }

    /// A field of a form with more characters than it may have.
    pub(super) fn too_long(field: &str, most: usize) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "What was written is too long.",
            format!("The field \"{field}\" may have {most} characters. Nothing was changed."),
        )
    }

    /// A decision about a gap that lacks what it needs; `field` is the API's name of what is missing.
    pub(super) fn incomplete(field: &str) -> Self {
        let advice = if field == "/owner" {
            "An assigned group needs an owner. Say who writes the article. Nothing was changed."
        } else {
            "A published group needs the id of an article that there is. Put the article first. Nothing was changed."
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Something is missing.", advice)
    }

    /// A link to a panel that was altered, or whose time is over.
    pub(super) fn bad_link() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This link does not open anything.",
            "It was changed, or its time is over. Open the ticket anew, so that the helpdesk makes a fresh one.",
        )
    }

    /// A link to a panel where the site makes none.
    pub(super) fn no_panels() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Panels are not switched on here.",
            "Whoever runs Deskhand switches them on by ui.link_secret in its settings.",
        )
    }

    /// A link to the panel of a ticket that is not there.
    pub(super) fn no_ticket() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "This ticket is not known here.",
            "Tickets are kept when they are triaged with an id. Have the helpdesk send this one.",
        )
    }

    /// A link to an example that is not there.
    pub(super) fn no_example() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such example.",
            "Paste a ticket, or choose one of the examples on this page.",
        )
    }

    /// A form that does not say whose it is.
    pub(super) fn nameless() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Your name is missing.",
            "Say who sets the signal aside. Nothing was changed.",
        )
    }

    /// A link to an account of which nothing is known.
    pub(super) fn no_account() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Nothing is known of this account.",
            "A requester or an organization has a page as soon as a ticket or a survey of theirs is kept.",
        )
    }

    /// A link to an article that is not there.
    pub(super) fn no_article() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such article.",
            "It may have been deleted since the link was made. Read the ticket again to see which articles there are now.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_model_says_when_to_press_the_button_again() {
        let busy = TriageError::Model(ModelError::Overloaded { retry_after_s: 3 });
        let problem = Problem::of_triage(&busy);
        assert_eq!((problem.status, problem.retry_after_s), (StatusCode::TOO_MANY_REQUESTS, Some(3)));
        assert!(problem.advice.contains("again in 3 s") && !problem.in_form);
    }

    #[test]
    fn a_failure_inside_tells_no_details() {
        let failure = TriageError::Model(ModelError::Inference("secret".into()));
        let problem = Problem::of_triage(&failure);
        assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.advice.contains("secret"));
    }
}
