//! How often what was said with a confidence came true: a reliability diagram.

use super::figure::{Drawing, Figure, Naming, Numbers, Shape, WIDTH};

/// Side of the square in SVG units, and where it begins.
const SIDE: f64 = 300.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 22.0;

/// Confidence against what came true.
#[derive(Debug, Clone)]
pub struct Reliability<'a> {
    /// What it is called.
    pub naming: Naming<'a>,
    /// What is counted, such as "rows".
    pub counted: &'a str,
    /// Ranges of confidence, rising; empty ones are left out.
    pub bins: Vec<ReliabilityBin>,
}

/// One range of confidence.
#[derive(Debug, Clone, Copy)]
pub struct ReliabilityBin {
    /// From here (0..1),
    pub lower: f64,
    /// to here.
    pub upper: f64,
    /// How many.
    pub rows: u64,
    /// Mean confidence of these, 0..1.
    pub confidence: f64,
    /// Share of these that were right, 0..1.
    pub accuracy: f64,
}

impl Reliability<'_> {
    /// Draws it; the sentence where there are no rows.
    pub fn figure(&self) -> Figure {
        let usable = |bin: &&ReliabilityBin| {
            bin.rows > 0 && [bin.lower, bin.upper, bin.confidence, bin.accuracy].iter().all(|x| x.is_finite())
        };
        let bins: Vec<&ReliabilityBin> = self.bins.iter().filter(usable).collect();
        let drawn = (!bins.is_empty()).then(|| self.drawn(&bins));
        Figure::new(self.naming, drawn)
    }

    fn drawn(&self, bins: &[&ReliabilityBin]) -> Drawing {
        let x = |share: f64| LEFT + share.clamp(0.0, 1.0) * SIDE;
        let y = |share: f64| TOP + (1.0 - share.clamp(0.0, 1.0)) * SIDE;
        let mut shapes = Vec::new();
        for n in 0..=5 {
            let share = f64::from(n) / 5.0;
            shapes.push(Shape::rule("c-grid", [LEFT, y(share)], [LEFT + SIDE, y(share)]));
            shapes.push(Shape::text([LEFT - 6.0, y(share) + 4.0], "end", format!("{share:.1}")));
            shapes.push(Shape::text([x(share), TOP + SIDE + 16.0], "middle", format!("{share:.1}")));
        }
        for bin in bins {
            let (left, width) = (x(bin.lower), x(bin.upper) - x(bin.lower));
            let title = format!(
                "Confidence {:.2} to {:.2}, mean {:.3}: {:.3} of {} right",
                bin.lower, bin.upper, bin.confidence, bin.accuracy, bin.rows
            );
            let top = y(bin.accuracy);
            shapes.push(Shape::rectangle(
                "c-bar",
                [left, top, (width - 1.0).max(0.0), TOP + SIDE - top],
                title,
            ));
            let mean = y(bin.confidence);
            shapes.push(Shape::rule("c-mark", [left, mean], [left + width - 1.0, mean]));
        }
        shapes.push(Shape::rule("c-ideal", [x(0.0), y(0.0)], [x(1.0), y(1.0)]));
        shapes.push(Shape::text([LEFT - 6.0, 12.0], "start", "share right (mark: mean confidence)"));
        shapes.push(Shape::text([WIDTH / 2.0 + 10.0, TOP + SIDE + 34.0], "middle", "confidence"));
        let rows = bins.iter().map(|bin| {
            let range = format!("{:.2}–{:.2}", bin.lower, bin.upper);
            vec![
                range,
                format!("{:.3}", bin.confidence),
                format!("{:.3}", bin.accuracy),
                bin.rows.to_string(),
            ]
        });
        let titles = ["confidence", "mean", "share right", self.counted].map(str::to_owned).to_vec();
        Drawing {
            description: format!(
                "Share of right answers by confidence, {} ranges. Where a bar reaches its mark, what was said came true as often as it was said; the dashed line is that for every confidence.",
                bins.len()
            ),
            height: TOP + SIDE + 40.0,
            shapes,
            numbers: Numbers { titles, rows: rows.collect() },
        }
    }
}
