//! The report as one page. Here the numbers become cells and shapes; the page itself is
//! `templates/learn/evaluation.html`, whose engine escapes all text.

use askama::Template;

use super::lines::{
    DECISION_TITLES, FigureLine, class_lines, class_titles, decision_lines, priority_lines, task_lines,
};
use super::task::TaskReport;
use super::{EvaluationReport, PRIORITIES, PriorityReport};
use crate::learn::metrics::ReliabilityBin;

/// Side of the square in which a reliability diagram is drawn, in SVG units.
const SIDE: f64 = 240.0;
/// Shades of the heat map beside white.
const SHADES: u64 = 9;

#[derive(Template)]
#[template(path = "learn/evaluation.html")]
struct Page<'a> {
    report: &'a EvaluationReport,
    priority: Option<PriorityView>,
    tasks: Vec<TaskView<'a>>,
}

struct PriorityView {
    rows: u64,
    figures: Vec<FigureLine>,
    has_baseline: bool,
    heat: Vec<HeatRow>,
}

struct TaskView<'a> {
    name: &'a str,
    report: &'a TaskReport,
    figures: Vec<FigureLine>,
    interval: String,
    decision_titles: [&'static str; 6],
    decisions: Vec<Vec<String>>,
    bars: Vec<Bar>,
    class_titles: Vec<&'static str>,
    classes: Vec<Vec<String>>,
    heat: Vec<HeatRow>,
}

/// One bin of the diagram: the accuracy as a bar, the mean confidence as a mark.
struct Bar {
    x: String,
    width: String,
    y: String,
    height: String,
    confidence_y: String,
    title: String,
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
    let tasks = report.tasks.iter();
    Page {
        report,
        priority: report.priority.as_ref().map(priority_view),
        tasks: tasks.map(|(name, task)| task_view(name, task)).collect(),
    }
    .render()
}

fn priority_view(priority: &PriorityReport) -> PriorityView {
    PriorityView {
        rows: priority.rows,
        figures: priority_lines(priority),
        has_baseline: priority.baseline.is_some(),
        heat: heat_map(&PRIORITIES, &priority.confusion),
    }
}

fn task_view<'a>(name: &'a str, task: &'a TaskReport) -> TaskView<'a> {
    let labels: Vec<&str> = task.classes.iter().map(|c| c.label.as_str()).collect();
    let interval = task.accuracy_interval;
    TaskView {
        name,
        report: task,
        figures: task_lines(task),
        interval: format!("{:.3} and {:.3}", interval.low, interval.high),
        decision_titles: DECISION_TITLES,
        decisions: task.decisions.iter().flat_map(decision_lines).collect(),
        bars: task.reliability.iter().filter_map(bar).collect(),
        class_titles: class_titles(task),
        classes: class_lines(task),
        heat: heat_map(&labels, &task.confusion),
    }
}

/// `None` for an empty bin.
fn bar(bin: &ReliabilityBin) -> Option<Bar> {
    let (accuracy, confidence) = (bin.accuracy?, bin.confidence?);
    let units = |value: f64| format!("{:.1}", value * SIDE);
    Some(Bar {
        x: units(bin.lower),
        width: units(bin.upper - bin.lower),
        y: units(1.0 - accuracy),
        height: units(accuracy),
        confidence_y: units(1.0 - confidence),
        title: format!(
            "Confidence {:.2} to {:.2}, mean {confidence:.3}: {accuracy:.3} of {} right",
            bin.lower, bin.upper, bin.rows
        ),
    })
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
