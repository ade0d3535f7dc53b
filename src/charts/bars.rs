//! Upright bars: counts by name, and a histogram of counts by range.

use super::figure::{Drawing, Figure, Naming, Numbers, Shape, WIDTH};
use super::scale::{Upright, drawable, round_up, short};

/// SVG units left of the bars for the numbers of the axis, and below them for names.
const LEFT: f64 = 44.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 196.0;
const HEIGHT: f64 = 236.0;
/// More names than this would run into each other; then some are left out.
const NAMES: usize = 8;

/// Amounts by name, in the order given.
#[derive(Debug, Clone)]
pub struct Bars<'a> {
    /// What it is called.
    pub naming: Naming<'a>,
    /// What the names are, such as "day".
    pub across: &'a str,
    /// What the amounts are, such as "tickets".
    pub up: &'a str,
    /// The bars; amounts below 0 and no numbers are drawn as 0.
    pub bars: Vec<Bar>,
}

/// One amount.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// From 0 on.
    pub amount: f64,
}

/// Counts by range.
#[derive(Debug, Clone)]
pub struct Histogram<'a> {
    /// What it is called.
    pub naming: Naming<'a>,
    /// What is measured, with its unit.
    pub across: &'a str,
    /// What is counted, such as "tickets".
    pub up: &'a str,
    /// Ranges side by side, rising.
    pub bins: Vec<Bin>,
}

/// One range.
#[derive(Debug, Clone, Copy)]
pub struct Bin {
    /// From here,
    pub lower: f64,
    /// to below here.
    pub upper: f64,
    /// How many.
    pub count: u64,
}

impl Bars<'_> {
    /// Draws them; the sentence where there is no bar or all are 0.
    pub fn figure(&self) -> Figure {
        let amounts: Vec<f64> = self.bars.iter().map(|bar| usable(bar.amount)).collect();
        let names: Vec<&str> = self.bars.iter().map(|bar| bar.name.as_str()).collect();
        let drawn = drawn(&names, &amounts, self.across, self.up, 0.3);
        Figure::new(self.naming, drawn)
    }
}

impl Histogram<'_> {
    /// Draws it; the sentence where nothing was counted.
    pub fn figure(&self) -> Figure {
        let counts: Vec<f64> = self.bins.iter().map(|bin| bin.count as f64).collect();
        let ranges: Vec<String> =
            self.bins.iter().map(|bin| format!("{}–{}", short(bin.lower), short(bin.upper))).collect();
        let names: Vec<&str> = ranges.iter().map(String::as_str).collect();
        let drawn = drawn(&names, &counts, self.across, self.up, 0.04);
        Figure::new(self.naming, drawn)
    }
}

fn usable(amount: f64) -> f64 {
    drawable(amount).unwrap_or(0.0).max(0.0)
}

/// `gap` is the share of a bar's place that stays empty.
fn drawn(names: &[&str], amounts: &[f64], across: &str, up: &str, gap: f64) -> Option<Drawing> {
    let (largest, most) =
        amounts.iter().enumerate().filter(|(_, x)| **x > 0.0).max_by(|a, b| a.1.total_cmp(b.1))?;
    let axis = Upright { top: TOP, bottom: BOTTOM, low: 0.0, high: round_up(*most) };
    let mut shapes = grid(&axis);
    let place = (WIDTH - LEFT) / amounts.len() as f64;
    let every = amounts.len().div_ceil(NAMES);
    for (n, (name, amount)) in names.iter().zip(amounts).enumerate() {
        let (x, y) = (LEFT + (n as f64 + gap / 2.0) * place, axis.y(*amount));
        let title = format!("{name}: {} {up}", short(*amount));
        shapes.push(Shape::rectangle("c-bar", [x, y, place * (1.0 - gap), BOTTOM - y], title));
        if n % every == 0 {
            let middle = LEFT + (n as f64 + 0.5) * place;
            shapes.push(Shape::text([middle, BOTTOM + 16.0], "middle", cut(name, place * every as f64)));
        }
    }
    shapes.push(Shape::rule("c-axis", [LEFT, BOTTOM], [WIDTH, BOTTOM]));
    shapes.push(Shape::text([(LEFT + WIDTH) / 2.0, HEIGHT - 6.0], "middle", across));
    shapes.push(Shape::text([0.0, TOP - 16.0], "start", up));
    let description = format!(
        "{} bars of {up} by {across}; the highest is {} with {}.",
        amounts.len(),
        names[largest],
        short(*most)
    );
    let rows = names.iter().zip(amounts).map(|(name, amount)| vec![(*name).to_owned(), short(*amount)]);
    let numbers = Numbers { titles: vec![across.to_owned(), up.to_owned()], rows: rows.collect() };
    Some(Drawing { description, height: HEIGHT, shapes, numbers })
}

/// Lines at the round numbers of an axis, with the numbers left of them.
pub(super) fn grid(axis: &Upright) -> Vec<Shape> {
    let line = |value: f64| {
        let y = axis.y(value);
        let number = Shape::text([LEFT - 6.0, y + 4.0], "end", short(value));
        [Shape::rule("c-grid", [LEFT, y], [WIDTH, y]), number]
    };
    axis.ticks().into_iter().flat_map(line).collect()
}

/// As much of a name as has room in so many SVG units; a letter is about 7 wide.
pub(super) fn cut(name: &str, width: f64) -> String {
    let room = ((width / 7.0) as usize).max(3);
    if name.chars().count() <= room {
        return name.to_owned();
    }
    name.chars().take(room - 1).chain(['…']).collect()
}
