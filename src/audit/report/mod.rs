//! The report's faces: text, CSV and one HTML page. As JSON it is the structure itself.

mod csv;
mod html;
mod text;

use super::coverage::{CategoryCoverage, Coverage};
use super::gap_report::GapReport;

impl GapReport {
    /// The groups as CSV, one a row, with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        csv::gaps(self)
    }
}

impl Coverage {
    /// The report as tables in some 100 columns.
    #[must_use]
    pub fn text(&self) -> String {
        text::coverage(self)
    }

    /// The categories as CSV, one a row, with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        csv::coverage(self)
    }

    /// The report as one HTML page with its own style and drawings and no script; all that comes from
    /// tickets and articles is escaped.
    ///
    /// # Errors
    /// None that its content can cause; the template's signature asks for it.
    pub fn html(&self) -> Result<String, askama::Error> {
        html::coverage(self)
    }

    /// The window in words.
    pub(super) fn period(&self) -> String {
        let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
        match self.window.from {
            Some(from) => format!("from {} to {} UTC", day(from), day(self.window.to)),
            None => format!("all before {} UTC", day(self.window.to)),
        }
    }
}

/// `+50 %`, or a dash.
fn trend(category: &CategoryCoverage) -> String {
    category.trend.map_or_else(|| "–".into(), |trend| format!("{:+.0} %", 100.0 * trend))
}

/// `62 %`.
fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// The flags in words, or a dash.
fn flag_names(category: &CategoryCoverage) -> String {
    let names: Vec<&str> = category.flags.iter().map(|flag| flag.kind.label()).collect();
    if names.is_empty() { "–".into() } else { names.join(", ") }
}
