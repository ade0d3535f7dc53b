//! When a job that failed is tried again.

use std::time::Duration;

use rand::RngExt as _;

/// Pauses between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff(&'static [Duration]);

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

impl Backoff {
    /// Some three days in all, as the Standard Webhooks specification advises: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h,
    /// 14 h, 20 h, 24 h.
    pub const WEBHOOKS: Self = Self(&[
        Duration::from_secs(5),
        minutes(5),
        minutes(30),
        minutes(2 * 60),
        minutes(5 * 60),
        minutes(10 * 60),
        minutes(14 * 60),
        minutes(20 * 60),
        minutes(24 * 60),
    ]);
    /// What people wait for, about an hour and a half: 1 s, 5 s, 30 s, 2 min, 10 min, 20 min, 60 min.
    pub const PROMPT: Self = Self(&[
        Duration::from_secs(1),
        Duration::from_secs(5),
        Duration::from_secs(30),
        minutes(2),
        minutes(10),
        minutes(20),
        minutes(60),
    ]);

    /// The longest pause, with what it may be longer.
    pub fn longest(self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default().mul_f64(1.1)
    }

    /// Pauses of one's own.
    pub const fn of(pauses: &'static [Duration]) -> Self {
        Self(pauses)
    }

    /// The pause after so many failed attempts, up to a tenth longer so that what failed together does not come
    /// back together; `None` when it is time to give up.
    pub fn after(self, attempts: u32) -> Option<Duration> {
        let pause = *self.0.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
        Some(pause.mul_f64(rand::rng().random_range(1.0..=1.1)))
    }
}
