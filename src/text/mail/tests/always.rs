//! What holds for every message.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[test]
fn white_space_is_folded_and_line_breaks_stay() {
    assert_eq!(text("a \t b\r\n\r\n\r\nc\u{200b}\u{0}d\re\u{2028}f\u{a0}\n"), "a b\ncd\ne\nf");
}

#[test]
fn an_empty_message_stays_empty() {
    for body in ["", "\n \n", "\u{0}", "\u{feff}"] {
        for format in [Format::Text, Format::Html, Format::Markdown] {
            assert_eq!(read(body, format), "");
        }
    }
}

#[test]
fn two_megabytes_take_linear_time() {
    for part in [
        "a",
        "a\n",
        "> a\nb\n",
        "a:\n> b\n",
        "Thanks,\nEva\n",
        "From: a\n",
        "On a\n",
        "Sent from my iPhone\n",
    ] {
        // Were it the square of the lines, it would be hours; the limit is for the slowest of machines.
        let body = part.repeat(2_000_000 / part.len());
        let start = Instant::now();
        clean(&body, Format::Text);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(60), "{part:?} took {took:?}");
    }
}

/// Lines of which mails are made.
fn mail_line() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "> quoted",
            ">",
            "On Mon, 2 Mar 2026 at 9:12, E <e@x.example> wrote:",
            "Kind regards,",
            "Thanks",
            "Eva Blom",
            "-- ",
            "--",
            "-----Original Message-----",
            "From: Eva",
            "Sent: Monday 9:12",
            "Subject: x",
            "Sent from my iPhone",
            "This e-mail is confidential.",
            "FYI",
            "Hi team,",
            "the screen flickers",
            "log says:",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn plain_text_remains_in_its_order_and_nothing_is_added(lines in prop::collection::vec(mail_line(), 0..25)) {
        let body = lines.join("\n");
        let cleaned = clean(&body, Format::Text);
        let mut rest = body.chars();
        for c in cleaned.text.chars().filter(|c| !c.is_whitespace()) {
            prop_assert!(rest.any(|other| other == c), "{c:?} was added or moved");
        }
    }

    #[test]
    fn what_has_words_never_becomes_empty(lines in prop::collection::vec(mail_line(), 0..25)) {
        let body = lines.join("\n");
        let words = body.chars().any(char::is_alphanumeric);
        prop_assert_eq!(words, clean(&body, Format::Text).text.chars().any(char::is_alphanumeric));
    }

    #[test]
    fn every_character_is_kept_or_counted(lines in prop::collection::vec(mail_line(), 0..25)) {
        let body = lines.join("\n");
        let cleaned = clean(&body, Format::Text);
        let aside: usize = cleaned.set_aside.iter().map(|a| a.chars).sum();
        let marks = body.chars().filter(|&c| c == '>').count() * 3;
        let all: usize = body.split(crate::text::fold::is_line_break).map(|l| crate::text::fold::fold(l).chars().count()).sum();
        let kept = cleaned.text.chars().filter(|&c| c != '\n').count();
        prop_assert!(kept + aside <= all && kept + aside + marks >= all);
    }

    #[test]
    fn cleaning_never_panics(body in "\\PC{0,200}|[ -~\n]{0,200}|(<[a-z]{1,10}[ =\"'a-z]{0,10}>|</[a-z]{1,10}>|\\PC){0,40}") {
        for format in [Format::Text, Format::Html, Format::Markdown] {
            clean(&body, format);
        }
    }
}
