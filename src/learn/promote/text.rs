//! A comparison as text: tables of at most 100 columns.

use std::fmt::Write;

use super::{ClassChange, Comparison, FigureChange, TaskChange};
use crate::learn::report::table::Table;

/// Classes of a task that are shown, those that lose most first.
const LOSERS: usize = 10;
/// Classes of a task that are shown, those that win most first.
const WINNERS: usize = 10;

pub(super) fn render(comparison: &Comparison) -> String {
    let mut out = String::new();
    let Comparison { current, candidate, .. } = comparison;
    // Writing to a String cannot fail.
    let _ = writeln!(out, "current    {} {} (taxonomy {})", current.name, current.version, current.taxonomy);
    let _ = writeln!(
        out,
        "candidate  {} {} (taxonomy {})",
        candidate.name, candidate.version, candidate.taxonomy
    );
    let _ = writeln!(out, "margin     {:.3}", comparison.margin);
    for note in &comparison.notes {
        let _ = writeln!(out, "! {note}");
    }
    if !comparison.unmeasured.is_empty() {
        let _ = writeln!(out, "! no row has labels for: {}", comparison.unmeasured.join(", "));
    }
    for task in &comparison.tasks {
        render_task(&mut out, task);
    }
    out
}

fn render_task(out: &mut String, task: &TaskChange) {
    let title = format!("{}: {} rows", task.task, task.rows);
    let _ = writeln!(out, "\n{title}\n{}", "=".repeat(title.chars().count()));
    let mut table = Table::new(&["", "current", "candidate", "change", ""]);
    for figure in &task.figures {
        table.rows.push(vec![
            figure.name.clone(),
            format!("{:.3}", figure.current),
            format!("{:.3}", figure.candidate),
            format!("{:+.3}", figure.candidate - figure.current),
            mark(figure),
        ]);
    }
    table.render(out);
    let mut table = Table::new(&["class", "rows", "current F1", "candidate F1", "change", "won", "lost", ""]);
    table.rows.extend(shown(&task.classes).into_iter().map(cells));
    table.render(out);
}

/// The classes whose F1 changes, the greatest loss first; of many the ends.
fn shown(classes: &[ClassChange]) -> Vec<&ClassChange> {
    let mut changed: Vec<&ClassChange> = classes.iter().filter(|class| class.f1.loss != 0.0).collect();
    changed.sort_by(|a, b| b.f1.is_refused().cmp(&a.f1.is_refused()).then(b.f1.loss.total_cmp(&a.f1.loss)));
    let refused = changed.iter().filter(|class| class.f1.is_refused()).count();
    let first = LOSERS.max(refused);
    if changed.len() > first + WINNERS {
        changed.drain(first..changed.len() - WINNERS);
    }
    changed
}

fn cells(class: &ClassChange) -> Vec<String> {
    vec![
        class.f1.name.clone(),
        class.rows.to_string(),
        format!("{:.3}", class.f1.current),
        format!("{:.3}", class.f1.candidate),
        format!("{:+.3}", class.f1.candidate - class.f1.current),
        class.won.to_string(),
        class.lost.to_string(),
        mark(&class.f1),
    ]
}

/// Whether a loss is too great, or great and yet maybe chance.
fn mark(figure: &FigureChange) -> String {
    match figure.chance {
        Some(_) if figure.is_refused() => "too much".to_owned(),
        Some(_) => "maybe chance".to_owned(),
        None => String::new(),
    }
}
