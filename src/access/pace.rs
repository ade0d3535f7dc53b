//! How often a caller may ask: a bucket of tokens for each caller and scope, each request taking one, which fills
//! up again by the second. How many are let in beyond that, and how many at a time, is not decided here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Who;
use super::bounded::Bounded;
use crate::config::{Limit, Scope};

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    /// When that many were in it.
    at: Timestamp,
    limit: Limit,
}

impl Bucket {
    fn now(&self, now: Timestamp) -> f64 {
        // A clock that was set back gives nothing and takes nothing.
        let seconds = now.duration_since(self.at).as_secs_f64().max(0.0);
        (self.tokens + seconds * self.limit.per_second).min(f64::from(self.limit.burst))
    }

    fn is_full(&self, now: Timestamp) -> bool {
        self.now(now) >= f64::from(self.limit.burst)
    }
}

/// The buckets of all callers.
#[derive(Debug)]
pub struct Pace {
    limits: BTreeMap<Scope, Limit>,
    of_visitors: Limit,
    buckets: Mutex<Bounded<(Who, Scope), Bucket>>,
}

impl Pace {
    /// With limits by scope, and one for each visitor, who has no key.
    pub fn new(limits: BTreeMap<Scope, Limit>, of_visitors: Limit) -> Self {
        Self { limits, of_visitors, buckets: Mutex::default() }
    }

    /// Takes a token; where there is none, the seconds until there is one, rounded up.
    ///
    /// # Errors
    /// These seconds, 1 at least.
    pub fn take(&self, who: &Who, scope: Scope, now: Timestamp) -> Result<(), u64> {
        let limit = match who {
            Who::Anyone => return Ok(()),
            Who::Visitor(_) => self.of_visitors,
            Who::Key(_) | Who::User(_) => match self.limits.get(&scope) {
                Some(limit) => *limit,
                None => return Ok(()),
            },
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || Bucket { tokens: f64::from(limit.burst), at: now, limit };
        let bucket = buckets.entry((who.clone(), scope), full, |bucket| bucket.is_full(now));
        let tokens = bucket.now(now);
        (bucket.tokens, bucket.at) = (tokens, now);
        if tokens < 1.0 {
            return Err((((1.0 - tokens) / limit.per_second).ceil() as u64).max(1));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn pace(per_second: f64, burst: u32) -> Pace {
        let limit = Limit { per_second, burst };
        Pace::new(BTreeMap::from([(Scope::Triage, limit)]), Limit { per_second: 1.0, burst: 1 })
    }

    fn key(id: &str) -> Who {
        Who::Key(id.into())
    }

    #[test]
    fn a_burst_is_let_in_and_then_so_many_a_second() {
        let pace = pace(0.5, 3);
        let at = |second| Timestamp::from_second(second).unwrap();
        for _ in 0..3 {
            assert_eq!(pace.take(&key("a"), Scope::Triage, at(0)), Ok(()));
        }
        assert_eq!(pace.take(&key("a"), Scope::Triage, at(0)), Err(2));
        assert_eq!(pace.take(&key("a"), Scope::Triage, at(1)), Err(1));
        assert_eq!(pace.take(&key("a"), Scope::Triage, at(2)), Ok(()));
        assert_eq!(pace.take(&key("a"), Scope::Triage, at(2)), Err(2));
        assert_eq!(pace.take(&key("b"), Scope::Triage, at(2)), Ok(()), "another key has its own");
        assert_eq!(pace.take(&key("a"), Scope::Survey, at(2)), Ok(()), "no limit was set for it");
        assert_eq!(pace.take(&key("a"), Scope::Triage, at(-9)), Err(2), "a clock that was set back");
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_what_the_time_gave(
            steps in prop::collection::vec(0_i64..3_000, 1..300), per_second in 0.1_f64..20.0, burst in 1_u32..20,
        ) {
            let pace = pace(per_second, burst);
            let (mut now, mut taken) = (Timestamp::UNIX_EPOCH, 0_u32);
            for step in steps {
                now += SignedDuration::from_millis(step);
                taken += u32::from(pace.take(&key("a"), Scope::Triage, now).is_ok());
                let given = now.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() * per_second;
                prop_assert!(f64::from(taken) <= f64::from(burst) + given + 1e-6);
            }
        }
    }
}
