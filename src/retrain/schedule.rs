//! When a training is due.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::LearningSettings;

/// The clocks of several instances may differ by so much.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// When a training began; nothing where that would be in the future. It was begun by a clock that was ahead, and would put
/// off all others until then.
pub(super) fn credible(began: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (began.duration_since(now) < AHEAD).then_some(began)
}

/// Whether a training is due at `now`: within the hours of the site's clock, long enough after the last one began,
/// and with enough corrections since. The length of the hours is given on the days between, so that one that
/// begins late in them does not move all later ones. By the clock of the site: where an hour comes twice it is
/// the same hour twice, and where it is left out the next one counts.
#[must_use]
pub fn is_due(
    settings: &LearningSettings,
    last_began: Option<Timestamp>,
    corrections: u64,
    now: Timestamp,
) -> bool {
    let Ok(zone) = TimeZone::get(&settings.time_zone) else { return false };
    let hour = now.to_zoned(zone).hour();
    let into = (hour - settings.hour).rem_euclid(24);
    let pause = i64::from(settings.every_days) * 24 - i64::from(settings.within_hours).min(23);
    let rested =
        last_began.is_none_or(|began| now.duration_since(began) >= SignedDuration::from_hours(pause));
    into < settings.within_hours && rested && corrections >= settings.min_corrections
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn berlin() -> LearningSettings {
        LearningSettings {
            every_days: 7,
            min_corrections: 50,
            hour: 2,
            within_hours: 4,
            time_zone: "Europe/Berlin".to_owned(),
            ..LearningSettings::default()
        }
    }

    fn due(settings: &LearningSettings, last: Option<&str>, corrections: u64, now: &str) -> bool {
        is_due(settings, last.map(|last| last.parse().unwrap()), corrections, now.parse().unwrap())
    }

    #[test]
    fn it_begins_within_the_hours_of_the_sites_clock() {
        for (now, wanted) in [
            ("2026-01-10T00:59:59Z", false),
            ("2026-01-10T01:00:00Z", true),
            ("2026-01-10T04:59:59Z", true),
            ("2026-01-10T05:00:00Z", false),
            // In summer the same hours are an hour earlier by UTC.
            ("2026-07-10T00:00:00Z", true),
            ("2026-07-10T04:00:00Z", false),
        ] {
            assert_eq!(due(&berlin(), None, 50, now), wanted, "{now}");
        }
    }

    #[test]
    fn an_hour_that_daylight_saving_leaves_out_or_doubles_stops_nothing() {
        let narrow = LearningSettings { within_hours: 1, ..berlin() };
        // On 2026-03-29 the clock goes from 02:00 to 03:00: that night is left out, the next has its hour.
        assert!(
            !due(&narrow, None, 50, "2026-03-29T00:59:00Z")
                && !due(&narrow, None, 50, "2026-03-29T01:00:00Z")
        );
        assert!(due(&narrow, None, 50, "2026-03-30T00:30:00Z"));
        assert!(due(&berlin(), None, 50, "2026-03-29T01:00:00Z"), "with four hours the same night does");
        // On 2026-10-25 the hour from 02:00 comes twice.
        assert!(
            due(&narrow, None, 50, "2026-10-25T00:30:00Z") && due(&narrow, None, 50, "2026-10-25T01:30:00Z")
        );
        let began = Some("2026-10-25T00:30:00Z");
        assert!(!due(&narrow, began, 50, "2026-10-25T01:30:00Z"), "and begins once");
    }

    #[test]
    fn a_training_that_began_by_a_clock_that_was_ahead_puts_off_nothing() {
        let now: Timestamp = "2026-01-10T01:00:00Z".parse().unwrap();
        for (began, counts) in
            [("2026-01-09T01:00:00Z", true), ("2026-01-10T01:59:59Z", true), ("2028-01-10T01:00:00Z", false)]
        {
            let began = began.parse().unwrap();
            assert_eq!(credible(began, now), counts.then_some(began));
        }
    }

    #[test]
    fn hours_may_go_past_midnight() {
        let night = LearningSettings { hour: 23, time_zone: "UTC".to_owned(), every_days: 1, ..berlin() };
        assert!(
            due(&night, None, 50, "2026-01-10T23:00:00Z") && due(&night, None, 50, "2026-01-11T02:59:00Z")
        );
        let began = Some("2026-01-10T23:30:00Z");
        assert!(!due(&night, began, 50, "2026-01-11T00:30:00Z"), "once a night");
        assert!(due(&night, began, 50, "2026-01-11T23:00:00Z"), "and the next night, though earlier in it");
    }

    #[test]
    fn days_and_corrections_are_waited_for() {
        let began = Some("2026-01-03T01:00:00Z");
        assert!(!due(&berlin(), began, 50, "2026-01-09T04:00:00Z"));
        assert!(due(&berlin(), began, 50, "2026-01-10T01:00:00Z"));
        assert!(!due(&berlin(), began, 49, "2026-01-10T01:00:00Z"));
    }
}
