//! Whether the clock can be believed: what is forgotten by a clock that is wrong for a moment is gone for good.
//!
//! Nobody can tell from within which of two times is the right one. But a clock that is right goes on as time passes:
//! where it jumps, or says after a pause that more time has gone by than a service is usually off for, it is in doubt
//! until it comes back, or has gone on evenly for long enough. What cannot be undone waits for that.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A clock that is set right by less does no harm.
const JUMP: SignedDuration = SignedDuration::from_hours(1);
/// So long a service may have been off without anybody's wondering: a long weekend.
const OFF: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Evenly for so long, and the clock is believed whatever it was before.
const BELIEVED: Duration = Duration::from_secs(24 * 3_600);
/// What can be undone, or must not wait, begins again after this.
const ENOUGH: Duration = Duration::from_secs(900);

/// What is remembered of the clock from one look to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steady {
    /// What it said at the last look.
    seen: Timestamp,
    /// Since it jumped, if it did.
    doubt: Option<Doubt>,
}

/// A clock that jumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What it would say if it had not.
    pub expected: Timestamp,
    /// For how many seconds it has gone on evenly since.
    pub even_s: u64,
}

/// What a look found new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The clock jumped.
    Jumped,
    /// It is believed again.
    Settled,
}

impl Steady {
    /// Of a clock that said so when it was last believed.
    pub fn new(seen: Timestamp) -> Self {
        Self { seen, doubt: None }
    }

    /// Looks at the clock, which says `now`, so long after the last look as `ran` says; `None` where the process has
    /// begun since, and nobody knows.
    pub fn look(&mut self, now: Timestamp, ran: Option<Duration>) -> Option<Change> {
        let went = now.duration_since(self.seen);
        let even = fits(went, ran);
        let expected = self.doubt.map_or(self.seen, |doubt| doubt.expected);
        // What fits the clock that is in doubt says nothing for the other.
        let came_back = !even && fits(now.duration_since(expected), ran);
        let ran = ran.unwrap_or_default();
        self.seen = now;
        let expected = later(expected, ran);
        match self.doubt {
            None if even => None,
            None => {
                self.doubt = Some(Doubt { expected, even_s: 0 });
                Some(Change::Jumped)
            }
            Some(doubt) => {
                // A machine that sleeps at night goes on where it was.
                let even_s = match even || (SignedDuration::ZERO..=OFF).contains(&went) {
                    true => doubt.even_s + ran.as_secs(),
                    false => 0,
                };
                let settled = came_back || even_s >= BELIEVED.as_secs();
                self.doubt = (!settled).then_some(Doubt { expected, even_s });
                settled.then_some(Change::Settled)
            }
        }
    }

    /// The jump that is in doubt, if there is one.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Whether the clock may decide what cannot wait for a day, and does harm that can be mended.
    pub fn will_do(&self) -> bool {
        self.doubt.is_none_or(|doubt| doubt.even_s >= ENOUGH.as_secs())
    }

    /// Where it is kept in a data folder.
    pub fn place(data_dir: &Path) -> PathBuf {
        data_dir.join("clock")
    }

    /// What was kept there; nothing where nothing was, or nothing that can be read.
    pub fn read(data_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::place(data_dir)).ok()?).ok()
    }

    /// Keeps it there, whole or not at all.
    ///
    /// # Errors
    /// Those of the system.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        let (place, new) = (Self::place(data_dir), data_dir.join("clock.new"));
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(new, place)
    }
}

/// Whether a clock may have gone on by so much while this much time passed.
fn fits(went: SignedDuration, ran: Option<Duration>) -> bool {
    match ran.and_then(|ran| SignedDuration::try_from(ran).ok()) {
        Some(ran) => went.saturating_sub(ran).abs() <= JUMP,
        None => (-JUMP..=OFF).contains(&went),
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(hours: f64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + (hours * 3_600.0) as i64).unwrap()
    }

    /// Looks each minute from `from` on, for so many hours, at a clock that is ahead by `ahead` hours; what was told.
    fn watch(steady: &mut Steady, from: f64, hours: f64, ahead: f64) -> Vec<Change> {
        let minutes = (hours * 60.0) as u32;
        let look = |minute| steady.look(at(from + ahead + f64::from(minute) / 60.0), Some(MINUTE));
        (1..=minutes).filter_map(look).collect()
    }

    #[test]
    fn a_clock_that_is_two_years_ahead_for_some_hours_is_not_believed_and_then_is_again() {
        let mut steady = Steady::new(at(0.0));
        assert_eq!(watch(&mut steady, 0.0, 5.0, 0.0), []);
        assert_eq!(watch(&mut steady, 5.0, 0.2, 17_520.0), [Change::Jumped]);
        assert!(steady.doubt().is_some() && !steady.will_do());
        assert_eq!(watch(&mut steady, 5.2, 8.0, 17_520.0), []);
        assert!(steady.doubt().is_some() && steady.will_do());
        assert_eq!(watch(&mut steady, 13.2, 0.1, 0.0), [Change::Settled]);
        assert!(steady.doubt().is_none());
    }

    #[test]
    fn a_clock_that_stays_where_it_jumped_to_is_believed_after_a_day() {
        for ahead in [-300.0, 48.0, 17_520.0] {
            let mut steady = Steady::new(at(0.0));
            assert_eq!(watch(&mut steady, 0.0, 23.9, ahead), [Change::Jumped], "{ahead}");
            assert_eq!(watch(&mut steady, 23.9, 0.2, ahead), [Change::Settled], "{ahead}");
        }
    }

    #[test]
    fn what_goes_by_while_nothing_runs_is_believed_up_to_a_long_weekend() {
        for (hours, doubted) in [(0.1, false), (70.0, false), (74.0, true), (-0.5, false), (-2.0, true)] {
            let mut steady = Steady::new(at(0.0));
            assert_eq!(steady.look(at(hours), None).is_some(), doubted, "{hours}");
        }
    }

    #[test]
    fn a_restart_does_not_end_the_doubt_and_a_clock_that_was_set_right_meanwhile_does() {
        let mut steady = Steady::new(at(0.0));
        watch(&mut steady, 0.0, 1.0, 17_520.0);
        assert_eq!(steady.look(at(17_521.5), None), None);
        assert!(steady.doubt().is_some());
        assert_eq!(steady.look(at(1.5), None), Some(Change::Settled));

        // Two days are less than a service may be off for, but it was not.
        watch(&mut steady, 1.5, 1.0, 48.0);
        assert_eq!(steady.look(at(51.0), None), None);
        assert!(steady.doubt().is_some());
        assert_eq!(steady.look(at(3.1), None), Some(Change::Settled));
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Steady::read(dir.path()), None);
        let mut steady = Steady::new(at(0.0));
        steady.look(at(100.0), Some(MINUTE));
        steady.write(dir.path()).unwrap();
        assert_eq!(Steady::read(dir.path()), Some(steady));
        fs::write(Steady::place(dir.path()), "{").unwrap();
        assert_eq!(Steady::read(dir.path()), None);
    }

    proptest! {
        #[test]
        fn a_clock_that_goes_on_evenly_is_never_in_doubt(
            steps in prop::collection::vec((0_u64..100_000, any::<bool>()), 1..100),
        ) {
            let mut steady = Steady::new(at(0.0));
            let mut now = at(0.0);
            for (seconds, runs) in steps {
                let ran = Duration::from_secs(seconds);
                now = later(now, ran);
                prop_assert_eq!(steady.look(now, runs.then_some(ran)), None);
            }
        }

        #[test]
        fn nothing_that_jumps_is_believed_before_it_comes_back_or_a_day_has_gone(
            ahead in 2_i64..100_000, minutes in 1_u32..1_439,
        ) {
            let mut steady = Steady::new(at(0.0));
            for minute in 1..=minutes {
                steady.look(at(ahead as f64 + f64::from(minute) / 60.0), Some(MINUTE));
                prop_assert!(steady.doubt().is_some());
            }
        }
    }
}
