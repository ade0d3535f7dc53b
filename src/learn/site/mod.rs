//! A site's own tickets as training: which rows, what is trained on them, and whether the result may answer.
//!
//! In come tickets with the labels that agents settled on; out go rows in a working folder, and from these a
//! candidate with the verdict of the gate. The working folder is all that a training needs, so that it can be
//! another process with the lowest priority; it is masked when it is written and goes when the training is over.

mod gate;
mod rows;
mod run;
#[cfg(test)]
mod tests;
mod work;

pub use gate::{Gain, Verdict};
pub use rows::{Labels, Rules, Selected, SelectedLabel, Selection, SettledTicket, select};
pub use run::{RunError, retrain};
pub use work::{Order, RowFile, WorkError, candidate, read_verdict, write};

/// The task that new labels may join.
pub const CATEGORY: &str = "category";
