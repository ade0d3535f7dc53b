//! Deskhand: a local NLP engine for ticket triage and knowledge suggestion.
//!
//! The folders are the rooms a ticket walks through, top to bottom; each may use those below it and
//! never those above. `ARCHITECTURE.md` walks through them and states the invariants.

#![forbid(unsafe_code)]

pub mod access;
pub mod acting;
pub mod audit;
pub mod charts;
pub mod cli;
pub mod config;
pub mod faults;
pub mod held;
pub mod history;
pub mod http;
pub mod integrations;
pub mod inventory;
pub mod jobs;
pub mod knowledge;
pub mod learn;
pub mod model;
pub mod pause;
pub mod privacy;
pub mod promotion;
pub mod retrain;
pub mod signals;
pub mod steady;
pub mod store;
pub mod survey;
pub mod telemetry;
pub mod text;
pub mod triage;
pub mod ui;
