//! Whether a reply to a closed ticket asks for anything: thanks and out-of-office notices do not.
//!
//! Precision before recall: a reply that is taken for thanks and is none leaves a customer waiting, one that is
//! not recognised costs an agent a glance. So every sentence has to be one that such replies are made of, and
//! one that is not (a question, a negation, a `but`, something new) makes it [`ReplyKind::Other`].

mod away;
mod phrase;
mod thanks;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Format, mail};

/// What a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyKind {
    /// It only says thanks, or that all is well.
    Thanks,
    /// A machine says that somebody is away.
    OutOfOffice,
    /// Anything else.
    Other,
}

impl ReplyKind {
    /// Whether a closed ticket has to be opened again for it.
    pub fn needs_reopen(self) -> bool {
        self == Self::Other
    }
}

/// What the reply is. `headers` are those of its mail, as far as they are known, in any case; `text` may hold
/// the mail that it answers.
///
/// A mail whose `Auto-Submitted` is `auto-replied` (RFC 3834, section 5), or which has `X-Autoreply` or
/// `X-Autorespond`, is an automatic reply whatever it says.
pub fn classify<'a>(
    text: &str,
    format: Format,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> ReplyKind {
    if headers.into_iter().any(|(name, value)| is_automatic(name, value)) {
        return ReplyKind::OutOfOffice;
    }
    let own = own_words(text, format);
    // A question is one, in whatever language and wherever it stands.
    if own.contains(['?', '¿', '？']) {
        return ReplyKind::Other;
    }
    let sentences = phrase::sentences(&own);
    if thanks::only(&sentences) {
        ReplyKind::Thanks
    } else if away::only(&sentences) {
        ReplyKind::OutOfOffice
    } else {
        ReplyKind::Other
    }
}

fn is_automatic(name: &str, value: &str) -> bool {
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
    match name.as_str() {
        // Parameters may follow.
        "auto-submitted" => value.split(';').next().is_some_and(|kind| kind.trim() == "auto-replied"),
        "x-autoreply" | "x-autorespond" => !matches!(value.as_str(), "" | "no" | "false" | "0"),
        _ => false,
    }
}

/// The writer's own words, without earlier mail; without the signature, unless that leaves nothing.
fn own_words(text: &str, format: Format) -> String {
    let without = mail::own(text, format, true);
    if without.trim().is_empty() { mail::own(text, format, false) } else { without }
}
