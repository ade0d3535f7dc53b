//! The rules, each a pure function over a history and a clock.
//!
//! A rule holds from an instant on (that instant with it) and until before another. What a rule says stays
//! true until the time at which it asks to be looked at again, unless something happens to the subject.

pub mod contacts;
pub mod gone_quiet;
pub mod low_scores;
pub mod reopened;
pub mod silence;
pub mod sla;
pub mod spread;
pub mod volume;

#[cfg(test)]
mod tests;
