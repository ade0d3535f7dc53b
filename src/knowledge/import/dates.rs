//! Dates as knowledge bases write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Which number comes first in `03/04/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slashes {
    /// The month, as documentation with `ms.date` has it.
    MonthFirst,
    /// Not known: only a date that can be read in one way counts.
    Unknown,
}

/// Reads RFC 3339, `YYYY-MM-DD` with or without a time (UTC where none is named), and dates with
/// slashes. `None` where the text can be read in no way, or in two.
pub(super) fn parse(text: &str, slashes: Slashes) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let moment = match text.parse::<DateTime>() {
        Ok(moment) => moment,
        Err(_) => slashed(text, slashes)?.at(0, 0, 0, 0),
    };
    let utc = moment.to_zoned(TimeZone::UTC).ok()?;
    Some(utc.timestamp())
}

fn slashed(text: &str, slashes: Slashes) -> Option<Date> {
    let mut parts = text.split('/');
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let (first, second): (i8, i8) = (first.parse().ok()?, second.parse().ok()?);
    let (month, day) = match slashes {
        Slashes::MonthFirst => (first, second),
        Slashes::Unknown if second > 12 || first == second => (first, second),
        Slashes::Unknown if first > 12 => (second, first),
        Slashes::Unknown => return None,
    };
    Date::new(year.parse().ok()?, month, day).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn read(text: &str, slashes: Slashes) -> Option<String> {
        parse(text, slashes).map(|moment| moment.to_string())
    }

    #[test]
    fn the_usual_forms_are_read() {
        for (text, expected) in [
            ("2026-03-12T10:00:00+02:00", "2026-03-12T08:00:00Z"),
            ("2026-03-12T10:00:00Z", "2026-03-12T10:00:00Z"),
            ("2026-03-12 10:00:00", "2026-03-12T10:00:00Z"),
            (" 2026-03-12 ", "2026-03-12T00:00:00Z"),
            ("08/19/2026", "2026-08-19T00:00:00Z"),
            ("19/08/2026", "2026-08-19T00:00:00Z"),
            ("7/7/2026", "2026-07-07T00:00:00Z"),
        ] {
            assert_eq!(read(text, Slashes::Unknown).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_date_that_can_be_read_in_two_ways_is_read_only_where_the_convention_is_known() {
        assert_eq!(read("03/04/2026", Slashes::Unknown), None);
        assert_eq!(read("03/04/2026", Slashes::MonthFirst).as_deref(), Some("2026-03-04T00:00:00Z"));
        assert_eq!(read("13/04/2026", Slashes::MonthFirst), None);
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in ["", "soon", "1/2", "1/2/3/2026", "12/31/26", "0/0/0000", "2026-13-01", "99/99/9999"] {
            assert_eq!(read(text, Slashes::Unknown), None, "{text}");
        }
    }
}
