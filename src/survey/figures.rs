//! Shares and means with how far they may be off, so that small numbers don't mislead.

use serde::Serialize;
use utoipa::ToSchema;

use crate::learn::metrics::{Interval, Z_TWO_SIDED_95, wilson_interval};

/// Answers to one measure: how many, their sum, and the sum of their squares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// How many.
    pub n: u64,
    sum: f64,
    squares: f64,
}

impl Tally {
    /// Counts one value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// Counts what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// Their mean; `None` of none.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }

    /// Their variance (divided by n); `None` of none.
    fn variance(&self) -> Option<f64> {
        let mean = self.mean()?;
        // Rounding may leave less than nothing of equal values.
        Some((self.squares / self.n as f64 - mean * mean).max(0.0))
    }

    /// The sample variance of a single one (divided by n - 1); `None` of fewer than two.
    pub(super) fn sample_variance(&self) -> Option<f64> {
        let variance = self.variance()?;
        (self.n > 1).then(|| variance * self.n as f64 / (self.n - 1) as f64)
    }

    /// The share of ones among zeros and ones, with Wilson's score interval.
    pub fn share(&self) -> Figure {
        let Some(share) = self.mean() else { return Figure::default() };
        let Interval { low, high } = wilson_interval(self.sum.round() as u64, self.n, Z_TWO_SIDED_95);
        Figure::new(self.n, share, low, high, [0.0, 1.0])
    }

    /// The mean of values between the `ends` of a scale, with the normal interval of that mean after two more
    /// answers are thought at either end: with them a few answers, or equal ones, don't look certain, and of
    /// many they move nothing.
    ///
    /// Source: A. Agresti, B. A. Coull, "Approximate is better than exact for interval estimation of binomial
    /// proportions", The American Statistician 52 (1998), 119-126, whose "plus four" this is on a scale of 0
    /// and 1. Of promoters (1), passives (0) and detractors (-1) it is the standard error of the difference of
    /// two shares, sqrt((p + d - (p - d)^2) / n).
    pub fn mean_on(&self, ends: [f64; 2]) -> Figure {
        let Some(mean) = self.mean() else { return Figure::default() };
        let mut more = *self;
        for end in [ends[0], ends[0], ends[1], ends[1]] {
            more.add(end);
        }
        let centre = more.mean().unwrap_or(mean);
        let half = Z_TWO_SIDED_95 * (more.variance().unwrap_or(0.0) / more.n as f64).sqrt();
        Figure::new(self.n, mean, centre - half, centre + half, ends)
    }
}

/// A share or a mean with the interval in which it lies with 95 % certainty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveyFigure)]
pub struct Figure {
    /// Answers that it stands on.
    pub n: u64,
    /// The share or mean; null where nobody answered.
    pub value: Option<f64>,
    /// Lower end of the interval; null where nobody answered.
    pub low: Option<f64>,
    /// Upper end; null where nobody answered.
    pub high: Option<f64>,
}

impl Figure {
    fn new(n: u64, value: f64, low: f64, high: f64, ends: [f64; 2]) -> Self {
        // Within the scale, and rounding must not put the value itself outside.
        let (low, high) = (low.max(ends[0]).min(value), high.min(ends[1]).max(value));
        Self { n, value: Some(value), low: Some(low), high: Some(high) }
    }

    /// The same in units of which `times` make one.
    pub(super) fn times(self, times: f64) -> Self {
        let by = |value: Option<f64>| value.map(|value| value * times);
        Self { n: self.n, value: by(self.value), low: by(self.low), high: by(self.high) }
    }
}

/// How much a mean moves from week to week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveyVolatility)]
pub struct Volatility {
    /// Whole weeks of the window with an answer.
    pub weeks: usize,
    /// Standard deviation (divided by weeks - 1) of the weeks' means; null of fewer than two weeks.
    pub value: Option<f64>,
    /// What it would be by chance alone, if every week were alike: the root of the mean over the weeks of
    /// s²/n, where n is the week's answers and s² the sample variance of a single answer within the weeks. As
    /// much as this says nothing of the weeks. Null where no week has two answers.
    pub by_chance: Option<f64>,
}

impl Volatility {
    /// Of the weeks' answers; weeks without any are passed over.
    pub fn of<'a>(weeks: impl IntoIterator<Item = &'a Tally>) -> Self {
        let (mut means, mut within, mut degrees, mut inverse) = (Tally::default(), 0.0, 0_u64, 0.0);
        for week in weeks {
            let Some(mean) = week.mean() else { continue };
            means.add(mean);
            inverse += 1.0 / week.n as f64;
            within += week.sample_variance().unwrap_or(0.0) * (week.n - 1) as f64;
            degrees += week.n - 1;
        }
        let by_chance = (degrees > 0).then(|| {
            let single = within / degrees as f64;
            (single * inverse / means.n as f64).sqrt()
        });
        let weeks = usize::try_from(means.n).unwrap_or(usize::MAX);
        Self { weeks, value: means.sample_variance().map(f64::sqrt), by_chance }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn tally(values: &[f64]) -> Tally {
        let mut tally = Tally::default();
        values.iter().for_each(|value| tally.add(*value));
        tally
    }

    fn width(figure: Figure) -> f64 {
        figure.high.unwrap() - figure.low.unwrap()
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 5e-4
    }

    #[test]
    fn nobody_gives_no_figures_at_all() {
        let nobody = Figure { n: 0, value: None, low: None, high: None };
        assert_eq!(tally(&[]).share(), nobody);
        assert_eq!(tally(&[]).mean_on([-1.0, 1.0]), nobody);
        assert_eq!(Volatility::of([&tally(&[])]), Volatility::default());
    }

    #[test]
    fn the_intervals_are_those_of_their_sources() {
        // Wilson of 8 in 10: 0.4902 to 0.9433 (Newcombe 1998 has the method's figures for such counts).
        let share = tally(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]).share();
        assert!(close(share.low.unwrap(), 0.4902) && close(share.high.unwrap(), 0.9433), "{share:?}");
        // Plus four of 8 in 10: 10/14 ± 1.96 sqrt(10/14 · 4/14 / 14) = 0.4777 to 0.9509.
        let mean = tally(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]).mean_on([0.0, 1.0]);
        assert!(close(mean.low.unwrap(), 0.4777) && close(mean.high.unwrap(), 0.9509), "{mean:?}");
    }

    #[test]
    fn one_answer_is_far_from_certain() {
        assert!(width(tally(&[1.0]).share()) > 0.7);
        assert!(width(tally(&[1.0]).mean_on([-1.0, 1.0])) > 0.7);
    }

    #[test]
    fn volatility_is_the_deviation_of_the_weeks_beside_what_chance_makes() {
        let weeks = [tally(&[0.0, 0.0]), tally(&[]), tally(&[1.0, 1.0])];
        let moved = Volatility::of(&weeks);
        assert_eq!((moved.weeks, moved.by_chance), (2, Some(0.0)));
        assert!(close(moved.value.unwrap(), 0.5_f64.sqrt()), "{moved:?}");
        // Weeks of 0 and 1: a single answer varies by 1/2, a mean of two by 1/4.
        let noise = Volatility::of(&[tally(&[0.0, 1.0]), tally(&[1.0, 0.0])]);
        assert_eq!((noise.value, noise.by_chance), (Some(0.0), Some(0.5)));
        assert_eq!(Volatility::of([&tally(&[1.0])]), Volatility { weeks: 1, value: None, by_chance: None });
    }

    proptest! {
        #[test]
        fn an_interval_holds_the_estimate_lies_on_the_scale_and_shrinks_with_answers(
            values in prop::collection::vec(-1.0_f64..=1.0, 1..40),
            ones in prop::collection::vec(prop::bool::ANY, 1..40),
            times in 2_usize..6,
        ) {
            let ones: Vec<f64> = ones.into_iter().map(f64::from).collect();
            let figures = |values: &[f64], ones: &[f64]| {
                [tally(values).mean_on([-1.0, 1.0]), tally(ones).share(), tally(ones).mean_on([0.0, 1.0])]
            };
            let once = figures(&values, &ones);
            let more = figures(&values.repeat(times), &ones.repeat(times));
            for (at, (once, more)) in once.into_iter().zip(more).enumerate() {
                let lowest = if at == 0 { -1.0 } else { 0.0 };
                let (value, low, high) = (once.value.unwrap(), once.low.unwrap(), once.high.unwrap());
                prop_assert!(lowest <= low && low <= value && value <= high && high <= 1.0, "{once:?}");
                prop_assert!(width(more) < width(once), "{once:?} {more:?}");
            }
        }

        #[test]
        fn the_formula_itself_holds_the_estimate(values in prop::collection::vec(0.0_f64..=1.0, 1..60)) {
            // Without the last guard of `Figure::new` against rounding.
            let mut more = tally(&values);
            [0.0, 0.0, 1.0, 1.0].iter().for_each(|end| more.add(*end));
            let half = Z_TWO_SIDED_95 * (more.variance().unwrap() / more.n as f64).sqrt();
            let off = (more.mean().unwrap() - tally(&values).mean().unwrap()).abs();
            prop_assert!(off <= half + 1e-12, "{off} {half}");
        }
    }
}
