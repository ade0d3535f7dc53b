//! The report as text: tables of at most 100 columns.

use std::fmt::Write;

use super::lines::{
    DECISION_TITLES, FigureLine, class_lines, class_titles, decision_lines, priority_lines, task_lines,
};
use super::task::TaskReport;
use super::{EvaluationReport, PRIORITIES, PriorityReport};

/// Longest label in a table, so that the widest one stays within 100 columns.
const LABEL_CHARS: usize = 46;
/// Up to this many classes the confusion matrix is shown whole; above, only its worst entries.
const MATRIX_CLASSES: usize = 6;
/// How many of the worst confusions are named.
const WORST_CONFUSIONS: usize = 10;

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
    if let Some(priority) = &report.priority {
        render_priority(&mut out, priority);
    }
    for (name, task) in &report.tasks {
        render_task(&mut out, name, task);
    }
    out
}

fn render_priority(out: &mut String, priority: &PriorityReport) {
    heading(out, &format!("priority: {} rows", priority.rows));
    figures_table(priority_lines(priority)).render(out);
    matrix_table(&PRIORITIES, &priority.confusion).render(out);
}

fn render_task(out: &mut String, name: &str, task: &TaskReport) {
    let classes = task.classes.len();
    heading(out, &format!("{name}: {} rows, {classes} classes", task.rows));
    figures_table(task_lines(task)).render(out);
    let interval = task.accuracy_interval;
    let _ = writeln!(
        out,
        "With 95 % certainty the accuracy lies between {:.3} and {:.3}.",
        interval.low, interval.high
    );
    if let Some(decisions) = &task.decisions {
        let mut table = Table::new(&DECISION_TITLES);
        table.rows.extend(decision_lines(decisions));
        table.render(out);
    }
    let mut table = Table::new(&class_titles(task));
    table.rows.extend(class_lines(task));
    table.render(out);
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

fn shortened(label: &str) -> String {
    if label.chars().count() <= LABEL_CHARS {
        return label.to_owned();
    }
    let kept: String = label.chars().take(LABEL_CHARS - 1).collect();
    format!("{kept}…")
}

/// Cells in columns; the first column stands left, the others right.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(titles: &[&str]) -> Self {
        let titles = titles.iter().map(|&title| title.to_owned()).collect();
        Self { rows: vec![titles] }
    }

    /// Writes the table with an empty line above; a table without a row below its titles is left
    /// out.
    fn render(&self, out: &mut String) {
        if self.rows.len() < 2 {
            return;
        }
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| shortened(cell)).collect()).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        out.push('\n');
        for row in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = match column {
                    0 => write!(line, "{cell:<width$}"),
                    _ => write!(line, "  {cell:>width$}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}
