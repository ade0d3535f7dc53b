//! The summary as a table: a row for all of it and one for each group.

use csv::Writer;

use super::figures::{Figure, Volatility};
use super::trends::{Measures, Summary, Volatilities};

const COLUMNS: [&str; 22] = [
    "group",
    "answers",
    "csat_n",
    "csat",
    "csat_low",
    "csat_high",
    "nps_n",
    "nps",
    "nps_low",
    "nps_high",
    "sentiment_n",
    "sentiment",
    "sentiment_low",
    "sentiment_high",
    "satisfaction_n",
    "satisfaction",
    "satisfaction_low",
    "satisfaction_high",
    "satisfaction_volatility",
    "satisfaction_volatility_by_chance",
    "sentiment_volatility",
    "sentiment_volatility_by_chance",
];

/// The table as CSV (RFC 4180, UTF-8). The row of all surveys is called `(all)`, that of the surveys of which
/// the group is not known `(unknown)`; a cell is empty where nobody answered.
///
/// # Errors
/// Only those of memory.
pub fn csv(summary: &Summary) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    writer.write_record(row("(all)", &summary.total, &summary.volatility))?;
    for group in &summary.groups {
        let name = group.name.as_deref().map_or_else(|| "(unknown)".to_owned(), crate::text::cell);
        writer.write_record(row(&name, &group.measures, &group.volatility))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn row(name: &str, measures: &Measures, volatility: &Volatilities) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
    let mut cells = vec![name.to_owned(), measures.answers.to_string()];
    for Figure { n, value, low, high } in
        [measures.csat, measures.nps, measures.sentiment, measures.satisfaction]
    {
        cells.extend([n.to_string(), number(value), number(low), number(high)]);
    }
    for Volatility { value, by_chance, .. } in [volatility.satisfaction, volatility.sentiment] {
        cells.extend([number(value), number(by_chance)]);
    }
    cells
}
