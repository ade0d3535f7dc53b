//! The groups as a table.

use super::{Performance, PerformanceGroup};
use crate::audit::Share;

const COLUMNS: [&str; 17] = [
    "group",
    "tickets",
    "open",
    "waiting",
    "first_reply_tickets",
    "first_reply_median_minutes",
    "first_reply_p90_minutes",
    "resolution_tickets",
    "resolution_mean_minutes",
    "resolution_median_minutes",
    "resolution_p90_minutes",
    "first_contact",
    "solved_in_time",
    "answered_in_time",
    "reopened",
    "escalated",
    "deadlines",
];

/// One row for all together, whose name is empty, and one for each group. What is not known is empty.
///
/// # Errors
/// None that a write into memory can have.
pub fn csv(report: &Performance) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for group in std::iter::once(&report.total).chain(&report.groups) {
        table.write_record(row(group))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

fn row(group: &PerformanceGroup) -> [String; 17] {
    let minutes = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
    let share = |share: Option<Share>| share.map_or_else(String::new, |share| format!("{:.4}", share.share));
    let (reply, solved) = (&group.first_reply, &group.resolution);
    [
        // A name that begins like a formula would be one in a spreadsheet.
        group.name.as_deref().map(crate::text::cell).unwrap_or_default(),
        group.tickets.to_string(),
        group.open.to_string(),
        group.waiting.to_string(),
        reply.tickets.to_string(),
        minutes(reply.median),
        minutes(reply.p90),
        solved.tickets.to_string(),
        minutes(solved.mean),
        minutes(solved.median),
        minutes(solved.p90),
        share(group.first_contact),
        share(group.solved_in_time),
        share(group.answered_in_time),
        share(group.reopened),
        share(group.escalated),
        group.solved_in_time.map_or(0, |share| share.tickets).to_string(),
    ]
}
