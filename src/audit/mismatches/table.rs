//! The ledger as a table.

use csv::Writer;

use super::{Ledger, LedgerGroup, TaskCounts};
use crate::text::cell;

/// The groups as CSV (RFC 4180, UTF-8), after a row `(all)`; `(unknown)` stands for tickets of which the group
/// is not known, and cells of a task that was not asked for are empty.
///
/// # Errors
/// Only those of memory.
pub fn csv(ledger: &Ledger) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    let mut header = vec!["group".to_owned(), "cost".to_owned(), "tickets".to_owned()];
    for task in ["category", "priority"] {
        header.extend(NAMES.iter().map(|name| format!("{task}_{name}")));
    }
    header.push("ticket_ids".to_owned());
    writer.write_record(header)?;
    writer.write_record(row("(all)", &ledger.total))?;
    for group in &ledger.groups {
        let name = group.name.as_deref().map_or_else(|| "(unknown)".to_owned(), cell);
        writer.write_record(row(&name, group))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

const NAMES: [&str; 10] = [
    "compared",
    "wrong",
    "caught",
    "predicted_compared",
    "predicted_wrong",
    "suspected",
    "under",
    "under_p1",
    "over",
    "not_comparable",
];

fn row(name: &str, group: &LedgerGroup) -> Vec<String> {
    let mut cells = vec![name.to_owned(), format!("{:.1}", group.cost), group.tickets.to_string()];
    for counts in [&group.category, &group.priority] {
        match counts {
            None => cells.extend(NAMES.iter().map(|_| String::new())),
            Some(counts) => cells.extend(numbers(counts).map(|number| number.to_string())),
        }
    }
    let ids: Vec<&str> = group.evidence.iter().map(|evidence| evidence.ticket_id.as_str()).collect();
    cells.push(cell(&ids.join(" ")));
    cells
}

fn numbers(counts: &TaskCounts) -> [u64; 10] {
    [
        counts.compared,
        counts.wrong,
        counts.caught,
        counts.predicted_compared,
        counts.predicted_wrong,
        counts.suspected,
        counts.under,
        counts.under_p1,
        counts.over,
        counts.not_comparable,
    ]
}
