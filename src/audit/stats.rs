//! Shares with their uncertainty.

use serde::Serialize;
use utoipa::ToSchema;

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

/// Standard normal quantile of a two-sided 95 % interval.
const TWO_SIDED_95: f64 = 1.959_963_984_540_054;

impl Share {
    /// The share of `count` (a number of tickets, or a sum of probabilities) among `of`; `None` of no tickets.
    ///
    /// The interval is Wilson's at p = `count / of`. Of a sum of calibrated probabilities c it is the right
    /// one too: that a ticket has an answer is then a draw with variance p(1-p), which is the mean of c(1-c)
    /// within tickets plus the variance of c between them.
    pub(super) fn of(count: f64, of: u64) -> Option<Self> {
        (of > 0).then(|| {
            let (low, high) = wilson(count, of as f64, TWO_SIDED_95);
            Self { share: (count / of as f64).clamp(0.0, 1.0), low, high, tickets: of }
        })
    }
}

/// Both ends of the score interval of the share `count / of` at the normal quantile `z`; `of` is above 0.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
/// (1927).
pub(super) fn wilson(count: f64, of: f64, z: f64) -> (f64, f64) {
    let (share, z2) = ((count / of).clamp(0.0, 1.0), z * z);
    let centre = (share + z2 / (2.0 * of)) / (1.0 + z2 / of);
    let reach = z / (1.0 + z2 / of) * (share * (1.0 - share) / of + z2 / (4.0 * of * of)).sqrt();
    ((centre - reach).clamp(0.0, 1.0), (centre + reach).clamp(0.0, 1.0))
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
    fn the_exact_test_agrees_with_scipy() {
        // scipy.stats.fisher_exact([[1, 9], [11, 3]], alternative="less").
        assert!((fallen((1, 10), (11, 14)) - 0.001_379_728_1).abs() < 1e-8);
        assert!((fallen((5, 5), (5, 5)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_tickets_have_no_share() {
        assert_eq!(Share::of(0.0, 0), None);
    }

    proptest! {
        #[test]
        fn a_share_lies_within_its_interval(of in 1_u64..1000, part in 0.0_f64..=1.0) {
            let share = Share::of(part * of as f64, of).unwrap();
            prop_assert!(share.low <= share.share + 1e-9 && share.share <= share.high + 1e-9);
        }
    }
}
