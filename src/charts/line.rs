//! A line, over time as a rule, with the band in which its numbers lie.

use super::bars::{cut, grid};
use super::figure::{Drawing, Figure, Naming, Numbers, Shape, WIDTH, path};
use super::scale::{Upright, drawable, round_up, short};

const LEFT: f64 = 44.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 196.0;
const HEIGHT: f64 = 236.0;

/// Numbers in a row.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// What it is called.
    pub naming: Naming<'a>,
    /// What goes from left to right, such as "day".
    pub across: &'a str,
    /// What goes up, with its unit.
    pub up: &'a str,
    /// What stands at the bottom and the top; `None` begins at 0 and ends above the largest number.
    pub range: Option<(f64, f64)>,
    /// The points, from left to right.
    pub points: Vec<LinePoint>,
    /// A place to make out, such as where a site stands.
    pub marked: Option<LineMark>,
}

/// A place beside or on the line.
#[derive(Debug, Clone)]
pub struct LineMark {
    /// Where it stands from left to right.
    pub at: f64,
    /// How high.
    pub value: f64,
    /// What it is.
    pub what: String,
}

/// One number.
#[derive(Debug, Clone)]
pub struct LinePoint {
    /// Its name, such as a day.
    pub name: String,
    /// Where it stands from left to right, in any unit; must not fall.
    pub at: f64,
    /// The number; `None` breaks the line.
    pub value: Option<f64>,
    /// Lower and upper end of its interval, if there is one.
    pub interval: Option<(f64, f64)>,
}

impl Line<'_> {
    /// Draws it; the sentence where no point has a number.
    pub fn figure(&self) -> Figure {
        let points: Vec<LinePoint> = self
            .points
            .iter()
            .filter(|point| drawable(point.at).is_some())
            .map(|point| LinePoint {
                value: point.value.and_then(drawable),
                interval: point
                    .interval
                    .filter(|(low, high)| drawable(*low).is_some() && drawable(*high).is_some()),
                ..point.clone()
            })
            .collect();
        let drawn = points.iter().any(|point| point.value.is_some()).then(|| self.drawn(&points));
        Figure::new(self.naming, drawn)
    }

    fn drawn(&self, points: &[LinePoint]) -> Drawing {
        let ends = points.iter().flat_map(|point| [point.value, point.interval.map(|(_, high)| high)]);
        let largest = ends.flatten().fold(0.0, f64::max);
        let (low, high) = self.range.unwrap_or_else(|| (0.0, round_up(largest)));
        let axis = Upright { top: TOP, bottom: BOTTOM, low, high };
        let first = points.first().map_or(0.0, |point| point.at);
        let span = points.last().map_or(0.0, |point| point.at) - first;
        let x = |at: f64| {
            if span > 0.0 { LEFT + (at - first) / span * (RIGHT - LEFT) } else { (LEFT + RIGHT) / 2.0 }
        };
        let mut shapes = grid(&axis);
        for run in points.split(|point| point.value.is_none() || point.interval.is_none()) {
            shapes.extend(band(run, &axis, x));
        }
        for run in points.split(|point| point.value.is_none()) {
            let places: Vec<[f64; 2]> =
                run.iter().filter_map(|point| Some([x(point.at), axis.y(point.value?)])).collect();
            match places.as_slice() {
                [] => {}
                [only] => shapes.push(Shape::dot("c-dot", *only, "")),
                places => shapes.push(Shape::path("c-line", path(places))),
            }
        }
        if let Some(mark) = self.marked.as_ref().filter(|mark| (first..=first + span).contains(&mark.at)) {
            shapes.push(Shape::dot("c-point", [x(mark.at), axis.y(mark.value)], &mark.what));
        }
        shapes.push(Shape::rule("c-axis", [LEFT, BOTTOM], [RIGHT, BOTTOM]));
        shapes.extend(ends_of(points));
        shapes.push(Shape::text([(LEFT + RIGHT) / 2.0, HEIGHT - 6.0], "middle", self.across));
        shapes.push(Shape::text([0.0, TOP - 16.0], "start", self.up));
        Drawing {
            description: self.description(points),
            height: HEIGHT,
            shapes,
            numbers: self.numbers(points),
        }
    }

    fn description(&self, points: &[LinePoint]) -> String {
        let with: Vec<(&str, f64)> =
            points.iter().filter_map(|point| Some((point.name.as_str(), point.value?))).collect();
        let told = |point: Option<&(&str, f64)>| {
            point.map_or_else(String::new, |(name, value)| format!("{} at {name}", short(*value)))
        };
        format!("{} by {}, from {} to {}.", self.up, self.across, told(with.first()), told(with.last()))
    }

    fn numbers(&self, points: &[LinePoint]) -> Numbers {
        let with_interval = points.iter().any(|point| point.interval.is_some());
        let mut titles = vec![self.across.to_owned(), self.up.to_owned()];
        if with_interval {
            titles.push("between".to_owned());
        }
        let rows = points.iter().map(|point| {
            let value = point.value.map_or_else(|| "–".to_owned(), short);
            let between = point
                .interval
                .map_or_else(|| "–".to_owned(), |(low, high)| format!("{} and {}", short(low), short(high)));
            [point.name.clone(), value].into_iter().chain(with_interval.then_some(between)).collect()
        });
        Numbers { titles, rows: rows.collect() }
    }
}

/// The band of points that all have an interval.
fn band(run: &[LinePoint], axis: &Upright, x: impl Fn(f64) -> f64) -> Option<Shape> {
    let place = |point: &LinePoint, end: f64| [x(point.at), axis.y(end)];
    let upper = run.iter().filter_map(|point| Some(place(point, point.interval?.1)));
    let lower = run.iter().rev().filter_map(|point| Some(place(point, point.interval?.0)));
    let around: Vec<[f64; 2]> = upper.chain(lower).collect();
    (around.len() > 2).then(|| Shape::path("c-band", path(&around) + "Z"))
}

/// The names of the first and the last point below the axis.
fn ends_of(points: &[LinePoint]) -> Vec<Shape> {
    let room = (RIGHT - LEFT) / 2.0;
    let first =
        points.first().map(|point| Shape::text([LEFT, BOTTOM + 16.0], "start", cut(&point.name, room)));
    let last = points.last().filter(|_| points.len() > 1);
    let last = last.map(|point| Shape::text([RIGHT, BOTTOM + 16.0], "end", cut(&point.name, room)));
    first.into_iter().chain(last).collect()
}
