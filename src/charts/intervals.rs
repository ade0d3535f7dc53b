//! Bars that lie, one below the other, each with the interval in which its number lies.

use super::bars::cut;
use super::figure::{Drawing, Figure, Naming, Numbers, Shape, WIDTH};
use super::scale::{drawable, round_up};

/// SVG units from one bar to the next: a line of words, the bar, and air.
const STEP: f64 = 40.0;
/// SVG units that a bar is high.
const THICK: f64 = 10.0;

/// Numbers by name, with intervals.
#[derive(Debug, Clone)]
pub struct IntervalBars<'a> {
    /// What it is called.
    pub naming: Naming<'a>,
    /// What the names are, such as "category".
    pub of: &'a str,
    /// What the numbers are, such as "share with an article".
    pub value: &'a str,
    /// What the upright mark on a bar stands for, such as "baseline"; empty if there are none.
    pub mark: &'a str,
    /// Where the scale ends; `None` ends it above the largest number.
    pub most: Option<f64>,
    /// The bars, first one on top. Those that are no number are left out.
    pub bars: Vec<IntervalBar>,
}

/// One number.
#[derive(Debug, Clone)]
pub struct IntervalBar {
    /// Its name.
    pub name: String,
    /// From 0 on.
    pub value: f64,
    /// Lower and upper end of its interval, if there is one.
    pub interval: Option<(f64, f64)>,
    /// Another number to compare with.
    pub mark: Option<f64>,
    /// The number as people read it, with its interval where that matters.
    pub shown: String,
}

impl IntervalBars<'_> {
    /// Draws them; the sentence where there is none.
    pub fn figure(&self) -> Figure {
        let bars: Vec<&IntervalBar> = self.bars.iter().filter(|bar| drawable(bar.value).is_some()).collect();
        let drawn = (!bars.is_empty()).then(|| self.drawn(&bars));
        Figure::new(self.naming, drawn)
    }

    fn drawn(&self, bars: &[&IntervalBar]) -> Drawing {
        let ends =
            bars.iter().flat_map(|bar| [Some(bar.value), bar.mark, bar.interval.map(|(_, high)| high)]);
        let largest = ends.flatten().filter_map(drawable).fold(0.0, f64::max);
        let most = self.most.unwrap_or_else(|| round_up(largest));
        let x = |value: f64| (value / most).clamp(0.0, 1.0) * WIDTH;
        let mut shapes = Vec::new();
        for (n, bar) in bars.iter().enumerate() {
            let top = n as f64 * STEP;
            shapes.push(Shape::text(
                [0.0, top + 12.0],
                "start",
                cut(&bar.name, WIDTH - 7.0 * bar.shown.chars().count() as f64),
            ));
            shapes.push(Shape::text([WIDTH, top + 12.0], "end", &bar.shown));
            let y = top + 18.0;
            shapes.push(Shape::rectangle("c-track", [0.0, y, WIDTH, THICK], ""));
            shapes.push(Shape::rectangle(
                "c-bar",
                [0.0, y, x(bar.value), THICK],
                format!("{}: {}", bar.name, bar.shown),
            ));
            if let Some((low, high)) = bar.interval.filter(|(low, high)| low.is_finite() && high.is_finite())
            {
                let (low, high, middle) = (x(low), x(high), y + THICK / 2.0);
                shapes.push(Shape::rule("c-whisker", [low, middle], [high, middle]));
                for end in [low, high] {
                    shapes.push(Shape::rule("c-whisker", [end, y], [end, y + THICK]));
                }
            }
            if let Some(mark) = bar.mark.filter(|mark| mark.is_finite()) {
                shapes.push(Shape::rule("c-mark", [x(mark), y - 3.0], [x(mark), y + THICK + 3.0]));
            }
        }
        let mut titles = vec![self.of.to_owned(), self.value.to_owned()];
        let marked = !self.mark.is_empty();
        if marked {
            titles.push(self.mark.to_owned());
        }
        let rows = bars.iter().map(|bar| {
            let mark = marked.then(|| bar.mark.map_or_else(String::new, |mark| format!("{mark:.3}")));
            [bar.name.clone(), bar.shown.clone()].into_iter().chain(mark).collect()
        });
        let marks = if marked { format!(" An upright mark is the {}.", self.mark) } else { String::new() };
        Drawing {
            description: format!(
                "{} by {}, {} bars; a thin line is the interval.{marks}",
                self.value,
                self.of,
                bars.len()
            ),
            height: bars.len() as f64 * STEP,
            shapes,
            numbers: Numbers { titles, rows: rows.collect() },
        }
    }
}
