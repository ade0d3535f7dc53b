//! The report as text.

use std::fmt::Write as _;

use super::Task;
use super::report::{ReplayReport, TaskReplay};
use super::tables::{self, Table};

/// Longest cell, so that a table stays within some 100 columns.
const CELL: usize = 36;
/// Categories that are shown, the worst first.
const MOST_CATEGORIES: usize = 15;

// Writing to a String cannot fail.
pub(super) fn render(report: &ReplayReport) -> String {
    let mut out = String::new();
    let by = &report.replayer;
    let _ = writeln!(
        out,
        "{} {} on {}: {} tickets{}",
        by.name,
        by.version,
        report.data,
        report.tickets,
        period(report)
    );
    for note in report.notes() {
        let _ = writeln!(out, "note: {note}");
    }
    let _ = writeln!(out, "\n{}", tables::saved(&report.saved));
    let _ = writeln!(out, "{}", tables::assumed(report));
    if let Some(p1) = tables::p1(report) {
        let _ = writeln!(out, "\n{p1}");
    }
    for task in &report.tasks {
        render_task(&mut out, task);
    }
    let mismatches = tables::mismatches(report);
    if !mismatches.rows.is_empty() {
        heading(&mut out, "what submitters chose");
        table(&mut out, &mismatches);
    }
    out
}

pub(super) fn period(report: &ReplayReport) -> String {
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    match (report.from, report.to) {
        (Some(from), Some(to)) => format!(", {} to {}", day(from), day(to)),
        _ => String::new(),
    }
}

fn render_task(out: &mut String, task: &TaskReplay) {
    heading(out, task.task.name());
    let _ = writeln!(out, "{}", tables::basis(task));
    table(out, &tables::decided(task));
    table(out, &tables::unknown(task));
    table(out, &tables::thresholds(task));
    if task.task == Task::Category {
        table(out, &tables::categories(task, MOST_CATEGORIES));
        let more = task.categories.len().saturating_sub(MOST_CATEGORIES);
        if more > 0 {
            let _ = writeln!(out, "… and {more} more; see --format json");
        }
    }
    if task.months.len() > 1 {
        table(out, &tables::months(task));
    }
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}\n{}", "=".repeat(text.chars().count()));
}

/// The first column stands left, the others right; a table without rows is left out.
fn table(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let titles = table.titles.iter().map(|title| (*title).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(titles)
        .chain(table.rows.iter().map(|row| row.iter().map(|cell| cut(cell)).collect()))
        .collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..table.titles.len()).map(|column| width(column).unwrap_or(0)).collect();
    out.push('\n');
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn cut(cell: &str) -> String {
    if cell.chars().count() <= CELL {
        return cell.to_owned();
    }
    cell.chars().take(CELL - 1).chain(['…']).collect()
}
