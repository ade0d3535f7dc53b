#![allow(clippy::unwrap_used)]

use super::*;

fn berlin(order: DateOrder) -> Times {
    Times { order, zone: TimeZone::get("Europe/Berlin").unwrap() }
}

fn read(text: &str) -> Result<String, BadTime> {
    berlin(DateOrder::Dmy).read(text).map(|(at, _)| at.to_string())
}

#[test]
fn the_forms_that_helpdesks_write_are_read() {
    for (text, expected) in [
        ("2026-01-12T10:00:00Z", "2026-01-12T10:00:00Z"),
        ("2026-01-12T10:00:00.123Z", "2026-01-12T10:00:00Z"),
        ("2026-01-12T10:00:00.000+0100", "2026-01-12T09:00:00Z"),
        ("2026-01-12 10:00:00 +01:00", "2026-01-12T09:00:00Z"),
        ("2026-01-12 10:00:00 UTC", "2026-01-12T10:00:00Z"),
        ("2026-01-12 10:00", "2026-01-12T09:00:00Z"),
        ("2026-07-12 10:00:30", "2026-07-12T08:00:30Z"),
        ("2026-01-12", "2026-01-11T23:00:00Z"),
        ("12/01/2026 4:05 PM", "2026-01-12T15:05:00Z"),
        ("12/Jan/26 12:05 AM", "2026-01-11T23:05:00Z"),
        ("12-Jan-2026 16:05", "2026-01-12T15:05:00Z"),
        ("Mon, 12 Jan 2026 16:05:00 +0000", "2026-01-12T16:05:00Z"),
        ("January 12, 2026 4:05 pm", "2026-01-12T15:05:00Z"),
        ("12.01.2026 16:05", "2026-01-12T15:05:00Z"),
        ("2026/01/12 16:05", "2026-01-12T15:05:00Z"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_not_read() {
    for text in
        ["", "soon", "3", "12/2026", "99/99/2026", "31.02.2026", "12/01/2026 13:05 PM", "2026-13-01", "10:30"]
    {
        assert_eq!(read(text), Err(BadTime::Unreadable), "{text}");
    }
    assert_eq!(berlin(DateOrder::Mdy).read("13/01/2026"), Err(BadTime::Order(DateOrder::Mdy)));
}

#[test]
fn clocks_that_are_put_forward_or_back_are_respected() {
    assert_eq!(read("2026-03-29 01:59").as_deref(), Ok("2026-03-29T00:59:00Z"));
    assert_eq!(read("2026-03-29 02:30"), Err(BadTime::Skipped));
    assert_eq!(read("2026-03-29 03:00").as_deref(), Ok("2026-03-29T01:00:00Z"));
    let (first, twice) = berlin(DateOrder::Dmy).read("2026-10-25 02:30").unwrap();
    assert_eq!((first.to_string().as_str(), twice), ("2026-10-25T00:30:00Z", true));
    assert!(!berlin(DateOrder::Dmy).read("2026-10-25 03:00").unwrap().1);
}

#[test]
fn numbers_prove_their_order_or_leave_it_open() {
    assert_eq!(parse("31/12/2026").unwrap().proves(), Some(DateOrder::Dmy));
    assert_eq!(parse("12/31/2026").unwrap().proves(), Some(DateOrder::Mdy));
    assert!(parse("03/04/2026").unwrap().is_open() && parse("03-04-26 10:00").unwrap().is_open());
    assert!(!parse("04/04/2026").unwrap().is_open() && !parse("03.04.2026").unwrap().is_open());
}

#[test]
fn spans_are_whole_minutes() {
    let both = |text| (minutes(text, false), minutes(text, true));
    assert_eq!(both("90"), (Some(90), Some(2)));
    assert_eq!(both("1:30"), (Some(90), Some(90)));
    assert_eq!(both("00:01:40"), (Some(2), Some(2)));
    assert_eq!(both("0"), (Some(0), Some(0)));
    assert_eq!(both("an hour"), (None, None));
    assert_eq!(both("-5"), (None, None));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,45}", zoned in "[0-9/.:TZ+ -]{0,30}") {
        let _ = (read(&text), read(&zoned), minutes(&text, true), minutes(&zoned, false));
    }
}
