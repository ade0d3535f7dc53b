//! Settings of what a helpdesk sends.

use std::io;

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// Fewest characters of a secret. Zendesk and the Standard Webhooks give longer ones.
const SECRET_LENGTH: usize = 16;

/// What a helpdesk sends to `POST /v1/hooks/…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct HookSettings {
    /// The words by which it signs, or of Freshdesk the word that it sends; several while one takes the place of
    /// another. 16 characters at least, or `file:` and the path of a file that holds one. Without one the hook
    /// takes nothing.
    #[garde(length(max = 10), custom(long_enough))]
    pub secrets: Vec<Secret>,
    /// Seconds by which the time of a signature may lie before or after now, where a time is signed.
    #[garde(range(min = 1, max = 86_400))]
    pub replay_window_s: u32,
    /// The users as whom Deskhand writes into tickets, by id (of Freshdesk also by e-mail address): what they do
    /// is not what people do.
    #[garde(length(max = 100))]
    pub own_users: Vec<String>,
    /// Of the generic hook: the header with `sha256=` and the HMAC-SHA256 of the body in hexadecimal. Absent:
    /// `X-Deskhand-Signature`. Where the sender signs as Standard Webhooks do, that is seen by itself.
    #[garde(inner(custom(header_name)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_header: Option<String>,
    /// Of the generic hook: where the fields stand in what is sent.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<FieldMapping>,
}

impl Default for HookSettings {
    fn default() -> Self {
        Self {
            secrets: Vec::new(),
            replay_window_s: 300,
            own_users: Vec::new(),
            signature_header: None,
            mapping: None,
        }
    }
}

impl HookSettings {
    /// Reads the secrets that stand in files.
    ///
    /// # Errors
    /// One cannot be read, or its file is empty; the error names the file and shows nothing of it.
    pub(super) fn read_secrets(&mut self) -> io::Result<()> {
        for secret in &mut self.secrets {
            *secret = secret.resolved()?;
        }
        Ok(())
    }
}

fn long_enough(secrets: &[Secret], (): &()) -> garde::Result {
    if secrets.iter().any(|secret| secret.expose().chars().count() < SECRET_LENGTH) {
        let message =
            format!("one is too short to be a secret; give {SECRET_LENGTH} characters at least, by chance");
        return Err(garde::Error::new(message));
    }
    Ok(())
}

fn header_name(name: &str, (): &()) -> garde::Result {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=100).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(garde::Error::new("is not the name of a header; use letters, digits and hyphens"))
}

/// Where fields stand in what is sent: JSON Pointers (RFC 6901), such as `/ticket/id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct FieldMapping {
    /// The ticket's id; a text or a number.
    #[garde(custom(pointer))]
    pub ticket_id: String,
    /// Its subject.
    #[garde(custom(pointer))]
    pub subject: String,
    /// Its first message.
    #[garde(custom(pointer))]
    pub body: String,
    /// Whether that is `html` or `text`; another word or none means text.
    #[garde(inner(custom(pointer)))]
    pub body_format: Option<String>,
    /// How it came in.
    #[garde(inner(custom(pointer)))]
    pub channel: Option<String>,
    /// When it came in.
    #[garde(inner(custom(pointer)))]
    pub created_at: Option<String>,
    /// When it was changed last; with it a delivery that comes late changes nothing.
    #[garde(inner(custom(pointer)))]
    pub updated_at: Option<String>,
    /// Who asks.
    #[garde(inner(custom(pointer)))]
    pub requester_id: Option<String>,
    /// Whom they belong to.
    #[garde(inner(custom(pointer)))]
    pub organization_id: Option<String>,
    /// Who works on it.
    #[garde(inner(custom(pointer)))]
    pub group: Option<String>,
    /// Where it stands: `new`, `open`, `pending`, `hold`, `solved`, `resolved`, `closed`.
    #[garde(inner(custom(pointer)))]
    pub status: Option<String>,
    /// Its priority.
    #[garde(inner(custom(pointer)))]
    pub priority: Option<String>,
    /// Its category.
    #[garde(inner(custom(pointer)))]
    pub category: Option<String>,
    /// Who caused the delivery.
    #[garde(inner(custom(pointer)))]
    pub author_id: Option<String>,
    /// Whether it is about an internal note: true or false.
    #[garde(inner(custom(pointer)))]
    pub internal: Option<String>,
    /// An id of the delivery that stays the same when it is sent once more.
    #[garde(inner(custom(pointer)))]
    pub delivery_id: Option<String>,
}

impl Default for FieldMapping {
    fn default() -> Self {
        let under_ticket = |name: &str| Some(format!("/ticket/{name}"));
        Self {
            ticket_id: "/ticket/id".to_owned(),
            subject: "/ticket/subject".to_owned(),
            body: "/ticket/body".to_owned(),
            body_format: under_ticket("body_format"),
            channel: under_ticket("channel"),
            created_at: under_ticket("created_at"),
            updated_at: under_ticket("updated_at"),
            requester_id: under_ticket("requester_id"),
            organization_id: under_ticket("organization_id"),
            group: under_ticket("group"),
            status: under_ticket("status"),
            priority: under_ticket("priority"),
            category: under_ticket("category"),
            author_id: Some("/author_id".to_owned()),
            internal: Some("/internal".to_owned()),
            delivery_id: Some("/id".to_owned()),
        }
    }
}

fn pointer(pointer: &str, (): &()) -> garde::Result {
    if pointer.starts_with('/') {
        return Ok(());
    }
    Err(garde::Error::new("is not a JSON Pointer; it begins with a slash, such as /ticket/id"))
}
