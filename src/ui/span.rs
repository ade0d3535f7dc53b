//! Which time a page is about: the last days, or from one day to another.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::table::{Address, Filter};

/// Days that may be chosen with their words, the first one where none is.
const DAYS: [(&str, &str); 5] = [
    ("90", "last 90 days"),
    ("30", "last 30 days"),
    ("180", "last 180 days"),
    ("365", "last year"),
    ("all", "all time"),
];

/// A time that may have no beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Beginning; `None`: from the first on.
    pub(super) from: Option<Timestamp>,
    /// End, not part of it.
    pub(super) to: Timestamp,
}

/// The fields of a page's filter that [`Span::asked`] reads.
pub(super) fn filters() -> Vec<Filter> {
    vec![
        Filter::choice("days", "Time", DAYS),
        Filter::day("from", "or from"),
        Filter::day("to", "until before"),
    ]
}

impl Span {
    /// What the address asks for; `now` is when. A day that is given takes the place of the days.
    ///
    /// # Errors
    /// A sentence about a day that is none, or about a time that ends before it begins.
    pub(super) fn asked(address: &Address, now: Timestamp) -> Result<Self, String> {
        let to = day(address, "to")?.unwrap_or(now);
        let from = match day(address, "from")? {
            Some(from) => Some(from),
            None => {
                let asked = address.get("days").filter(|asked| DAYS.iter().any(|(days, _)| days == asked));
                let days = asked.unwrap_or(DAYS[0].0).parse().ok();
                days.and_then(|days: i64| to.checked_sub(SignedDuration::from_hours(24 * days)).ok())
            }
        };
        if from.is_some_and(|from| from >= to) {
            return Err("This time ends before it begins. Exchange the two days.".to_owned());
        }
        Ok(Self { from, to })
    }

    /// The time in words.
    pub(super) fn words(&self) -> String {
        let day = |at: Timestamp| at.strftime("%-d %b %Y").to_string();
        match self.from {
            Some(from) => format!("{} to {}", day(from), day(self.to)),
            None => format!("until {}", day(self.to)),
        }
    }
}

/// The beginning of a day, in UTC.
fn day(address: &Address, name: &str) -> Result<Option<Timestamp>, String> {
    let Some(text) = address.get(name) else { return Ok(None) };
    let start = text.trim().parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let told = format!("What the address gives as \"{name}\" is no day. Write it like 2026-08-01.");
    start.map(|start| Some(start.timestamp())).ok_or(told)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn span(query: &str) -> Result<Span, String> {
        Span::asked(&Address::new("/coverage", query), "2026-11-22T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_time_is_the_last_ninety_days_or_what_the_address_says() {
        let from = |query: &str| span(query).unwrap().from.map(|from| from.to_string());
        assert_eq!(from("").unwrap(), "2026-08-24T10:00:00Z");
        assert_eq!(from("days=x&page=9").unwrap(), "2026-08-24T10:00:00Z");
        assert_eq!(from("days=30&to=2026-11-01").unwrap(), "2026-10-02T00:00:00Z");
        assert_eq!(from("days=30&from=2026-01-01").unwrap(), "2026-01-01T00:00:00Z");
        assert_eq!(from("days=all"), None);
    }

    #[test]
    fn a_day_that_is_none_and_a_time_that_ends_before_it_begins_are_told() {
        assert!(span("from=2026-02-30").unwrap_err().contains("is no day"));
        assert!(span("from=-9999999").unwrap_err().contains("is no day"));
        assert!(span("from=2026-11-02&to=2026-11-01").unwrap_err().contains("Exchange"));
        // Nothing lies before the first of all days.
        assert!(span("to=-009999-01-03&days=365").is_ok_and(|span| span.from.is_none()));
    }
}
