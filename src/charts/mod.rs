//! Pictures of numbers: inline SVG, made on the server.
//!
//! In come numbers with their names; out goes a [`Figure`], which a template writes: a caption, the picture
//! with a title and a description for those who do not see it, the numbers again as a table to open, or a
//! sentence where there is nothing to draw. Colours come from the style sheet of whoever shows it (the
//! classes that begin with `c-`), so that a picture is light or dark with its page. This room knows nothing
//! of what the numbers mean, and no room below it.

mod bars;
mod figure;
mod intervals;
mod line;
mod pareto;
mod reliability;
mod scale;

#[cfg(test)]
mod tests;

pub use bars::{Bar, Bars, Bin, Histogram};
pub use figure::{Drawing, Figure, Naming, Numbers, Shape};
pub use intervals::{IntervalBar, IntervalBars};
pub use line::{Line, LineMark, LinePoint};
pub use pareto::{Pareto, ParetoBar};
pub use reliability::{Reliability, ReliabilityBin};

/// The style of figures on a page that has no style sheet of its own, such as a report in one file.
pub const STYLE: &str = include_str!("charts.css");
