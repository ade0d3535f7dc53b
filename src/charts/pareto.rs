//! Amounts, the largest first, and which few of them make up most of the sum.

use super::bars::cut;
use super::figure::{Drawing, Figure, Naming, Numbers, Shape, WIDTH, path};
use super::scale::{drawable, short};

/// SVG units from one bar to the next.
const STEP: f64 = 36.0;
const THICK: f64 = 10.0;

/// Amounts by name, and a share of the sum that is to be covered.
#[derive(Debug, Clone)]
pub struct Pareto<'a> {
    /// What it is called.
    pub naming: Naming<'a>,
    /// What the names are, such as "gap".
    pub of: &'a str,
    /// What the amounts are, such as "tickets".
    pub amount: &'a str,
    /// Share of the sum to cover, 0..1; 0.8 as a rule.
    pub cover: f64,
    /// Most bars to draw; what is left becomes one, "the rest".
    pub most: usize,
    /// The bars in any order; those without an amount above 0 are left out.
    pub bars: Vec<ParetoBar>,
}

/// One amount.
#[derive(Debug, Clone)]
pub struct ParetoBar {
    /// Its name.
    pub name: String,
    /// Above 0.
    pub amount: f64,
}

impl Pareto<'_> {
    /// How many of the largest cover the share, and their names; the bars are sorted for it. Amounts that are
    /// equal keep the order in which they came.
    pub fn cover(&self) -> Vec<&str> {
        let bars = self.sorted();
        let sum: f64 = bars.iter().map(|bar| bar.amount).sum();
        let mut covered = 0.0;
        bars.iter()
            .take_while(|bar| {
                let wanted = covered < self.cover * sum * (1.0 - 1e-12);
                covered += bar.amount;
                wanted
            })
            .map(|bar| bar.name.as_str())
            .collect()
    }

    /// Draws it; the sentence where nothing has an amount.
    pub fn figure(&self) -> Figure {
        let bars = self.sorted();
        let drawn = (!bars.is_empty()).then(|| self.drawn(&bars));
        Figure::new(self.naming, drawn)
    }

    fn sorted(&self) -> Vec<&ParetoBar> {
        let mut bars: Vec<&ParetoBar> =
            self.bars.iter().filter(|bar| drawable(bar.amount).is_some_and(|amount| amount > 0.0)).collect();
        bars.sort_by(|a, b| b.amount.total_cmp(&a.amount));
        bars
    }

    fn drawn(&self, bars: &[&ParetoBar]) -> Drawing {
        let sum: f64 = bars.iter().map(|bar| bar.amount).sum();
        let needed = self.cover().len();
        let (shown, rest) = bars.split_at(bars.len().min(self.most.max(1)));
        let left: f64 = rest.iter().map(|bar| bar.amount).sum();
        let rest = (left > 0.0).then(|| (format!("the rest ({})", rest.len()), left, "c-rest"));
        let shown = shown
            .iter()
            .enumerate()
            .map(|(n, bar)| (bar.name.clone(), bar.amount, if n < needed { "c-bar" } else { "c-rest" }));
        let shown: Vec<(String, f64, &str)> = shown.chain(rest).collect();
        let largest = shown.iter().map(|(_, amount, _)| *amount).fold(0.0, f64::max);
        let (mut shapes, mut line, mut rows, mut total) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
        for (n, (name, amount, class)) in shown.iter().enumerate() {
            total += amount;
            let (top, share) = (n as f64 * STEP, total / sum);
            let told = format!("{} · {:.0} %", short(*amount), share * 100.0);
            let room = WIDTH - 7.0 * told.chars().count() as f64;
            shapes.push(Shape::text([0.0, top + 12.0], "start", cut(name, room)));
            shapes.push(Shape::text([WIDTH, top + 12.0], "end", told));
            let title =
                format!("{name}: {} {}; together {:.0} %", short(*amount), self.amount, share * 100.0);
            shapes.push(Shape::rectangle("c-track", [0.0, top + 18.0, WIDTH, THICK], ""));
            shapes.push(Shape::rectangle(class, [0.0, top + 18.0, amount / largest * WIDTH, THICK], title));
            line.push([share * WIDTH, top + 18.0 + THICK / 2.0]);
            rows.push(vec![name.clone(), short(*amount), format!("{:.1} %", share * 100.0)]);
        }
        shapes.push(Shape::path("c-mark", path(&line)));
        shapes.extend(line.iter().map(|place| Shape::dot("c-point", *place, "")));
        let cover = self.cover * 100.0;
        let titles = [self.of, self.amount, "together"].map(str::to_owned).to_vec();
        Drawing {
            description: format!(
                "{} by {}, largest first. {needed} of {} cover {cover:.0} % of {} {}. The line is the share of all down to each.",
                self.amount,
                self.of,
                bars.len(),
                short(sum),
                self.amount
            ),
            height: shown.len() as f64 * STEP,
            shapes,
            numbers: Numbers { titles, rows },
        }
    }
}
