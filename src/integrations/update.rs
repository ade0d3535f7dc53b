//! What is to be written into a ticket of the helpdesk.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::config::{Level, Priority};
use crate::store::NewJob;

/// The kind of the jobs whose payload is an [`Update`].
pub const WRITE_BACK: &str = "write_back";

/// The tag that every ticket gets which Deskhand has written into.
pub const OWN_TAG: &str = "deskhand";

/// Hexadecimal digits of a version that are enough for people and markers.
const SHORT: usize = 12;

/// A helpdesk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// Zendesk Support.
    Zendesk,
    /// Zammad.
    Zammad,
    /// Freshdesk.
    Freshdesk,
    /// Any other that sends and takes JSON.
    Generic,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Zendesk, Self::Zammad, Self::Freshdesk, Self::Generic];

    /// Its name in addresses, settings and keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zendesk => "zendesk",
            Self::Zammad => "zammad",
            Self::Freshdesk => "freshdesk",
            Self::Generic => "generic",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Product {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|product| product.name() == name);
        known.ok_or_else(|| "is no helpdesk; use zendesk, zammad, freshdesk or generic".to_owned())
    }
}

/// What is to be written into a ticket of the helpdesk; the payload of a job of kind [`WRITE_BACK`].
///
/// What is absent or empty is to be left as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Update {
    /// Which helpdesk.
    pub product: Product,
    /// The ticket's id there.
    #[schema(example = "81")]
    pub ticket_id: String,
    /// The version of the ticket's words that it is about, see [`words_version`].
    pub version: String,
    /// The answer that it comes from.
    #[schema(value_type = String, format = "uuid")]
    pub prediction_id: Uuid,
    /// The category to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Network::VPN and remote access")]
    pub category: Option<String>,
    /// The priority to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The impact to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Level>,
    /// The urgency to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Level>,
    /// Tags to add to those that the ticket has; [`OWN_TAG`] is one of them.
    #[serde(default)]
    pub tags: Vec<String>,
    /// An internal note to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// An internal note, as data; each helpdesk renders it in its own form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// What Deskhand thinks, field by field, in words, whether or not it is sure enough to set it: plain text.
    #[schema(example = json!(["Category: Network::VPN and remote access (94 %, set)"]))]
    pub lines: Vec<String>,
    /// Articles that may answer the ticket, best first.
    pub articles: Vec<NoteArticle>,
    /// Ids of past tickets like it, closest first.
    pub similar: Vec<String>,
    /// The words that moved the decisions.
    pub reasons: Vec<NoteReason>,
}

/// An article in a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NoteArticle {
    /// Its id in Deskhand.
    pub id: String,
    /// Its title, plain text.
    pub title: String,
    /// Its address, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The passage that answers, plain text.
    pub passage: String,
}

/// Why a decision was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NoteReason {
    /// Which decision: `category`, `impact` or `urgency`.
    pub task: String,
    /// Words of the ticket, those that count most first.
    pub words: Vec<String>,
}

impl Update {
    /// What it is, among the jobs of its kind: a ticket is written into once for each version of its words.
    pub fn key(&self) -> String {
        format!("{}:{}:{}", self.product, self.ticket_id, self.version)
    }

    /// What it is about: updates of one ticket are written one after another.
    pub fn subject(&self) -> String {
        format!("{}:{}", self.product, self.ticket_id)
    }

    /// What stands in the note that it adds, and in no other: by it a note is found again.
    pub fn marker(&self) -> String {
        let short = self.version.get(..SHORT).unwrap_or(&self.version);
        format!("Deskhand {short} {}", self.prediction_id)
    }

    /// Whether it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.category.is_none()
            && self.priority.is_none()
            && self.impact.is_none()
            && self.urgency.is_none()
            && self.note.is_none()
    }

    /// The job that writes it.
    ///
    /// # Errors
    /// Those of writing JSON, which numbers and texts do not cause.
    pub fn job(&self, run_at: Timestamp) -> Result<NewJob, serde_json::Error> {
        Ok(NewJob {
            kind: WRITE_BACK,
            key: self.key(),
            subject: Some(self.subject()),
            payload: serde_json::to_value(self)?,
            run_at,
        })
    }
}

/// The version of a ticket's words: the SHA-256 of subject and body as the helpdesk sent them, in hexadecimal.
/// White space at their ends does not count, since products disagree about it.
pub fn words_version(subject: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    let subject = subject.trim();
    // The length keeps what stands at the end of one from passing for the beginning of the other.
    hash.update((subject.len() as u64).to_be_bytes());
    hash.update(subject);
    hash.update(body.trim());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_version_changes_with_the_words_and_with_where_they_stand() {
        let version = words_version("VPN drops", "every hour");
        assert_eq!(version.len(), 64);
        assert_eq!(version, words_version(" VPN drops", "every hour\n"));
        assert_ne!(version, words_version("VPN drops", "every day"));
        assert_ne!(version, words_version("VPN drop", "severy hour"));
    }

    #[test]
    fn an_update_survives_its_way_through_a_job() {
        let update = Update {
            product: Product::Zendesk,
            ticket_id: "81".into(),
            version: words_version("a", "b"),
            prediction_id: Uuid::nil(),
            category: Some("Network::VPN and remote access".into()),
            priority: Some(Priority::P2),
            impact: None,
            urgency: Some(Level::High),
            tags: vec![OWN_TAG.into()],
            note: Some(Note::default()),
        };
        let job = update.job(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(serde_json::from_value::<Update>(job.payload).unwrap(), update);
        assert_eq!(job.subject.as_deref(), Some("zendesk:81"));
        assert!(job.key.starts_with("zendesk:81:") && update.marker().contains(&update.version[..SHORT]));
    }
}
