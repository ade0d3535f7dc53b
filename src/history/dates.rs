//! Times as helpdesks write them, and what must be known to read them in one way only.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Which comes first in `03/04/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// The day.
    Dmy,
    /// The month.
    Mdy,
}

/// A time as far as its text alone says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Written {
    pub(super) date: WrittenDate,
    time: Time,
    /// Seconds east of UTC, where the text says so.
    offset: Option<Offset>,
}

/// A date as far as its text alone says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum WrittenDate {
    Known(Date),
    /// Two numbers in front of the year, of which either may be the day.
    Numbers(i8, i8, i16),
}

/// Why a time cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadTime {
    /// It is no time in any form that is known.
    Unreadable,
    /// There is no such day or month in the order of this file.
    Order(DateOrder),
    /// Clocks were put forward over it.
    Skipped,
}

/// How the times of a file are read.
#[derive(Debug, Clone)]
pub(super) struct Times {
    pub(super) order: DateOrder,
    /// Where clocks stand that wrote times without a zone.
    pub(super) zone: TimeZone,
}

impl Written {
    /// Whether it counts only together with a time zone.
    pub(super) fn is_local(&self) -> bool {
        self.offset.is_none()
    }

    /// Which order the numbers prove by themselves.
    pub(super) fn proves(&self) -> Option<DateOrder> {
        match self.date {
            WrittenDate::Numbers(first, second, _) if first > 12 && second <= 12 => Some(DateOrder::Dmy),
            WrittenDate::Numbers(first, second, _) if second > 12 && first <= 12 => Some(DateOrder::Mdy),
            _ => None,
        }
    }

    /// Whether it is another day in the other order.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.date, WrittenDate::Numbers(first, second, _) if first <= 12 && second <= 12 && first != second)
    }
}

impl Times {
    /// The point in time, and whether its hour happened twice, when the clocks were put back; then it is the
    /// first of the two.
    pub(super) fn read(&self, text: &str) -> Result<(Timestamp, bool), BadTime> {
        let written = parse(text).ok_or(BadTime::Unreadable)?;
        let date = match written.date {
            WrittenDate::Known(date) => date,
            WrittenDate::Numbers(first, second, year) => {
                let (day, month) = match self.order {
                    DateOrder::Dmy => (first, second),
                    DateOrder::Mdy => (second, first),
                };
                Date::new(year, month, day).map_err(|_| BadTime::Order(self.order))?
            }
        };
        let local = date.to_datetime(written.time);
        if let Some(offset) = written.offset {
            return Ok((offset.to_timestamp(local).map_err(|_| BadTime::Unreadable)?, false));
        }
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let twice = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return Err(BadTime::Skipped);
        }
        Ok((ambiguous.earlier().map_err(|_| BadTime::Unreadable)?, twice))
    }
}

/// Longest text that may be a time.
const MAX_CHARS: usize = 40;

/// A time in one of the usual forms: ISO 8601, `31/12/2026 4:05 PM`, `31.12.2026 16:05`, `31/Dec/26 4:05 PM`,
/// `Dec 31, 2026`, with `UTC`, `Z` or an offset behind it or not. Years of two digits are of this century.
pub(super) fn parse(text: &str) -> Option<Written> {
    let text = text.trim();
    if text.len() > MAX_CHARS || !text.is_ascii() || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (text, offset) = without_offset(text);
    let spaced = match text.split_once('T') {
        Some((date, time)) if date.ends_with(|c: char| c.is_ascii_digit()) => format!("{date} {time}"),
        _ => text.to_owned(),
    };
    let (mut date, mut clock, mut half) = (Vec::new(), None, None);
    for word in spaced.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word.to_ascii_lowercase().as_str() {
            "am" => half = Some(false),
            "pm" => half = Some(true),
            word if word.contains(':') => clock = Some(word.to_owned()),
            word if is_weekday(word) => {}
            word => date.push(word.to_owned()),
        }
    }
    let time = match clock {
        Some(clock) => read_clock(&clock, half)?,
        None => Time::midnight(),
    };
    Some(Written { date: read_date(&date.join(" "))?, time, offset })
}

fn is_weekday(word: &str) -> bool {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) && days.contains(&&word[..3])
}

/// The text without the zone at its end, and that zone.
fn without_offset(text: &str) -> (&str, Option<Offset>) {
    for name in ["UTC", "GMT", "Z"] {
        if let Some(rest) = text.strip_suffix(name) {
            return (rest.trim_end(), Some(Offset::UTC));
        }
    }
    let Some(at) = text.rfind(['+', '-']).filter(|&at| text[..at].contains(':')) else { return (text, None) };
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    let numbers = match digits.len() {
        2 => digits.parse().ok().map(|hours: i32| hours * 3_600),
        4 => digits.parse().ok().map(|both: i32| both / 100 * 3_600 + both % 100 * 60),
        _ => None,
    };
    let signed = numbers.map(|seconds| if text[at..].starts_with('-') { -seconds } else { seconds });
    match signed.and_then(|seconds| Offset::from_seconds(seconds).ok()) {
        Some(offset) => (text[..at].trim_end(), Some(offset)),
        None => (text, None),
    }
}

fn read_clock(clock: &str, afternoon: Option<bool>) -> Option<Time> {
    let (clock, afternoon) = match (clock.strip_suffix("am"), clock.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(false)),
        (_, Some(clock)) => (clock, Some(true)),
        _ => (clock, afternoon),
    };
    let mut parts = clock.split(':');
    let mut hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    let second: i8 = seconds.split('.').next()?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    if let Some(afternoon) = afternoon {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    Time::new(hour, minute, second, 0).ok()
}

fn read_date(date: &str) -> Option<WrittenDate> {
    let separator = date.chars().find(|c| !c.is_ascii_alphanumeric())?;
    let parts: Vec<&str> = date.split(['/', '.', '-', ' ']).filter(|part| !part.is_empty()).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    if let Some(place) = parts.iter().position(|part| part.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        let month = month(parts[place])?;
        let (day, year) = match place {
            0 => (*second, *third),
            1 if first.len() == 4 => (*third, *first),
            1 => (*first, *third),
            _ => return None,
        };
        return Some(WrittenDate::Known(Date::new(read_year(year)?, month, day.parse().ok()?).ok()?));
    }
    if first.len() == 4 {
        let date = Date::new(first.parse().ok()?, second.parse().ok()?, third.parse().ok()?);
        return date.ok().map(WrittenDate::Known);
    }
    let (a, b, year) = (first.parse::<i8>().ok()?, second.parse::<i8>().ok()?, read_year(third)?);
    // With dots the day comes first wherever dots are used.
    if separator == '.' {
        return Date::new(year, b, a).ok().map(WrittenDate::Known);
    }
    let possible = |n: i8| (1..=31).contains(&n);
    (possible(a) && possible(b) && (a <= 12 || b <= 12)).then_some(WrittenDate::Numbers(a, b, year))
}

fn read_year(text: &str) -> Option<i16> {
    match text.len() {
        4 => text.parse().ok(),
        2 => text.parse::<i16>().ok().map(|year| 2_000 + year),
        _ => None,
    }
}

/// The month of an English name, whole or its first three letters.
fn month(name: &str) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let place = NAMES.iter().position(|known| name.len() >= 3 && known.starts_with(&name))?;
    i8::try_from(place + 1).ok()
}

/// Whole minutes from `90`, `1:30` or `01:30:00`, or from a number of seconds.
pub(super) fn minutes(text: &str, seconds: bool) -> Option<u32> {
    let text = text.trim();
    let span = if text.contains(':') {
        let parts: Vec<u32> = text.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [hours, minutes, seconds] = match *parts.as_slice() {
            [hours, minutes] => [hours, minutes, 0],
            [hours, minutes, seconds] => [hours, minutes, seconds],
            _ => return None,
        };
        u64::from(hours) * 3_600 + u64::from(minutes) * 60 + u64::from(seconds)
    } else {
        let number: f64 = text.parse().ok().filter(|number: &f64| (0.0..1e8).contains(number))?;
        (number * if seconds { 1.0 } else { 60.0 }).round() as u64
    };
    u32::try_from((span + 30) / 60).ok()
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;
