//! Learning: from labelled files to a bundle, and to figures that say how good it is.
//!
//! In come labelled tickets and comments and a base model; out go heads with calibrated confidences,
//! a tuned encoder where the recipe asks for one, and the report that a person reads before a bundle
//! is put to work. This room knows nothing of HTTP or the store.

mod aside;
mod base;
pub mod baseline;
pub mod calibrate;
pub mod card;
pub mod corpus;
pub mod dataset;
pub mod descriptions;
mod encoder;
pub mod fit;
pub mod folds;
mod heads;
pub mod judge;
mod lexical;
pub mod metrics;
mod onward;
mod prior;
pub mod promote;
pub mod recipe;
pub mod report;
mod scope;
pub mod search;
pub mod site;
pub mod train;
pub mod tuning;
