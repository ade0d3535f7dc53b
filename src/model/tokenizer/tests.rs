#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use tokenizers::utils::truncation::truncate_encodings;
use tokenizers::{TruncationParams, TruncationStrategy};

use super::*;

/// The tokenizer that ships, with windows of different length.
static SHIPPED: LazyLock<Vec<Tokenizer>> =
    LazyLock::new(|| [8, 13, 40, 64, 256].map(|max| load("models/default/tokenizer.json", max)).into());
/// Letters only: every word has as many tokens as letters.
static LETTERS: LazyLock<Tokenizer> = LazyLock::new(|| load("tests/fixtures/model/tokenizer.json", 102));

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn load(file: &str, max_tokens: usize) -> Tokenizer {
    Tokenizer::load(&path(file), max_tokens).unwrap()
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Tokens {
    tokenizer.encode(&Input::text(text)).unwrap()
}

#[test]
fn a_file_that_is_no_tokenizer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tokenizer.json");
    let good = std::fs::read_to_string(path("tests/fixtures/model/tokenizer.json")).unwrap();
    let broken = good.replacen("\"vocab\": {", "\"vocab\": {7: 8,", 1);
    let unnamed = good.replacen("\"[SEP]\": {", "\"other\": {", 1);
    assert!(good != broken && good != unnamed);
    for text in ["", "{}", "[]", &broken, &unnamed, &good[..good.len() / 2]] {
        std::fs::write(&file, text).unwrap();
        assert!(Tokenizer::load(&file, 64).is_err());
    }
}

/// What the crate makes of the whole text.
fn full(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.inner.encode_fast(text, true).unwrap().get_ids().to_vec()
}

/// Ids of the words of `text`, without special tokens.
fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.inner.encode_fast(text, false).unwrap().get_ids().to_vec()
}

fn is_subsequence(part: &[u32], whole: &[u32]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|id| whole.any(|other| other == id))
}

fn contains(whole: &[u32], part: &[u32]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// `count` different words of five letters, so of five tokens in [`LETTERS`].
fn numbered(count: usize) -> Vec<String> {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    (0..count).map(|n| [letter(n / 676), letter(n / 26), letter(n), 'x', 'y'].iter().collect()).collect()
}

/// Pieces of which texts are made that look like tickets, and like none.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z]{1,9}",
        2 => "[A-Z]?[a-z]{2,12}[.,:;!?]?",
        2 => Just("the printer on our floor does not print".to_string()),
        1 => "[ \t\n\u{a0}\u{2003}]{1,9}",
        1 => "[a-z0-9/._=&?-]{40,160}",
        1 => "[0-9a-f]{90,130}",
        1 => "[\u{4e00}-\u{4eff}\u{3042}。，]{1,90}",
        1 => "[\u{e4}\u{df}e\u{301}\u{323}\u{200b}\u{0}\u{85}ﬁŻ\u{b}]{1,8}",
        1 => prop_oneof![Just("[SEP]".to_string()), Just("x[CLS]y".to_string()), Just("[sep".to_string())],
        1 => "\\PC{0,12}",
    ];
    let joint = prop_oneof![8 => Just(" "), 1 => Just("\n"), 1 => Just("")];
    proptest::collection::vec((piece, joint), 0..120)
        .prop_map(|parts| parts.into_iter().flat_map(|(piece, joint)| [piece, joint.to_string()]).collect())
}

proptest! {
    #[test]
    fn a_text_keeps_its_order_fits_the_window_and_is_whole_unless_words_were_left_out(text in text()) {
        for tokenizer in SHIPPED.iter().chain([&*LETTERS]) {
            let (read, full) = (encode(tokenizer, &text), full(tokenizer, &text));
            prop_assert!(read.len() <= tokenizer.max_tokens);
            prop_assert_eq!((read.ids.first(), read.ids.last()), (full.first(), full.last()));
            prop_assert_eq!(read.type_ids, vec![0; read.ids.len()]);
            prop_assert!(is_subsequence(&read.ids, &full));
            prop_assert_eq!(read.truncated, read.ids != full);
            if full.len() > tokenizer.max_tokens {
                prop_assert!(read.truncated);
            }
        }
    }

    #[test]
    fn words_that_fit_are_whole_or_absent(count in 20..300usize) {
        let words = numbered(count);
        let read = encode(&LETTERS, &words.join(" "));
        prop_assert!(read.truncated || count == 20);
        let mut rest = &read.ids[1..read.ids.len() - 1];
        for word in &words {
            rest = rest.strip_prefix(ids(&LETTERS, word).as_slice()).unwrap_or(rest);
        }
        prop_assert!(rest.is_empty(), "{rest:?}");
    }

    #[test]
    fn the_head_and_the_tail_of_a_long_text_are_kept(text in "[a-z]{1,9}( [a-z]{1,9}){300,400}") {
        for tokenizer in SHIPPED.iter().filter(|tokenizer| tokenizer.max_tokens >= 40) {
            let (read, full) = (encode(tokenizer, &text), full(tokenizer, &text));
            prop_assert!(read.truncated);
            // A word of nine letters may have nine tokens and just not fit.
            let (head, tail) = (tokenizer.max_tokens / 2 - 10, tokenizer.max_tokens / 4 - 10);
            prop_assert_eq!(&read.ids[..head], &full[..head]);
            prop_assert_eq!(&read.ids[read.len() - tail..], &full[full.len() - tail..]);
        }
    }

    #[test]
    fn of_a_pair_the_longer_text_is_reduced_as_the_crate_does(
        first in 0..90usize, second in 0..90usize, window in 5..99usize,
    ) {
        let params = TruncationParams {
            max_length: window, strategy: TruncationStrategy::LongestFirst, ..Default::default()
        };
        let (a, b) = (sequence(&vec![7; first], 0), sequence(&vec![7; second], 1));
        let (a, b) = truncate_encodings(a, Some(b), &params).unwrap();
        prop_assert_eq!(shares(first, second, window), (a.len(), b.unwrap().len()));
    }
}

#[test]
fn every_sample_that_fits_has_the_tokens_that_the_crate_alone_gives() {
    let tokenizer = &SHIPPED[4];
    for (file, field) in [("samples/tickets.jsonl", "body"), ("samples/surveys.jsonl", "text")] {
        for line in std::fs::read_to_string(path(file)).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = row[field].as_str().unwrap();
            let (read, full) = (encode(tokenizer, text), full(tokenizer, text));
            assert_eq!(read.truncated, full.len() > 256);
            assert!(read.truncated || read.ids == full);
        }
    }
}

#[test]
fn white_space_beyond_a_text_that_just_fits_is_no_truncation() {
    let text = numbered(20).join(" ");
    for beyond in ["", " \n\t", "\u{0}\u{b}\u{200b} ", &" ".repeat(100_000)] {
        let read = encode(&LETTERS, &format!("{beyond}{text}{beyond}"));
        assert!(!read.truncated);
        assert_eq!(read.ids, full(&LETTERS, &text));
    }
    assert!(encode(&LETTERS, &format!("{text} .")).truncated);
}

#[test]
fn truncated_texts_are_counted() {
    let tokenizer = load("models/default/tokenizer.json", 8);
    for text in ["it fits", "one two three four five six seven eight", "it fits"] {
        encode(&tokenizer, text);
    }
    assert_eq!(tokenizer.truncated_texts(), 1);
}

#[test]
fn the_middle_is_where_rare_words_are() {
    let common = "I have been here for a long time and it was good to see all of you. ".repeat(8);
    let text =
        format!("Hello. {common}The firmware rejected the encryption certificate. {common}Thanks, Ana");
    let read = encode(&SHIPPED[3], &text);
    assert!(read.truncated);
    for kept in ["hello", "firmware rejected the encryption certificate", "thanks, ana"] {
        assert!(contains(&read.ids, &ids(&SHIPPED[3], kept)), "{kept}");
    }
}

#[test]
fn what_was_said_already_counts_for_nothing() {
    let log = "2026-11-22 09:40 firmware certificate rejected\n".repeat(40);
    let text = format!("Hello. {log}We moved the projector yesterday, as announced by mail.\n{log}Thanks");
    let read = encode(&SHIPPED[3], &text);
    assert!(contains(&read.ids, &ids(&SHIPPED[3], "we moved the projector yesterday")));
}

#[test]
fn sentences_far_inside_a_very_long_text_are_found_where_the_looks_fall() {
    let text = "error 0x80070005 in module 17\n".repeat(40_000);
    let read = encode(&SHIPPED[4], &format!("Backup fails\n{text}Please call me"));
    assert!(read.truncated && read.len() > 200);
    assert!(contains(&read.ids, &ids(&SHIPPED[4], "please call me")));
}

#[test]
fn a_word_without_an_end_costs_no_more_than_its_share() {
    for monster in
        ["x".repeat(1 << 20), "ab/".repeat(1 << 18), "猫".repeat(1 << 18), "\u{301}".repeat(1 << 19)]
    {
        for text in [monster.clone(), format!("my words {monster}"), format!("{monster} my words")] {
            let read = encode(&SHIPPED[4], &text);
            assert!(read.truncated && read.len() <= 256);
            let words = ids(&SHIPPED[4], "my words");
            assert_eq!(contains(&read.ids, &words), text.contains("my words"));
        }
    }
}

#[test]
fn a_single_word_longer_than_the_window_fills_its_share() {
    let read = encode(&SHIPPED[0], "pneumonoultramicroscopicsilicovolcanoconiosis");
    assert!(read.truncated && read.len() > 3);
}

#[test]
fn a_short_question_stays_whole_beside_a_long_comment() {
    let (question, comment) = ("Why?", format!("start {} finish", "it was slow. ".repeat(40)));
    let read = SHIPPED[2].encode(&Input::pair(question, &comment)).unwrap();
    assert!(read.truncated && read.len() <= 40);
    let second = read.type_ids.iter().position(|id| *id == 1).unwrap();
    assert_eq!(read.ids[..second], full(&SHIPPED[2], question));
    for kept in ["start", "finish"] {
        assert!(contains(&read.ids[second..], &ids(&SHIPPED[2], kept)));
    }
    let whole = SHIPPED[2].encode(&Input::pair(question, "It was slow.")).unwrap();
    let crates = SHIPPED[2].inner.encode_fast((question, "It was slow."), true).unwrap();
    assert_eq!((whole.ids, whole.truncated), (crates.get_ids().to_vec(), false));
}
