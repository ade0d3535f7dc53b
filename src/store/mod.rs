//! The store: what is kept, and the truth from which every index can be rebuilt.
//!
//! In come articles with their passages, tickets with their predictions and outcomes, each with the
//! embedding that an encoder made of it, feedback about articles, and surveys with their follow-ups; out they
//! go again, one by one, by id, or page by page.
//! A write that was answered survives `kill -9` and a power cut; a write that failed left nothing.
//!
//! One data folder belongs to one process. This room knows nothing of HTTP, of models or of the
//! search index, reads no clock, and puts no text of a ticket or article in an error.

mod accounts;
mod article;
mod article_changes;
mod articles;
mod audited;
pub mod backup;
mod bundles;
mod column;
mod database;
mod deflections;
mod deleted;
mod error;
mod events;
mod feedback;
mod findings;
mod follow_ups;
mod forget;
mod gaps;
mod hasten;
mod history;
mod items;
mod jobs;
mod keys;
mod leader;
mod masked;
mod newest;
mod news;
mod outcomes;
mod pen;
mod postgres;
mod recent;
mod references;
mod reminders;
mod requesters;
mod retention;
mod settled;
mod signal;
mod signals;
mod sql;
mod steps;
mod survey;
mod surveys;
mod ticket;
mod ticket_labels;
mod tickets;
mod timeline;
mod trail;
mod trainings;
mod updates;
mod users;
mod versions;
mod writer;

#[cfg(test)]
mod tests;

pub use accounts::AccountSurvey;
pub use article::{Article, ArticleStatus, ArticleVersion, Attachment, Audience, Passage};
pub use article_changes::ArticleChange;
pub use articles::{EmbeddedArticle, PassageVectors, StoredPassage};
pub use audited::AuditedTicket;
pub use bundles::{BundlePart, NewPromotion, PART_BYTES, Promotion};
pub use database::Store;
pub use deflections::{Deflection, DeflectionOutcome, DeflectionSummary, UnansweredText};
pub use deleted::DeletedArticle;
pub use error::StoreError;
pub use events::{EVENT, EventType};
pub use feedback::{
    Feedback, FeedbackCounts, FeedbackKind, FeedbackWritten, Occasion, PlacedVoice, Voice, VoiceChange,
};
pub use follow_ups::{
    ContactOutcome, FollowUpChange, FollowUpClock, FollowUpRecord, FollowUpState, NewFollowUp, RootCause,
};
pub use forget::{Forgotten, Prefixes};
pub use gaps::{GapRecord, GapState};
pub use history::PastTicket;
pub use items::ConfigurationItem;
pub use jobs::{Job, JobEnd, JobFilter, JobState, NewJob};
pub use keys::KeyRecord;
pub use news::{Follower, News};
pub use outcomes::OutcomeRecord;
pub use recent::RecentTicket;
pub use requesters::RequesterRows;
pub use retention::Retained;
pub use settled::{SettledRecord, WatchedTicket};
pub use signal::{Evidence, SignalRecord, SignalRule, SignalState, Subject, SubjectKind};
pub use signals::{Due, Looked, SignalFilter, SignalPlace};
pub use survey::{
    Aspect, RatingScale, SurveyFigures, SurveyFilter, SurveyGroup, SurveyReading, SurveyRecord, SurveyTicket,
};
pub use surveys::{KeptSurvey, SurveyPlace};
pub use ticket::{Embedding, FinalLabels, Finding, PredictionRecord, TicketRecord, TicketStatus};
pub use ticket_labels::{LabelPair, TicketLabels};
pub use tickets::TicketVector;
pub use timeline::{EventKind, TicketEvent, TicketPlace, TicketTimeline};
pub use trail::{Chain, Change, TrailEntry};
pub use trainings::{Training, TrainingState};
pub use updates::{HelpdeskTicket, KeptUpdate, UpdateFilter, UpdatePlan, UpdateRecord, UpdateState};
pub use users::{SessionRecord, UserRecord};
