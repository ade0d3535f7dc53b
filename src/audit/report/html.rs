//! The report as one page. Here the numbers become places; the page is `templates/audit/coverage.html`,
//! whose engine escapes all text.

use askama::Template;

use super::super::coverage::{CategoryCoverage, Coverage};
use super::{percent, trend};

/// Width and height of the Pareto drawing.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 200.0;
/// Categories in the Pareto drawing.
const MOST_STEPS: usize = 40;

#[derive(Template)]
#[template(path = "audit/coverage.html")]
struct Page<'a> {
    report: &'a Coverage,
    period: String,
    headline: Option<String>,
    rows: Vec<RowView<'a>>,
    pareto: Option<ParetoView>,
}

struct RowView<'a> {
    category: &'a CategoryCoverage,
    trend: String,
    share: String,
    /// Of 100: where the bar ends, and its interval.
    bar: Option<(f64, f64, f64)>,
}

struct ParetoView {
    steps: Vec<StepView>,
    /// The points of the cumulative curve.
    line: String,
    title: String,
    /// Height of the 80 % line.
    limit: f64,
}

struct StepView {
    x: f64,
    width: f64,
    y: f64,
    height: f64,
    vital: bool,
    title: String,
}

pub(super) fn coverage(report: &Coverage) -> Result<String, askama::Error> {
    let rows = report.categories.iter().map(|category| RowView {
        category,
        trend: trend(category),
        share: category.adequate.as_ref().map_or_else(|| "–".into(), |share| percent(share.share)),
        bar: category
            .adequate
            .as_ref()
            .map(|s| (round(100.0 * s.share), round(100.0 * s.low), round(100.0 * s.high))),
    });
    let headline = report.adequate.as_ref().map(|share| {
        let (share, low, high) = (percent(share.share), percent(share.low), percent(share.high));
        format!("{share} of them have an adequate article; with 95 % certainty between {low} and {high}.")
    });
    Page { report, period: report.period(), headline, rows: rows.collect(), pareto: pareto(report) }.render()
}

fn pareto(report: &Coverage) -> Option<ParetoView> {
    let pareto = &report.pareto;
    let shown = &pareto.steps[..pareto.steps.len().min(MOST_STEPS)];
    let largest = shown.first()?.unanswered;
    let width = WIDTH / shown.len() as f64;
    let steps = shown.iter().enumerate().map(|(place, step)| {
        let height = HEIGHT * step.unanswered / largest;
        StepView {
            x: round(place as f64 * width + 1.0),
            width: round((width - 2.0).max(1.0)),
            y: round(HEIGHT - height),
            height: round(height),
            vital: place < pareto.vital,
            title: format!(
                "{}: {:.1} unanswered, together {}",
                step.category,
                step.unanswered,
                percent(step.cumulative)
            ),
        }
    });
    let points = shown.iter().enumerate().map(|(place, step)| {
        let (x, y) = ((place as f64 + 0.5) * width, HEIGHT * (1.0 - step.cumulative));
        format!("{},{}", round(x), round(y))
    });
    Some(ParetoView {
        line: points.collect::<Vec<_>>().join(" "),
        steps: steps.collect(),
        title: format!(
            "{} of {} categories make up 80 % of the {:.0} tickets without an adequate article",
            pareto.vital,
            pareto.steps.len(),
            pareto.unanswered
        ),
        limit: round(HEIGHT * (1.0 - super::super::pareto::MOST)),
    })
}

fn round(x: f64) -> f64 {
    (10.0 * x).round() / 10.0
}
