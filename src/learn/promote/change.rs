//! What changes between two bundles in one task, and whether it may be chance.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::learn::metrics::{Confusion, MetricError, reliability};
use crate::learn::report::Prediction;

/// Chance (0..=1) at or below which a loss is no accident.
const CHANCE: f64 = 0.05;
/// Draws from which chances are estimated: enough to tell .03 from .06.
const DRAWS: usize = 1_000;

/// One task under both bundles.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskChange {
    /// Its name.
    pub task: String,
    /// Rows measured.
    pub rows: usize,
    /// Figures of the head as a whole.
    pub figures: Vec<FigureChange>,
    /// Its classes, without those that no row is of.
    pub classes: Vec<ClassChange>,
}

/// A figure under both bundles.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureChange {
    /// What it is called: a figure of the head, or a label for its F1.
    pub name: String,
    /// Now.
    pub current: f64,
    /// Of the candidate.
    pub candidate: f64,
    /// What is worse of the candidate, above 0; what is better, below.
    pub loss: f64,
    /// How likely a loss as great is if both were equally good, 0..=1; `None` where the loss is within
    /// the margin and it does not matter.
    pub chance: Option<f64>,
}

/// A class under both bundles.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassChange {
    /// Its F1.
    pub f1: FigureChange,
    /// Rows of this class.
    pub rows: u64,
    /// Rows of it that only the candidate finds.
    pub won: u64,
    /// Rows of it that only the present bundle finds.
    pub lost: u64,
}

impl FigureChange {
    /// Whether more is lost than may be, and not by chance.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.chance.is_some_and(|chance| chance <= CHANCE)
    }

    fn new(name: &str, figure: Figure, current: f64, candidate: f64) -> Self {
        let loss = figure.loss(current, candidate);
        Self { name: name.to_owned(), current, candidate, loss, chance: None }
    }
}

impl TaskChange {
    /// Why this task forbids a promotion, as whole sentences.
    pub(super) fn refusals(&self) -> Vec<String> {
        let told = |figure: &FigureChange| {
            let verb = if figure.candidate > figure.current { "rises" } else { "falls" };
            let (from, to) = (figure.current, figure.candidate);
            let chance = figure.chance.unwrap_or(1.0) * 100.0;
            format!("{verb} from {from:.3} to {to:.3} (by chance in {chance:.1} % of cases)")
        };
        let figures = self.figures.iter().filter(|figure| figure.is_refused());
        let figures = figures.map(|figure| format!("{}: {} {}", self.task, figure.name, told(figure)));
        let classes = self.classes.iter().filter(|class| class.f1.is_refused());
        let classes = classes.map(|class| {
            let ClassChange { f1, rows, won, lost } = class;
            format!(
                "{}: F1 of {:?} {}: of its {rows} rows {lost} are lost and {won} won",
                self.task,
                f1.name,
                told(f1)
            )
        });
        figures.chain(classes).collect()
    }
}

/// A figure that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Accuracy,
    MacroF1,
    Kappa,
    CalibrationError,
    F1(usize),
}

impl Figure {
    /// What of a fall or a rise is a loss.
    fn loss(self, current: f64, candidate: f64) -> f64 {
        if self == Self::CalibrationError { candidate - current } else { current - candidate }
    }
}

/// The rows of one task under both bundles; all lists have an entry for each row.
pub(super) struct Sides<'a> {
    pub(super) labels: &'a [String],
    pub(super) ordered: bool,
    pub(super) truths: &'a [usize],
    pub(super) current: &'a [Prediction],
    pub(super) candidate: &'a [Prediction],
}

impl Sides<'_> {
    pub(super) fn change(&self, task: &str, margin: f64) -> Result<TaskChange, MetricError> {
        let (current, candidate) = (self.measure(self.current)?, self.measure(self.candidate)?);
        let change = |name: &str, figure| {
            Some(FigureChange::new(name, figure, current.get(figure)?, candidate.get(figure)?))
        };
        let mut figures: Vec<(Figure, FigureChange)> = [
            ("accuracy", Figure::Accuracy),
            ("macro-F1", Figure::MacroF1),
            ("kappa, quadratic", Figure::Kappa),
            ("calibration error", Figure::CalibrationError),
        ]
        .into_iter()
        .filter_map(|(name, figure)| Some((figure, change(name, figure)?)))
        .collect();
        let of_head = figures.len();
        let with_rows = (0..self.labels.len()).filter(|class| self.truths.contains(class));
        let classes: Vec<usize> = with_rows.collect();
        figures.extend(classes.iter().filter_map(|&class| {
            let figure = Figure::F1(class);
            Some((figure, change(&self.labels[class], figure)?))
        }));
        self.judge(&mut figures, margin)?;
        let f1: Vec<(Figure, FigureChange)> = figures.split_off(of_head);
        Ok(TaskChange {
            task: task.to_owned(),
            rows: self.truths.len(),
            figures: figures.into_iter().map(|(_, change)| change).collect(),
            classes: f1.into_iter().zip(classes).map(|((_, f1), class)| self.class(f1, class)).collect(),
        })
    }

    fn class(&self, f1: FigureChange, class: usize) -> ClassChange {
        let mut change = ClassChange { f1, rows: 0, won: 0, lost: 0 };
        let rows = self.truths.iter().zip(self.current).zip(self.candidate);
        for ((_, now), then) in rows.filter(|((truth, _), _)| **truth == class) {
            change.rows += 1;
            change.won += u64::from(now.class != class && then.class == class);
            change.lost += u64::from(now.class == class && then.class != class);
        }
        change
    }

    /// Estimates the chance of every loss beyond the margin by approximate randomization: if both bundles
    /// were equally good, it would not matter which of the two gave which answer about a row, so answers
    /// are exchanged by the toss of a coin, row by row, and it is counted how often the loss is as great.
    /// The draws are the same every time.
    ///
    /// Source: E. W. Noreen, "Computer-intensive methods for testing hypotheses" (1989), as A. Yeh, "More
    /// accurate tests for the statistical significance of result differences", COLING 2000, takes it for F1.
    fn judge(&self, figures: &mut [(Figure, FigureChange)], margin: f64) -> Result<(), MetricError> {
        // What rounding makes of two equal numbers decides nothing.
        let mut suspects: Vec<_> =
            figures.iter_mut().filter(|(_, change)| change.loss > margin + 1e-9).map(|f| (f, 0)).collect();
        if suspects.is_empty() {
            return Ok(());
        }
        let mut coin = StdRng::seed_from_u64(0);
        for _ in 0..DRAWS {
            let answers = self.current.iter().zip(self.candidate);
            let tossed = answers.map(|(&a, &b)| if coin.random_bool(0.5) { (a, b) } else { (b, a) });
            let (one, other): (Vec<Prediction>, Vec<Prediction>) = tossed.unzip();
            let (one, other) = (self.measure(&one)?, self.measure(&other)?);
            for ((figure, change), as_great) in &mut suspects {
                let loss = one.get(*figure).zip(other.get(*figure)).map(|(a, b)| figure.loss(a, b));
                *as_great += usize::from(loss.is_some_and(|loss| loss >= change.loss - 1e-9));
            }
        }
        for ((_, change), as_great) in suspects {
            change.chance = Some((as_great + 1) as f64 / (DRAWS + 1) as f64);
        }
        Ok(())
    }

    fn measure(&self, predictions: &[Prediction]) -> Result<Measured, MetricError> {
        let classes: Vec<usize> = predictions.iter().map(|prediction| prediction.class).collect();
        let confusion = Confusion::count(self.truths, &classes, self.labels.len())?;
        let pairs: Vec<(f32, bool)> =
            predictions.iter().zip(self.truths).map(|(p, truth)| (p.confidence, p.class == *truth)).collect();
        let scores = (0..self.labels.len()).map(|class| {
            let scores = confusion.class(class);
            // A class of which there are rows is found or not; 0 where it is never predicted.
            (scores.support + scores.predicted > 0).then(|| scores.f1.unwrap_or(0.0))
        });
        Ok(Measured {
            f1: scores.collect(),
            accuracy: confusion.accuracy(),
            kappa: confusion.quadratic_kappa().filter(|_| self.ordered),
            calibration_error: reliability(&pairs)?.ece,
        })
    }
}

/// The figures of one bundle.
struct Measured {
    f1: Vec<Option<f64>>,
    accuracy: Option<f64>,
    kappa: Option<f64>,
    calibration_error: Option<f64>,
}

impl Measured {
    fn get(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::Accuracy => self.accuracy,
            Figure::MacroF1 => {
                let known: Vec<f64> = self.f1.iter().flatten().copied().collect();
                (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
            }
            Figure::Kappa => self.kappa,
            Figure::CalibrationError => self.calibration_error,
            Figure::F1(class) => self.f1.get(class).copied().flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Change from one list of predicted classes to another, all as sure as they are right.
    fn change(truths: &[usize], current: &[usize], candidate: &[usize], margin: f64) -> TaskChange {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let sure = |predicted: &[usize]| -> Vec<Prediction> {
            let right = predicted.iter().zip(truths).filter(|(p, t)| p == t).count() as f32;
            let confidence = right / truths.len() as f32;
            predicted.iter().map(|&class| Prediction { class, confidence }).collect()
        };
        let (current, candidate) = (sure(current), sure(candidate));
        let sides =
            Sides { labels: &labels, ordered: true, truths, current: &current, candidate: &candidate };
        sides.change("task", margin).unwrap()
    }

    /// `rows` of each of the classes a and b, of which the first `wrong` of a are taken for b.
    fn predicted(rows: usize, wrong: usize) -> Vec<usize> {
        [vec![1; wrong], vec![0; rows - wrong], vec![1; rows]].concat()
    }

    fn refused(rows: usize, wrong: usize, margin: f64) -> bool {
        let truths = predicted(rows, 0);
        !change(&truths, &truths, &predicted(rows, wrong), margin).refusals().is_empty()
    }

    #[test]
    fn the_same_predictions_lose_nothing() {
        assert!(!refused(10, 0, 0.0));
    }

    #[test]
    fn three_tickets_do_not_decide_and_many_do() {
        assert!(!refused(13, 3, 0.0));
        assert!(refused(13, 6, 0.02));
    }

    #[test]
    fn one_ticket_of_a_rare_class_does_not_decide_over_the_mean_of_the_classes() {
        let truths = [vec![0; 200], vec![1; 200], vec![2; 2]].concat();
        let candidate = [vec![0; 200], vec![1; 201], vec![2; 1]].concat();
        let found = change(&truths, &truths, &candidate, 0.02);
        assert!(found.figures[1].loss > 0.1, "macro-F1 falls far");
        assert!(found.refusals().is_empty());
    }

    #[test]
    fn a_small_loss_in_many_rows_is_within_the_margin() {
        assert!(!refused(400, 6, 0.02));
        assert!(refused(400, 40, 0.02));
        assert!(!refused(400, 40, 0.25));
    }

    #[test]
    fn a_class_that_loses_is_found_though_the_head_as_a_whole_wins() {
        // 10 rows of a, 100 of b; the candidate loses 8 of a and wins 30 of b.
        let truths = [vec![0; 10], vec![1; 100]].concat();
        let current = [vec![0; 10], vec![2; 30], vec![1; 70]].concat();
        let candidate = [vec![2; 8], vec![0; 2], vec![1; 100]].concat();
        let found = change(&truths, &current, &candidate, 0.02);
        assert!((found.figures[0].loss + 22.0 / 110.0).abs() < 1e-12);
        let refusals = found.refusals();
        assert!(refusals.iter().all(|told| !told.contains("accuracy")), "{refusals:?}");
        assert!(refusals.iter().any(|told| told.contains("\"a\"") && told.contains("8 are lost and 0 won")));
    }

    #[test]
    fn a_class_that_is_never_predicted_any_more_is_lost_though_false_alarms_end() {
        let truths = predicted(20, 0);
        let found = change(&truths, &[0; 40], &[2; 40], 0.02);
        assert!(found.refusals().iter().any(|told| told.contains("F1 of \"a\" falls from 0.667 to 0.000")));
    }

    #[test]
    fn worse_confidence_alone_is_a_loss() {
        let truths = predicted(100, 0);
        let sure = |confidence| -> Vec<Prediction> {
            truths.iter().map(|&class| Prediction { class, confidence }).collect()
        };
        let labels = ["a", "b"].map(str::to_owned);
        let (current, candidate) = (sure(0.99), sure(0.6));
        let sides = Sides {
            labels: &labels,
            ordered: false,
            truths: &truths,
            current: &current,
            candidate: &candidate,
        };
        let refusals = sides.change("task", 0.02).unwrap().refusals();
        assert!(refusals[0].contains("calibration error rises"), "{refusals:?}");
    }

    #[test]
    fn a_class_without_rows_is_not_judged() {
        let truths = predicted(5, 0);
        assert_eq!(change(&truths, &truths, &truths, 0.0).classes.len(), 2);
    }

    #[test]
    fn the_chance_is_about_that_of_the_coin() {
        // Five rows lost and none won: all five tosses must fall on one side, 1 in 32.
        let truths = predicted(20, 0);
        let found = change(&truths, &truths, &predicted(20, 5), 0.02);
        let chance = found.figures[0].chance.unwrap();
        assert!((chance - 1.0 / 32.0).abs() < 0.015, "{chance}");
    }
}
