//! Retraining: a site's settled tickets become a better bundle, or the reasons why not.
//!
//! In come the store and the bundle that answers; out goes a promoted bundle, or a refusal with the comparison.
//! The service writes masked rows into a working folder and has them trained by a child process of the lowest
//! priority (`child.rs`), since the data folder belongs to the service and its cores to those who ask. This room
//! decides when a training is due (`schedule.rs`) and knows nothing of HTTP; what is trained and whether it may
//! answer, `learn/site` knows.

mod child;
mod prepare;
mod schedule;
mod service;
mod turn;

pub use child::{Asked, until_abandoned};
pub use prepare::{RetrainError, order, promote, select, threads, work_dir};
pub use schedule::is_due;
pub use service::{Learner, TrainingResult, Workshop};
