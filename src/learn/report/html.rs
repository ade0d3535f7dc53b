//! The report as one page. Here the numbers become cells and shapes; the page itself is
//! `templates/learn/evaluation.html`, whose engine escapes all text.

use askama::Template;

use super::decisions::{CoveragePoint, Decisions};
use super::lines::{
    FigureLine, Lines, class_lines, coverage_lines, decision_lines, figure_lines, floored, group_lines,
    miss_lines, missed, reliability_lines, scope_lines, suspect_lines, suspected,
};
use super::task::TaskReport;
use super::{EvaluationReport, PriorityReport};
use crate::charts::{Figure, Line, LineMark, LinePoint, Naming, Reliability, ReliabilityBin};

/// Shades of the heat map beside white.
const SHADES: u64 = 9;
/// One point of the coverage curve in this many stands in its table.
const COVERAGE_STEP: usize = 5;
/// The precision at the bottom of a picture is a multiple of this.
const STEP: f64 = 0.1;

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
    diagram: Figure,
    reliability: Lines,
    curve: Figure,
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
        diagram: diagram(name, task),
        reliability: reliability_lines(&task.reliability),
        curve: curve(name, &task.coverage, task.decisions.as_ref()),
        coverage: coverage_lines(&task.coverage, COVERAGE_STEP),
        classes: class_lines(task),
        heat: heat_map(&labels, &task.confusion),
        odd,
    }
}

/// Confidence against what came true.
fn diagram(name: &str, task: &TaskReport) -> Figure {
    let bins = task.reliability.iter().filter_map(|bin| {
        let (confidence, accuracy) = (bin.confidence?, bin.accuracy?);
        Some(ReliabilityBin { lower: bin.lower, upper: bin.upper, rows: bin.rows, confidence, accuracy })
    });
    Reliability {
        naming: Naming {
            id: &format!("reliability-{}", anchor(name)),
            title: &format!("Reliability of {name}: share right by confidence"),
            if_empty: "There are no rows to draw.",
        },
        counted: "rows",
        bins: bins.collect(),
    }
    .figure()
}

/// Precision by the share of rows that is decided.
fn curve(name: &str, points: &[CoveragePoint], decisions: Option<&Decisions>) -> Figure {
    let least = points.iter().map(|point| point.precision).fold(1.0, f64::min);
    let lowest = ((least / STEP).floor() * STEP).clamp(0.0, 1.0 - STEP);
    let in_use = decisions.and_then(|decisions| {
        let (share, precision) = (decisions.auto.share?, decisions.auto.precision?);
        let what = format!(
            "In use: {:.1} % of the rows are decided automatically, {precision:.3} of them right",
            share * 100.0
        );
        Some(LineMark { at: share, value: precision, what })
    });
    let point = |point: &CoveragePoint| LinePoint {
        name: format!("{:.2}", point.share),
        at: point.share,
        value: Some(point.precision),
        // What lies lower, the band where there are few rows, is drawn along the bottom.
        interval: Some((point.interval.low, point.interval.high)),
    };
    Line {
        naming: Naming {
            id: &format!("coverage-{}", anchor(name)),
            title: &format!(
                "Precision of {name} by the share that is decided; the point: the thresholds in use"
            ),
            if_empty: "There are no rows to draw.",
        },
        across: "share of rows",
        up: "precision, 95 % between",
        range: Some((lowest, 1.0)),
        points: points.iter().map(point).collect(),
        marked: in_use,
    }
    .figure()
}

/// A task's name as a part of an id.
fn anchor(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
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
