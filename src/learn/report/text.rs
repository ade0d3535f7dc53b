//! The report as text: tables of at most 100 columns.

use std::fmt::Write;

use super::lines::{
    FigureLine, Lines, class_lines, coverage_lines, decision_lines, figure_lines, floored, group_lines,
    miss_lines, missed, reliability_lines, scope_lines, suspect_lines, suspected,
};
use super::table::Table;
use super::task::TaskReport;
use super::{EvaluationReport, PriorityReport};

/// Longest cell of a table that has words in several columns.
const NARROW_CHARS: usize = 20;
/// The same with one more column of words, or many of numbers.
const NARROWER_CHARS: usize = 13;
/// Up to this many classes the confusion matrix is shown whole; above, only its worst entries.
const MATRIX_CLASSES: usize = 6;
/// How many of the worst confusions are named.
const WORST_CONFUSIONS: usize = 10;
/// How many single rows of a kind are named; the others are in the other formats.
const NAMED_ROWS: usize = 20;
/// One point of the coverage curve in this many is shown.
const COVERAGE_STEP: usize = 5;

pub(super) fn render(report: &EvaluationReport) -> String {
    let mut out = String::new();
    let model = &report.model;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{} {} (taxonomy {}) on {}: {} rows, {} skipped",
        model.name, model.version, model.taxonomy, report.data, report.rows, report.skipped
    );
    for warning in &report.warnings {
        let _ = writeln!(out, "! {warning}");
    }
    for row in report.skipped_rows.iter().take(NAMED_ROWS) {
        let _ = writeln!(out, "skipped: line {}: {}", row.line, row.reason);
    }
    rest(&mut out, report.skipped, report.skipped_rows.len().min(NAMED_ROWS));
    if !report.groups.is_empty() {
        heading(&mut out, "groups");
        narrow(group_lines(report)).render(&mut out);
    }
    if !report.scope.is_empty() {
        heading(&mut out, "text that belongs to no label");
        narrow(scope_lines(report)).render(&mut out);
    }
    if let Some(priority) = &report.priority {
        render_task(&mut out, "priority", &priority.report);
        render_misses(&mut out, priority);
    }
    for (name, task) in &report.tasks {
        render_task(&mut out, name, task);
        render_suspects(&mut out, task);
    }
    out
}

fn render_misses(out: &mut String, priority: &PriorityReport) {
    if let Some(floored) = floored(priority) {
        let _ = writeln!(out, "\n{floored}");
    }
    let _ = writeln!(out, "\n{}", missed(priority));
    let shown = &priority.p1_misses[..priority.p1_misses.len().min(NAMED_ROWS)];
    narrow(miss_lines(shown)).render(out);
    rest(out, priority.p1_misses.len(), shown.len());
}

fn render_suspects(out: &mut String, task: &TaskReport) {
    let _ = writeln!(out, "\n{}", suspected(task));
    let shown = &task.suspects[..task.suspects.len().min(NAMED_ROWS)];
    narrow(suspect_lines(shown)).render(out);
    rest(out, task.suspect_rows, shown.len());
}

/// Says how many are not shown.
fn rest(out: &mut String, all: usize, shown: usize) {
    if all > shown {
        let _ = writeln!(out, "… and {} more; see --format json", all - shown);
    }
}

fn render_task(out: &mut String, name: &str, task: &TaskReport) {
    let classes = task.classes.len();
    heading(out, &format!("{name}: {} rows, {classes} classes", task.rows));
    figures_table(figure_lines(task)).render(out);
    let interval = task.accuracy_interval;
    let _ = writeln!(
        out,
        "With 95 % certainty the accuracy lies between {:.3} and {:.3}.",
        interval.low, interval.high
    );
    if let Some(decisions) = &task.decisions {
        Table::from(decision_lines(decisions)).render(out);
    }
    Table::from(coverage_lines(&task.coverage, COVERAGE_STEP)).render(out);
    Table::from(reliability_lines(&task.reliability)).render(out);
    Table::from(class_lines(task)).render(out);
    let labels: Vec<&str> = task.classes.iter().map(|c| c.label.as_str()).collect();
    if labels.len() <= MATRIX_CLASSES {
        matrix_table(&labels, &task.confusion).render(out);
    } else {
        worst_table(&labels, &task.confusion).render(out);
    }
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}\n{}", "=".repeat(text.chars().count()));
}

fn figures_table(lines: Vec<FigureLine>) -> Table {
    let mut titles = vec!["", "model"];
    titles.extend(lines.iter().find_map(|l| l.baseline.as_ref()).map(|_| "baseline"));
    let mut table = Table::new(&titles);
    for line in lines {
        let mut cells = vec![line.name.to_owned(), line.model];
        cells.extend(line.baseline);
        table.rows.push(cells);
    }
    table
}

fn matrix_table(labels: &[&str], confusion: &[Vec<u64>]) -> Table {
    let columns: Vec<String> = labels.iter().map(|l| l.chars().take(10).collect()).collect();
    let mut titles = vec!["true \\ predicted"];
    titles.extend(columns.iter().map(String::as_str));
    let mut table = Table::new(&titles);
    for (label, counts) in labels.iter().zip(confusion) {
        let counts = counts.iter().map(u64::to_string);
        // Six columns beside it leave room for a label of 24.
        let label: String = label.chars().take(24).collect();
        table.rows.push([label].into_iter().chain(counts).collect());
    }
    table
}

fn worst_table(labels: &[&str], confusion: &[Vec<u64>]) -> Table {
    let mut wrong = Vec::new();
    for (truth, (label, counts)) in labels.iter().zip(confusion).enumerate() {
        for (guess, (other, &rows)) in labels.iter().zip(counts).enumerate() {
            if guess != truth && rows > 0 {
                wrong.push((rows, *label, *other));
            }
        }
    }
    wrong.sort_by_key(|(rows, ..)| std::cmp::Reverse(*rows));
    let mut table = Table::new(&["most often confused: true", "predicted", "rows"]);
    for (rows, label, other) in wrong.into_iter().take(WORST_CONFUSIONS) {
        table.rows.push(vec![label.to_owned(), other.to_owned(), rows.to_string()]);
    }
    table
}

/// A table whose cells are cut short, since several of its columns hold words.
fn narrow(lines: Lines) -> Table {
    let cell_chars = if lines.titles.len() > 6 { NARROWER_CHARS } else { NARROW_CHARS };
    Table { cell_chars, ..Table::from(lines) }
}
