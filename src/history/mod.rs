//! Tickets of the past, as other products export them.
//!
//! In comes a file; out comes first what its columns and values are taken for, to be shown before anything is kept,
//! and then the tickets, each with its line. What could be read in two ways is refused with what to write. A file is
//! read twice, row by row: once to know it whole, once for its tickets. This room knows nothing of models, of what
//! is kept already, and of clocks.

mod dates;
mod error;
mod field;
mod look;
mod mapping;
mod objects;
mod product;
mod products;
mod reader;
mod shown;
mod source;
mod values;
mod wishes;

#[cfg(test)]
mod tests;

pub use dates::DateOrder;
pub use error::{HistoryError, Refusal};
pub use field::Field;
pub use product::Product;
pub use reader::{History, PastRow};
pub use shown::Shown;
pub use wishes::{ColumnWish, ValueWish, Wishes};
