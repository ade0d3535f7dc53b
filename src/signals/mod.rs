//! Signals that a customer may be lost, or that something large has broken.
//!
//! In come the histories of tickets and accounts out of the store, and a clock; out go signals with their
//! grounds, each raised once and kept until it no longer holds. Rules are pure functions; the checker looks at
//! whom the agenda of the store names, and at nobody else. This room knows nothing of HTTP or pages.

pub mod account;
mod check;
mod days;
mod history;
mod incident;
mod naming;
pub mod rules;
mod sentence;
mod verdict;

pub use account::{AccountTicket, AccountView, Week};
pub use check::{Checker, Found};
pub use history::{AccountHistory, Answered};
pub use sentence::sentence;
pub use verdict::Verdict;
