//! Replies of a table, half of which the rules were written by; and what must always make a reply more than
//! thanks.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use super::*;

/// One reply a line: what it is, and what it says. All were written before the rules were; every second line
/// is held out.
const REPLIES: &str = include_str!("../../../tests/fixtures/replies.txt");

/// Written after the rules, to find where they are wrong: at first two of the 25 that ask for something were
/// taken for thanks, by which the rules were then mended.
const LATER: &str = include_str!("../../../tests/fixtures/replies_later.txt");

fn of(text: &str) -> ReplyKind {
    classify(text, Format::Text, [])
}

fn word(kind: ReplyKind) -> &'static str {
    match kind {
        ReplyKind::Thanks => "thanks",
        ReplyKind::OutOfOffice => "out_of_office",
        ReplyKind::Other => "other",
    }
}

/// How often replies of the half were taken for what they are: (right, told as such, of those that are), and
/// those that were taken for thanks or notices and ask for something.
fn measured(held_out: bool) -> (Vec<String>, Vec<String>) {
    let half = REPLIES.lines().enumerate().filter(|(line, _)| (line % 2 == 1) == held_out);
    let found = judged(half.map(|(_, row)| row));
    println!("(held out: {held_out})");
    found
}

fn judged<'a>(rows: impl Iterator<Item = &'a str>) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut missed) = (Vec::new(), Vec::new());
    let mut counts = std::collections::BTreeMap::<&str, (u32, u32)>::new();
    for row in rows {
        let (kind, text) = row.split_once(" | ").unwrap();
        let text = text.replace("\\n", "\n");
        let found = word(of(&text));
        let count = counts.entry(kind).or_default();
        count.1 += 1;
        if found == kind {
            count.0 += 1;
        } else if found == "other" {
            missed.push(row.to_owned());
        } else {
            wrong.push(format!("{found}: {row}"));
        }
    }
    println!("right, of: {counts:?}");
    (wrong, missed)
}

#[test]
fn no_reply_that_asks_for_something_is_taken_for_thanks_or_a_notice() {
    for held_out in [false, true] {
        let (wrong, missed) = measured(held_out);
        println!("missed: {missed:#?}");
        assert!(wrong.is_empty(), "held out: {held_out}: {wrong:#?}");
    }
}

#[test]
fn replies_that_were_written_after_the_rules_are_told_apart() {
    let (wrong, missed) = judged(LATER.lines());
    println!("missed: {missed:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn most_replies_that_need_nothing_are_recognised() {
    for (held_out, most) in [(false, 6), (true, 16)] {
        let (_, missed) = measured(held_out);
        assert!(missed.len() <= most, "held out: {held_out}: {missed:#?}");
    }
}

#[test]
fn whatever_is_added_to_thanks_makes_it_more_than_thanks() {
    for thanks in ["Thank you!", "Thanks a lot, works now.", "Danke!", "Merci!", "Gracias."] {
        assert_eq!(of(thanks), ReplyKind::Thanks, "{thanks}");
        for more in [
            "But the scanner is slow.",
            "What about the other one?",
            "It does not work.",
            "We have another problem.",
            "Bitte noch ein Konto.",
            "The error is back.",
            "The problem is back.",
            "It was working.",
            "Serial number 4711.",
            "¿Y el otro?",
        ] {
            for text in
                [format!("{thanks} {more}"), format!("{more} {thanks}"), format!("{thanks}\n\n{more}")]
            {
                assert_eq!(of(&text), ReplyKind::Other, "{text}");
            }
        }
    }
}

#[test]
fn what_is_quoted_or_signed_is_not_what_the_reply_says() {
    let quoted =
        "Thanks!\n\nOn Mon, 3 Aug 2026 at 10:12, Help <help@example.com> wrote:\n> Does it work now?\n";
    assert_eq!(of(quoted), ReplyKind::Thanks);
    let html = "<p>Thank you!</p><blockquote type=\"cite\"><p>Is it still broken?</p></blockquote>";
    assert_eq!(classify(html, Format::Html, []), ReplyKind::Thanks);
    assert_eq!(of("Thanks,\nKim"), ReplyKind::Thanks);
    let below = "On Mon, 3 Aug 2026 at 10:12, Help <help@example.com> wrote:\n> Does it work now?\n\nNo.";
    assert_eq!(of(below), ReplyKind::Other);
    assert_eq!(of(""), ReplyKind::Other);
    assert_eq!(of(" \n👍"), ReplyKind::Other);
}

#[test]
fn headers_tell_an_automatic_reply_whatever_it_says() {
    let of = |name: &str, value: &str| classify("Could you call me?", Format::Text, [(name, value)]);
    for (name, value) in [
        ("Auto-Submitted", "auto-replied"),
        ("auto-submitted", "Auto-Replied; owner-email=\"kim@example.com\""),
        ("X-Autoreply", "yes"),
        ("X-Autorespond", "Away"),
    ] {
        assert_eq!(of(name, value), ReplyKind::OutOfOffice, "{name}: {value}");
    }
    for (name, value) in [
        ("Auto-Submitted", "no"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Autoreply", "no"),
        // Outlook puts this on any mail.
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
    ] {
        assert_eq!(of(name, value), ReplyKind::Other, "{name}: {value}");
    }
}
