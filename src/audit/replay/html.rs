//! The report as one page. Here the numbers become cells and pictures; the page is `templates/audit/replay.html`,
//! whose engine escapes all text.

use askama::Template;

use super::Task;
use super::report::{ReplayReport, TaskReplay};
use super::tables::{self, Table};
use super::text::period;
use crate::audit::stats::Share;
use crate::charts::{Bar, Bars, Figure, IntervalBar, IntervalBars, Line, LineMark, LinePoint, Naming};

/// Categories in the picture, the worst first.
const MOST_DRAWN: usize = 12;
/// Categories in the table.
const MOST_LISTED: usize = 200;

#[derive(Template)]
#[template(path = "audit/replay.html")]
struct Page<'a> {
    report: &'a ReplayReport,
    period: String,
    notes: Vec<String>,
    saved: String,
    assumed: String,
    p1: Option<String>,
    mismatches: Table,
    tasks: Vec<TaskView>,
}

struct TaskView {
    name: &'static str,
    basis: String,
    saved: String,
    decided: Table,
    unknown: Table,
    thresholds: Table,
    categories: Table,
    months: Table,
    bars: Figure,
    precision: Figure,
    share: Figure,
    worst: Option<Figure>,
}

pub(super) fn render(report: &ReplayReport) -> Result<String, askama::Error> {
    Page {
        report,
        period: period(report),
        notes: report.notes(),
        saved: tables::saved(&report.saved),
        assumed: tables::assumed(report),
        p1: tables::p1(report),
        mismatches: tables::mismatches(report),
        tasks: report.tasks.iter().map(view).collect(),
    }
    .render()
}

fn view(task: &TaskReplay) -> TaskView {
    let of_category = task.task == Task::Category;
    TaskView {
        name: task.task.name(),
        basis: tables::basis(task),
        saved: tables::saved(&task.saved),
        decided: tables::decided(task),
        unknown: tables::unknown(task),
        thresholds: tables::thresholds(task),
        categories: tables::categories(task, MOST_LISTED),
        months: tables::months(task),
        bars: bars(task),
        precision: curve(task, "precision", "Right among those set, by threshold", "right", |line| line.1),
        share: curve(task, "share", "Tickets set, by threshold", "share set", |line| line.0),
        worst: of_category.then(|| worst(task)),
    }
}

fn bars(task: &TaskReplay) -> Figure {
    let id = format!("{}-decisions", task.task.name());
    let bar = |name: &str, tickets: u64| Bar { name: name.to_owned(), amount: tickets as f64 };
    let naming = Naming { id: &id, title: "What would have been done", if_empty: "There are no tickets." };
    let bars = vec![
        bar("set", task.auto.tickets),
        bar("suggested", task.suggest.tickets),
        bar("left alone", task.abstain.tickets),
    ];
    Bars { naming, across: "decision", up: "tickets", bars }.figure()
}

/// A share by threshold, with the thresholds in use as a point where they stand for one.
fn curve(
    task: &TaskReplay,
    part: &str,
    title: &str,
    up: &str,
    of: impl Fn((Option<Share>, Option<Share>)) -> Option<Share>,
) -> Figure {
    let id = format!("{}-{part}", task.task.name());
    let naming = Naming { id: &id, title, if_empty: "No ticket has a right label to compare with." };
    let points: Vec<LinePoint> = task
        .thresholds
        .iter()
        .map(|line| {
            let share = of((line.auto, line.right));
            LinePoint {
                name: format!("{:.2}", line.threshold),
                at: f64::from(line.threshold),
                value: share.map(|share| share.share),
                interval: share.map(|share| (share.low, share.high)),
            }
        })
        .collect();
    let now = of((task.auto.share, task.auto.right));
    // Thresholds by label are no single one: the point stands where as many tickets are set.
    let near = now.zip(task.auto.share).and_then(|(now, set)| {
        let gap = |line: &&super::ThresholdLine| {
            line.auto.map_or(f64::INFINITY, |auto| (auto.share - set.share).abs())
        };
        let line = task.thresholds.iter().min_by(|a, b| gap(a).total_cmp(&gap(b)))?;
        let what = format!("the thresholds in use: {:.1} %", 100.0 * now.share);
        Some(LineMark { at: f64::from(line.threshold), value: now.share, what })
    });
    Line { naming, across: "threshold", up, range: Some((0.0, 1.0)), points, marked: near }.figure()
}

fn worst(task: &TaskReplay) -> Figure {
    let naming = Naming {
        id: "categories-worst",
        title: "Right among those set, worst categories first",
        if_empty: "No category would have been set.",
    };
    let set = task.categories.iter().filter_map(|category| Some((category, category.right?)));
    let bars = set.take(MOST_DRAWN).map(|(category, right)| IntervalBar {
        name: category.category.clone(),
        value: right.share,
        interval: Some((right.low, right.high)),
        mark: None,
        shown: format!("{:.0} % of {}", 100.0 * right.share, right.tickets),
    });
    let bars = bars.collect();
    IntervalBars { naming, of: "category", value: "share right", mark: "", most: Some(1.0), bars }.figure()
}
