//! What came of deliveries, and who hears of it.

use super::hooks::Delivery;
use crate::triage::TriageAnswer;

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryResult {
    /// New words were answered.
    Answered,
    /// What became of the ticket was told.
    Told,
    /// It said nothing new.
    Unchanged,
    /// It is about a note that customers do not see.
    InternalNote,
    /// It is about what Deskhand did itself.
    Own,
    /// The ticket was solved before it was answered.
    Closed,
    /// The ticket has no words.
    NoWords,
    /// It is about no ticket, or one that is gone.
    Other,
}

impl DeliveryResult {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Told,
        Self::Unchanged,
        Self::InternalNote,
        Self::Own,
        Self::Closed,
        Self::NoWords,
        Self::Other,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Told => "told",
            Self::Unchanged => "unchanged",
            Self::InternalNote => "internal_note",
            Self::Own => "own",
            Self::Closed => "closed",
            Self::NoWords => "no_words",
            Self::Other => "other",
        }
    }
}

/// Who hears what came of deliveries.
pub trait Hears: Send + Sync + 'static {
    /// A ticket was answered.
    fn answered(&self, answer: &TriageAnswer);
    /// A delivery was worked off.
    fn ended(&self, delivery: &Delivery, result: DeliveryResult);
}
