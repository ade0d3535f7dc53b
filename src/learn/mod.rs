//! Learning.
pub mod fit;
mod network;
pub mod tune;
