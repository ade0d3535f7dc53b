//! The audit: what tickets tell about those who send them and those who answer.
//!
//! In comes what the store keeps; out come findings with their evidence. This room reads no clock and knows
//! nothing of HTTP, files or pages.

pub mod mismatches;
