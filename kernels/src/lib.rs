//! The encoder's forward pass on a CPU, the operations of its training ([`training`]), the products of a search
//! by embeddings ([`Scanner`]), and the files that it looks through ([`Mapped`]).
//!
//! For one architecture only: BERT, of any width, depth and number of heads. Weights are packed once at
//! load; texts of different length lie side by side without padding; nothing is allocated in the pass
//! once the scratch has grown to its size; products are of f32 or of 8-bit integers. Everything is
//! written once in plain Rust and compiled for each set of instructions ([`Isa`]), but for the innermost
//! 8-bit products, which each set does its own way with the same integers as a result.
//!
//! All `unsafe` code of Deskhand is here; README.md says under what it is tested. This crate knows nothing
//! of tokenizers or tickets, nor what is in a file.

mod attention;
mod dot;
mod encoder;
mod isa;
mod kernels;
mod linear;
mod mapped;
mod math;
mod memory;
mod packed;
mod pass;
mod rows;
mod scan;
mod team;
#[cfg(test)]
mod testing;
pub mod training;
mod vector;

pub use encoder::{Encoder, Invalid, Precision, Scratch, Shape, Text};
pub use isa::Isa;
pub use mapped::Mapped;
pub use math::Activation;
pub use packed::{Matrix, Values};
pub use scan::Scanner;
pub use team::Team;
