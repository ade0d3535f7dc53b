//! Shares with their uncertainty.

use serde::Serialize;
use utoipa::ToSchema;

use crate::learn::metrics::{Interval, Z_TWO_SIDED_95, wilson_interval};

/// A share of tickets, with the interval in which it lies with 95 % certainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Share {
    /// 0 to 1.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Tickets that it stands on.
    pub tickets: u64,
}

impl Share {
    /// The share of `count` among `of` tickets with Wilson's interval; `None` of no tickets.
    pub(super) fn of(count: u64, of: u64) -> Option<Self> {
        (of > 0).then(|| {
            let Interval { low, high } = wilson_interval(count, of, Z_TWO_SIDED_95);
            Self { share: (count as f64 / of as f64).clamp(0.0, 1.0), low, high, tickets: of }
        })
    }
}

/// The mean of calibrated probabilities: an estimate of the share of tickets that have what they are the
/// probability of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mean {
    count: u64,
    sum: f64,
    squares: f64,
}

impl Mean {
    pub(super) fn add(&mut self, probability: f32) {
        let p = f64::from(probability);
        self.count += 1;
        self.sum += p;
        self.squares += p * p;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// The mean with the interval m ± t · s / √n, cut to 0..=1, where s is the standard deviation of the
    /// probabilities and t Student's two-sided 95 % quantile at n - 1 degrees of freedom. Whether a single
    /// ticket really has an answer is never drawn, so that its variance p(1-p) is not in it. From one ticket
    /// nothing is certain.
    pub(super) fn share(&self) -> Option<Share> {
        (self.count > 0).then(|| {
            let reach = self.reach(0.975);
            let (low, high) = ((self.mean() - reach).max(0.0), (self.mean() + reach).min(1.0));
            Share { share: self.mean(), low, high, tickets: self.count }
        })
    }

    /// The upper bound of the mean that holds with the one-sided certainty `p`.
    pub(super) fn at_most(&self, p: f64) -> f64 {
        (self.mean() + self.reach(p)).min(1.0)
    }

    fn reach(&self, p: f64) -> f64 {
        if self.count < 2 {
            return 1.0;
        }
        let n = self.count as f64;
        let variance = ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0);
        student(p, n - 1.0) * (variance / n).sqrt()
    }
}

/// Student's quantile of `p` at `freedom` degrees of freedom; from 3 on within a hundredth for p up to 0.975.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.5.
fn student(p: f64, freedom: f64) -> f64 {
    let x = quantile(p);
    let (x3, x5) = (x.powi(3), x.powi(5));
    let third = (3.0 * x.powi(7) + 19.0 * x5 + 17.0 * x3 - 15.0 * x) / (384.0 * freedom.powi(3));
    x + (x3 + x) / (4.0 * freedom) + (5.0 * x5 + 16.0 * x3 + 3.0 * x) / (96.0 * freedom * freedom) + third
}

/// The standard normal quantile of `p`, 0.5 to 0.999, within 0.0005.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.2.23.
pub(super) fn quantile(p: f64) -> f64 {
    let t = (-2.0 * (1.0 - p.clamp(0.5, 0.9999)).ln()).sqrt();
    let above = 2.515_517 + 0.802_853 * t + 0.010_328 * t * t;
    let below = 1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t;
    t - above / below
}

/// The chance of `now.0` successes of `now.1` or fewer, if both periods had the same share (Fisher's exact
/// test, one-sided): small where the share has fallen.
pub(super) fn fallen(now: (u64, u64), before: (u64, u64)) -> f64 {
    let (successes, all) = (now.0 + before.0, now.1 + before.1);
    let least = successes.saturating_sub(before.1);
    let total = ln_choose(all, now.1);
    (least..=now.0)
        .map(|k| (ln_choose(successes, k) + ln_choose(all - successes, now.1 - k) - total).exp())
        .sum::<f64>()
        .min(1.0)
}

/// The chance that a standard normal number is above `z`, within 0.0000001.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.2.17.
pub(super) fn normal_above(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_above(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let terms = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (sum * (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt()).clamp(0.0, 1.0)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    let k = k.min(n - k);
    (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.9, 1.2816), (0.95, 1.6449), (0.999, 3.0902)] {
            assert!((quantile(p) - z).abs() < 6e-4, "{p}");
        }
    }

    #[test]
    fn tails_of_the_normal_distribution_are_those_of_the_tables() {
        for (z, p) in [(0.0, 0.5), (1.6449, 0.05), (2.3263, 0.01), (-1.2816, 0.9), (40.0, 0.0)] {
            assert!((normal_above(z) - p).abs() < 1e-5, "{z}: {}", normal_above(z));
        }
    }

    #[test]
    fn the_exact_test_agrees_with_scipy() {
        // scipy.stats.fisher_exact([[1, 9], [11, 3]], alternative="less").
        assert!((fallen((1, 10), (11, 14)) - 0.001_379_728_1).abs() < 1e-8);
        assert!((fallen((5, 5), (5, 5)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (p, freedom, t) in [(0.9, 10.0, 1.3722), (0.975, 4.0, 2.7764), (0.975, 30.0, 2.0423)] {
            assert!((student(p, freedom) - t).abs() < 0.01, "{p} {freedom} {}", student(p, freedom));
        }
    }

    #[test]
    fn no_tickets_have_no_share() {
        assert_eq!(Share::of(0, 0), None);
        assert_eq!(Mean::default().share(), None);
    }

    proptest! {
        #[test]
        fn a_share_lies_within_its_interval(of in 1_u64..1000, part in 0_u64..1000) {
            let share = Share::of(part.min(of), of).unwrap();
            prop_assert!(share.low <= share.share + 1e-9 && share.share <= share.high + 1e-9);
        }

        #[test]
        fn a_mean_lies_within_its_interval(all in prop::collection::vec(0_f32..=1.0, 1..50)) {
            let mut mean = Mean::default();
            all.iter().for_each(|p| mean.add(*p));
            let share = mean.share().unwrap();
            prop_assert!(0.0 <= share.low && share.low <= share.share && share.share <= share.high && share.high <= 1.0);
        }
    }
}
