//! Days as people count them: from midnight to midnight of the site's time zone, 23 to 25 hours long where
//! the clocks change.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The day on which `at` lies.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

/// The day so many days after (or before) another; the first or last that there is, beyond those.
pub(super) fn shifted(day: Date, days: i64) -> Date {
    day.saturating_add(Span::new().days(days))
}

/// The first instant of a day: where the clocks change at midnight, the first that exists.
pub(super) fn begin(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |start| start.timestamp())
}

/// The first instant of the day so many days after the one on which `at` lies.
pub(super) fn day_after(at: Timestamp, days: impl Into<i64>, zone: &TimeZone) -> Timestamp {
    begin(shifted(day_of(at, zone), days.into()), zone)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone_also_where_the_clocks_change() {
        // In Berlin the 29th of March has 23 hours and the 25th of October 25; in Beirut the clocks go from
        // 00:00 to 01:00 on the 29th of March; in Kolkata they never change.
        for (zone, at, first) in [
            ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-24T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z"),
            ("America/New_York", "2026-03-09T03:59:59Z", "2026-03-08T05:00:00Z"),
            ("America/New_York", "2026-11-02T04:59:59Z", "2026-11-01T04:00:00Z"),
            ("Asia/Beirut", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z"),
            ("Asia/Kolkata", "2026-03-29T12:00:00Z", "2026-03-28T18:30:00Z"),
            ("UTC", "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            let begun = day_after(at.parse().unwrap(), 0, &zone);
            assert_eq!(begun, first.parse::<Timestamp>().unwrap(), "{zone:?} {at}");
        }
    }
}
