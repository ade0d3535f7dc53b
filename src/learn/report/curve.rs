//! Drawings: numbers to shapes in SVG units.

use super::decisions::{CoveragePoint, Decisions};
use crate::learn::metrics::ReliabilityBin;

/// Side of the square in which a diagram is drawn, in SVG units.
pub(super) const SIDE: f64 = 240.0;
/// Steps of the precision's axis.
const STEP: f64 = 0.1;

/// One bin of a reliability diagram: the share of right ones as a bar, the mean confidence as a mark.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) middle: String,
    pub(super) width: String,
    pub(super) y: String,
    pub(super) height: String,
    pub(super) confidence_y: String,
    pub(super) rows: u64,
    pub(super) title: String,
}

/// Share of rows (across) against precision (up), with the band in which the precision lies.
pub(super) struct Curve {
    pub(super) line: String,
    pub(super) band: String,
    /// Precision at the bottom; at the top it is 1.
    pub(super) lowest: String,
    pub(super) grid: Vec<GridLine>,
    /// The thresholds in force.
    pub(super) in_use: Option<Mark>,
}

/// A level of precision.
pub(super) struct GridLine {
    pub(super) y: String,
    pub(super) label: String,
}

/// A place on a drawing.
pub(super) struct Mark {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) title: String,
}

/// `None` for an empty bin.
pub(super) fn bar(bin: &ReliabilityBin) -> Option<Bar> {
    let (accuracy, confidence) = (bin.accuracy?, bin.confidence?);
    Some(Bar {
        x: units(bin.lower),
        middle: units((bin.lower + bin.upper) / 2.0),
        width: units(bin.upper - bin.lower),
        y: units(1.0 - accuracy),
        height: units(accuracy),
        confidence_y: units(1.0 - confidence),
        rows: bin.rows,
        title: format!(
            "Confidence {:.2} to {:.2}, mean {confidence:.3}: {accuracy:.3} of {} right",
            bin.lower, bin.upper, bin.rows
        ),
    })
}

/// `None` without rows.
pub(super) fn curve(points: &[CoveragePoint], decisions: Option<&Decisions>) -> Option<Curve> {
    let last = points.last()?;
    let least = points.iter().map(|point| point.precision).fold(last.interval.low, f64::min);
    let lowest = ((least / STEP).floor() * STEP).clamp(0.0, 1.0 - STEP);
    // What lies lower (the band where there are few rows) is drawn along the bottom.
    let y = |precision: f64| units((1.0 - precision.max(lowest)) / (1.0 - lowest));
    let place = |share: f64, precision: f64| format!("{} {}", units(share), y(precision));
    let upper = points.iter().map(|point| place(point.share, point.interval.high));
    let lower = points.iter().rev().map(|point| place(point.share, point.interval.low));
    let steps = ((1.0 - lowest) / STEP).round() as usize;
    let auto = decisions.map(|decisions| decisions.auto);
    Some(Curve {
        line: path(points.iter().map(|point| place(point.share, point.precision))),
        band: path(upper.chain(lower)) + "Z",
        lowest: format!("{lowest:.1}"),
        grid: (1..steps)
            .map(|n| 1.0 - n as f64 * STEP)
            .map(|level| GridLine { y: y(level), label: format!("{level:.1}") })
            .collect(),
        in_use: auto.and_then(|auto| {
            let (share, precision) = (auto.share?, auto.precision?);
            Some(Mark {
                x: units(share),
                y: y(precision),
                title: format!(
                    "In use: {:.1} % of the rows are decided automatically, {precision:.3} of them right",
                    share * 100.0
                ),
            })
        }),
    })
}

fn path(places: impl Iterator<Item = String>) -> String {
    let places: Vec<String> = places.collect();
    format!("M{}", places.join("L"))
}

fn units(value: f64) -> String {
    format!("{:.1}", value * SIDE)
}
