//! Jobs: works off what the store has to do outside of requests.
//!
//! In come jobs of one kind and somebody who can do them; out goes each as done, as to be tried again, or as dead
//! where a person can see it. What was taken on is done at least once, also after `kill -9`; who does it makes sure
//! that twice is as once. This room knows nothing of what the jobs are about.

mod backoff;
mod runner;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use runner::{Attempt, Pace, Runner, Work};
