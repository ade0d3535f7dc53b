//! Pauses after failed sign-ins, for the name and for the address alike, whether or not there is such a user.
//!
//! The first failures cost nothing: people mistype. From then on each doubles the pause, up to a quarter of an
//! hour, which leaves a guesser some hundred tries a day. What is counted is forgotten when the process ends.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::bounded::Bounded;

/// Failures in a row that cost nothing, of one name.
const FREE_OF_NAME: u32 = 4;
/// The same of one address, behind which a whole office may sit.
const FREE_OF_ADDRESS: u32 = 19;
/// The first pause, in seconds.
const FIRST: i64 = 15;
/// The longest pause, in seconds.
const LONGEST: i64 = 900;
/// Seconds without a failure after which all are forgotten.
const FORGOTTEN: i64 = 24 * 3_600;

/// Failures of one name or address.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    /// Until when nothing is tried.
    fn until(&self, free: u32) -> Timestamp {
        let Some(over) = self.count.checked_sub(free + 1) else { return self.last };
        let pause = FIRST.saturating_mul(1_i64 << over.min(32)).min(LONGEST);
        self.last.saturating_add(SignedDuration::from_secs(pause)).unwrap_or(Timestamp::MAX)
    }

    /// The same by a clock that was set back since: as if the last one had failed now, or its pause would last until
    /// the clock is there again.
    fn by(self, now: Timestamp) -> Self {
        Self { last: self.last.min(now), ..self }
    }

    fn is_old(&self, now: Timestamp) -> bool {
        now.as_second().saturating_sub(self.last.as_second()) >= FORGOTTEN
    }
}

#[derive(Debug, Default)]
struct Counted {
    names: Bounded<String, Failures>,
    addresses: Bounded<IpAddr, Failures>,
}

impl Counted {
    fn set_back(&mut self, name: &str, address: IpAddr, now: Timestamp) {
        if let Some(before) = self.names.get(&name.to_owned()).map(|f| f.by(now)) {
            *self.names.entry(name.to_owned(), || before, |_| false) = before;
        }
        if let Some(before) = self.addresses.get(&address).map(|f| f.by(now)) {
            *self.addresses.entry(address, || before, |_| false) = before;
        }
    }
}

/// Who failed how often.
#[derive(Debug, Default)]
pub(super) struct Lockout(Mutex<Counted>);

impl Lockout {
    /// Counts a try as failed before it is made, so that many at once are no way around the pause; `Err` gives the
    /// seconds to wait where none may be made. [`Self::succeeded`] takes it back.
    pub(super) fn begin(&self, name: &str, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let mut counted = self.counted();
        counted.set_back(name, address, now);
        let of_name = counted.names.get(&name.to_owned()).copied().filter(|f| !f.is_old(now));
        let of_address = counted.addresses.get(&address).copied().filter(|f| !f.is_old(now));
        let until = [of_name.map(|f| f.until(FREE_OF_NAME)), of_address.map(|f| f.until(FREE_OF_ADDRESS))];
        let wait = until.into_iter().flatten().map(|until| until.as_second() - now.as_second()).max();
        if let Some(wait) = wait.and_then(|wait| u64::try_from(wait).ok()).filter(|wait| *wait > 0) {
            return Err(wait);
        }
        let failed = |before: Option<Failures>| Failures {
            count: before.map_or(1, |failures| failures.count.saturating_add(1)),
            last: now,
        };
        let (of_name, of_address) = (failed(of_name), failed(of_address));
        *counted.names.entry(name.to_owned(), || of_name, |f| f.is_old(now)) = of_name;
        *counted.addresses.entry(address, || of_address, |f| f.is_old(now)) = of_address;
        Ok(())
    }

    /// The name is forgotten; the address has one failure less, so that whoever has one good password does not get
    /// all others' tries for free.
    pub(super) fn succeeded(&self, name: &str, address: IpAddr) {
        let mut counted = self.counted();
        counted.names.remove(&name.to_owned());
        let left =
            counted.addresses.get(&address).map(|f| Failures { count: f.count.saturating_sub(1), ..*f });
        match left {
            Some(left) if left.count > 0 => *counted.addresses.entry(address, || left, |_| false) = left,
            _ => counted.addresses.remove(&address),
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_fifth_failure_begins_a_pause_that_doubles_up_to_a_quarter_of_an_hour() {
        let lockout = Lockout::default();
        for _ in 0..5 {
            assert_eq!(lockout.begin("mira", address(1), at(0)), Ok(()));
        }
        let (mut now, mut pauses) = (0, Vec::new());
        for _ in 0..9 {
            let pause = lockout.begin("mira", address(1), at(now)).unwrap_err() as i64;
            pauses.push(pause);
            assert_eq!(lockout.begin("mira", address(1), at(now + pause - 1)), Err(1), "the last second");
            now += pause;
            assert_eq!(lockout.begin("mira", address(2), at(now)), Ok(()), "the pause is over");
        }
        assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(lockout.begin("noor", address(1), at(now)), Ok(()), "another name is not held up");
    }

    #[test]
    fn an_address_that_tries_many_names_is_held_up_and_others_are_not() {
        let lockout = Lockout::default();
        for n in 0..20 {
            assert_eq!(lockout.begin(&format!("user{n}"), address(1), at(0)), Ok(()));
        }
        assert_eq!(lockout.begin("mira", address(1), at(0)), Err(15));
        assert_eq!(lockout.begin("mira", address(2), at(0)), Ok(()));
    }

    #[test]
    fn a_pause_of_a_clock_that_was_ahead_ends_when_it_would_have() {
        let lockout = Lockout::default();
        for _ in 0..5 {
            lockout.begin("mira", address(1), at(63_000_000)).unwrap();
        }
        assert_eq!(lockout.begin("mira", address(1), at(0)), Err(15), "the clock is set back by two years");
        assert_eq!(lockout.begin("mira", address(1), at(14)), Err(1));
        assert_eq!(lockout.begin("mira", address(1), at(15)), Ok(()));
    }

    #[test]
    fn a_success_forgets_the_name_and_a_day_forgets_all() {
        let lockout = Lockout::default();
        for _ in 0..5 {
            lockout.begin("mira", address(1), at(0)).unwrap();
        }
        lockout.succeeded("mira", address(1));
        assert_eq!(lockout.begin("mira", address(1), at(0)), Ok(()));
        for _ in 0..4 {
            lockout.begin("mira", address(1), at(0)).unwrap();
        }
        assert!(lockout.begin("mira", address(1), at(0)).is_err());
        for _ in 0..5 {
            assert_eq!(lockout.begin("mira", address(1), at(FORGOTTEN)), Ok(()));
        }
        assert!(lockout.begin("mira", address(1), at(FORGOTTEN)).is_err());
    }

    #[test]
    fn one_good_password_does_not_make_an_address_free_to_guess_others() {
        let lockout = Lockout::default();
        for n in 0..19 {
            lockout.begin(&format!("user{n}"), address(1), at(0)).unwrap();
            lockout.begin("mine", address(1), at(0)).unwrap();
            lockout.succeeded("mine", address(1));
        }
        lockout.begin("user19", address(1), at(0)).unwrap();
        assert!(lockout.begin("mira", address(1), at(0)).is_err());
    }
}
