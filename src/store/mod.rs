//! The store: what is kept, and the truth from which every index can be rebuilt.
//!
//! In come articles with their passages, tickets with their predictions and outcomes, each with the
//! embedding that an encoder made of it, and feedback about articles; out they go again, one by one, by
//! id, or page by page.
//! A write that was answered survives `kill -9` and a power cut; a write that failed left nothing.
//!
//! One data folder belongs to one process. This room knows nothing of HTTP, of models or of the
//! search index, reads no clock, and puts no text of a ticket or article in an error.

mod article;
mod articles;
mod audited;
mod column;
mod database;
mod error;
mod feedback;
mod findings;
mod gaps;
mod outcomes;
mod ticket;
mod tickets;
mod versions;
mod writer;

#[cfg(test)]
mod tests;

pub use article::{Article, ArticleStatus, ArticleVersion, Attachment, Audience, Passage};
pub use articles::{ArticleChange, EmbeddedArticle, PassageVectors, StoredPassage};
pub use audited::AuditedTicket;
pub use database::Store;
pub use error::StoreError;
pub use feedback::{
    Feedback, FeedbackCounts, FeedbackKind, FeedbackWritten, Occasion, PlacedVoice, Voice, VoiceChange,
};
pub use gaps::{GapRecord, GapState};
pub use outcomes::OutcomeRecord;
pub use ticket::{Embedding, FinalLabels, Finding, PredictionRecord, TicketRecord, TicketStatus};
pub use tickets::TicketVector;
