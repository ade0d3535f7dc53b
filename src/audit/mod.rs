//! The audit: what the tickets ask for and the knowledge base does not answer.
//!
//! In come tickets with what was found for them and what became of them, from the store or from an export,
//! and the articles; out comes by category what share has an adequate article, what is missing, outdated or
//! does not resolve, each with its evidence, groups of unanswered tickets worth an article, and whose labels
//! are wrong. This room
//! reads no clock, decides nothing about single tickets, and knows nothing of HTTP, files or pages.

mod base;
mod collect;
mod contradictions;
mod coverage;
pub mod drift;
mod error;
mod findings;
mod flags;
mod gap_report;
pub mod gaps;
mod mentions;
pub mod mismatches;
mod observations;
mod observed;
mod pareto;
pub mod performance;
mod question;
pub mod replay;
mod report;
mod service;
mod stats;
mod tally;
mod trouble;
mod unanswered;
mod visits;
mod withdrawn;

pub use base::{ArticleFacts, Base};
pub use collect::{Voices, from_store};
pub use contradictions::Contradiction;
pub use coverage::{CategoryCoverage, Coverage, Flag, UsedArticle, coverage};
pub use error::AuditError;
pub use findings::{ArticleFinding, FlagKind};
pub use gap_report::{Decided, GapDecision, GapReport, KeptGap, QuietGap};
pub use observations::{NO_CATEGORY, Observations};
pub use observed::Observed;
pub use pareto::{Pareto, ParetoStep};
pub use question::{DEFAULT_DAYS, DEFAULT_TOP, Filter, Question, Rules, Window};
pub use service::Audits;
pub use stats::Share;
pub use trouble::{Contradicting, Refused, TroubleReport, Troubled};
pub use unanswered::gaps_of;
pub use withdrawn::look_back;
