//! The report as one page. Here the numbers become cells and shapes; the page itself is
//! `templates/learn/evaluation.html`, whose engine escapes all text.

use askama::Template;

use super::curve::{Bar, Curve, bar, curve};
use super::lines::{
    FigureLine, Lines, class_lines, coverage_lines, decision_lines, figure_lines, floored, group_lines,
    miss_lines, missed, reliability_lines, scope_lines, suspect_lines, suspected,
};
use super::task::TaskReport;
use super::{EvaluationReport, PriorityReport};

/// Shades of the heat map beside white.
const SHADES: u64 = 9;
/// One point of the coverage curve in this many stands in its table.
const COVERAGE_STEP: usize = 5;

#[derive(Template)]
#[template(path = "learn/evaluation.html")]
struct Page<'a> {
    report: &'a EvaluationReport,
    groups: Option<Lines>,
    scope: Option<Lines>,
    tasks: Vec<TaskView<'a>>,
}

struct TaskView<'a> {
    name: &'a str,
    report: &'a TaskReport,
    figures: Vec<FigureLine>,
    interval: String,
    decisions: Option<Lines>,
    bars: Vec<Bar>,
    reliability: Lines,
    curve: Option<Curve>,
    coverage: Lines,
    classes: Lines,
    heat: Vec<HeatRow>,
    /// Single rows to look at.
    odd: OddRows,
}

struct OddRows {
    /// What stands before them.
    note: Option<String>,
    title: String,
    lines: Lines,
    /// How many are not shown.
    more: usize,
}

struct HeatRow {
    label: String,
    cells: Vec<HeatCell>,
}

struct HeatCell {
    rows: u64,
    /// 0 (none of the true class) to [`SHADES`] (all).
    shade: u64,
    title: String,
}

pub(super) fn render(report: &EvaluationReport) -> Result<String, askama::Error> {
    let tasks = report.tasks.iter().map(|(name, task)| task_view(name, task, suspects(task)));
    let priority = report.priority.iter();
    let priority = priority.map(|priority| task_view("priority", &priority.report, misses(priority)));
    Page {
        report,
        groups: (!report.groups.is_empty()).then(|| group_lines(report)),
        scope: (!report.scope.is_empty()).then(|| scope_lines(report)),
        tasks: priority.chain(tasks).collect(),
    }
    .render()
}

fn task_view<'a>(name: &'a str, task: &'a TaskReport, odd: OddRows) -> TaskView<'a> {
    let labels: Vec<&str> = task.classes.iter().map(|c| c.label.as_str()).collect();
    let interval = task.accuracy_interval;
    TaskView {
        name,
        report: task,
        figures: figure_lines(task),
        interval: format!("{:.3} and {:.3}", interval.low, interval.high),
        decisions: task.decisions.as_ref().map(decision_lines),
        bars: task.reliability.iter().filter_map(bar).collect(),
        reliability: reliability_lines(&task.reliability),
        curve: curve(&task.coverage, task.decisions.as_ref()),
        coverage: coverage_lines(&task.coverage, COVERAGE_STEP),
        classes: class_lines(task),
        heat: heat_map(&labels, &task.confusion),
        odd,
    }
}

fn suspects(task: &TaskReport) -> OddRows {
    OddRows {
        note: None,
        title: suspected(task),
        lines: suspect_lines(&task.suspects),
        more: task.suspect_rows - task.suspects.len(),
    }
}

fn misses(priority: &PriorityReport) -> OddRows {
    let lines = miss_lines(&priority.p1_misses);
    OddRows { note: floored(priority), title: missed(priority), lines, more: 0 }
}

fn heat_map(labels: &[&str], confusion: &[Vec<u64>]) -> Vec<HeatRow> {
    let rows = labels.iter().zip(confusion).map(|(&label, counts)| {
        let support: u64 = counts.iter().sum();
        let cells = labels.iter().zip(counts).map(|(other, &rows)| HeatCell {
            rows,
            // Rounded up, so that a single confusion is never white.
            shade: (rows * SHADES).div_ceil(support.max(1)),
            title: format!("{rows} of {support} {label} predicted as {other}"),
        });
        HeatRow { label: label.to_owned(), cells: cells.collect() }
    });
    rows.collect()
}
