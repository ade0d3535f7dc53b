//! Whose turn it is: people's, who ask, or the training's.

use std::time::Duration;

/// After so long without a question the machine is the training's.
const QUIET: Duration = Duration::from_millis(200);
/// While questions come, the training has its share of each period, so that it comes to an end however many come.
const PERIOD: Duration = Duration::from_millis(300);
const SHARE: Duration = Duration::from_millis(30);

/// Follows what is asked. Times are counted from any beginning.
#[derive(Debug, Default)]
pub(super) struct Turn {
    asked: u64,
    asked_at: Option<Duration>,
}

impl Turn {
    /// Whether a training may work at `now`. `asked` is any number that changes with every question.
    pub(super) fn is_trainings(&mut self, asked: u64, now: Duration) -> bool {
        if asked != self.asked {
            (self.asked, self.asked_at) = (asked, Some(now));
        }
        let quiet = self.asked_at.is_none_or(|at| now.saturating_sub(at) >= QUIET);
        quiet || now.as_millis() % PERIOD.as_millis() < SHARE.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn where_nobody_asks_it_is_the_trainings_turn() {
        let mut turn = Turn::default();
        assert!((0..5_000).step_by(10).all(|now| turn.is_trainings(0, at(now))));
        assert!(!turn.is_trainings(7, at(5_050)), "somebody has asked");
        assert!(!turn.is_trainings(7, at(5_249)));
        assert!(turn.is_trainings(7, at(5_250)), "and it has been quiet since");
    }

    #[test]
    fn however_much_is_asked_a_tenth_is_the_trainings() {
        let mut turn = Turn::default();
        let now = (0..30_000_u64).step_by(10);
        let trained = now.filter(|&now| turn.is_trainings(now + 1, at(now))).count();
        assert_eq!(trained, 300);
    }
}
