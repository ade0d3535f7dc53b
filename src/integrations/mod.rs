//! Integrations: Deskhand inside the helpdesk.
//!
//! In come deliveries of Zendesk, Zammad, Freshdesk or any other helpdesk that can send JSON; out go updates of
//! their tickets. This room decides nothing about a ticket: the triage does. It knows nothing of HTTP handlers
//! or pages.

mod answering;
pub mod events;
pub mod examine;
pub mod hooks;
mod note;
pub mod outbound;
pub mod outgoing;
pub mod priorities;
mod result;
pub mod sample;
pub mod signature;
mod update;
pub mod write_back;

pub use answering::{HookWork, Now};
pub use result::{DeliveryResult, Hears};
pub use update::{Note, NoteArticle, NoteReason, OWN_TAG, Product, Update, WRITE_BACK, words_version};
