//! Learning: what stands around a model while it is trained, calibrated and judged.
//!
//! In come labelled files, and the numbers that a model gave for them; out go rows that can be
//! trusted, figures with their sources, thresholds, and the report that a person reads before a
//! bundle is promoted. These files work on plain slices: they know nothing of encoders, tensors,
//! HTTP or the store.

pub mod baseline;
pub mod calibrate;
pub mod dataset;
pub mod folds;
pub mod metrics;
pub mod report;
