#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::json;

use super::measure::words;
use super::*;

fn article(title: &str, body: &str, format: &str) -> Article {
    serde_json::from_value(json!({"id": "a", "title": title, "body": body, "body_format": format})).unwrap()
}

fn passages(body: &str) -> Vec<PassageText> {
    split(&article("Title", body, "markdown"))
}

/// A sentence of so many words.
fn sentence(words: usize) -> String {
    format!("W{}.", " w".repeat(words - 1))
}

/// A paragraph of sentences of ten words.
fn paragraph(words: usize) -> String {
    vec![sentence(10); words / 10].join(" ")
}

fn lengths(passages: &[PassageText]) -> Vec<usize> {
    passages.iter().map(|passage| words(&passage.text)).collect()
}

#[test]
fn an_article_is_cut_along_its_headings() {
    let body = format!(
        "{}\n\n# One\n\n{}\n\n## Two\n\n{}\n\n# Three\n\n{}",
        paragraph(60),
        paragraph(70),
        paragraph(80),
        paragraph(90)
    );
    let passages = passages(&body);
    let headings: Vec<&str> = passages.iter().map(|passage| passage.heading.as_str()).collect();
    assert_eq!(headings, ["", "One", "One › Two", "Three"]);
    assert_eq!(lengths(&passages), [60, 70, 80, 90]);
}

#[test]
fn a_heading_without_text_of_its_own_is_no_passage() {
    let passages = passages(&format!("# Empty\n\n# Full\n\n## Inner\n\n{}", paragraph(60)));
    assert_eq!(passages.len(), 1);
    assert_eq!(passages[0].heading, "Full › Inner");
}

#[test]
fn a_heading_that_repeats_the_title_is_not_told_again() {
    let passages = passages(&format!("# TITLE\n\n## Steps\n\n{}", paragraph(60)));
    assert_eq!(passages[0].heading, "Steps");
    let article = article("Title", "# Title\n\n## Steps\n\nText", "markdown");
    assert_eq!(body_text(&article), ("Steps".to_owned(), "Text".to_owned()));
}

#[test]
fn a_long_section_is_cut_into_even_pieces_at_the_ends_of_paragraphs() {
    let body = [paragraph(90), paragraph(60), paragraph(70), paragraph(80)].join("\n\n");
    assert_eq!(lengths(&passages(&body)), [150, 150]);
    assert_eq!(lengths(&passages(&paragraph(190))), [190]);
    assert_eq!(lengths(&passages(&paragraph(220))), [110, 110]);
}

#[test]
fn no_sentence_and_no_list_item_is_cut() {
    let body: Vec<String> = (0..12).map(|at| format!("1. Step {at} {}", sentence(35))).collect();
    for passage in passages(&body.join("\n")) {
        assert!(passage.text.starts_with("Step"), "{}", passage.text);
        assert!(passage.text.ends_with('.'), "{}", passage.text);
    }
}

#[test]
fn a_sentence_that_is_too_long_by_itself_is_cut_between_words() {
    assert_eq!(lengths(&passages(&sentence(500))), [150, 150, 200]);
    let address = "x".repeat(24 * 210);
    let passages = passages(&address);
    assert_eq!(passages.len(), 2);
    assert_eq!(passages.concat_text(), address);
}

#[test]
fn text_in_a_script_without_spaces_is_cut_too() {
    let passages = passages(&"重启电脑然后登录。".repeat(60));
    assert!(lengths(&passages).iter().all(|&length| (100..=MAX_WORDS).contains(&length)));
}

#[test]
fn small_neighbours_are_joined_and_their_headings_kept_in_the_text() {
    let passages = passages(&format!(
        "# Task\n\n## Before you begin\n\nRole required: none.\n\n## Procedure\n\n{}",
        paragraph(60)
    ));
    assert_eq!(passages.len(), 1);
    assert_eq!(passages[0].heading, "Task");
    assert!(
        passages[0].text.starts_with("Before you begin\nRole required: none.\nProcedure\nW w"),
        "{}",
        passages[0].text
    );
}

#[test]
fn an_article_without_text_can_still_be_found() {
    let only = |body: &str| passages(body).into_iter().map(|passage| passage.text).collect::<Vec<_>>();
    assert_eq!(only(""), ["Title"]);
    assert_eq!(only("# One\n\n# Two"), ["One\nTwo"]);
    assert!(split(&article("", " ", "text")).is_empty());
}

#[test]
fn the_encoder_reads_title_heading_and_text() {
    let passage = PassageText { heading: "A › B".into(), text: "Text".into() };
    assert_eq!(embedding_text("Title", &passage), "Title\nA › B\nText");
    let top = PassageText { heading: String::new(), text: "Text".into() };
    assert_eq!(embedding_text("Title", &top), "Title\nText");
}

trait Concat {
    fn concat_text(&self) -> String;
}

impl Concat for [PassageText] {
    /// All text without white space.
    fn concat_text(&self) -> String {
        self.iter().flat_map(|passage| passage.text.split_whitespace()).collect()
    }
}

/// Words, marks and breaks as they come in articles, and as they never should.
const TEXT: &str =
    "([a-zA-Z]{1,9}[ .,:]{1,2}|[0-9]\\. |[a-z/]{30,900} |[\u{4e00}-\u{4e20}。]{1,300}|\n|\n\n|\\PC){0,400}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn splitting_loses_no_letter_and_keeps_the_bound(body in TEXT) {
        let passages = split(&article("", &body, "text"));
        let whole: String = body.split_whitespace().collect();
        prop_assert_eq!(passages.concat_text(), whole);
        for passage in &passages {
            prop_assert!(words(&passage.text) <= MAX_WORDS);
            prop_assert!(words(&passage.text) > 0);
        }
    }

    #[test]
    fn no_word_below_a_heading_is_lost(
        sections in proptest::collection::vec((1usize..5, 0usize..400), 1..12),
    ) {
        let mut body = String::new();
        let mut all = Vec::new();
        for (at, (level, length)) in sections.iter().enumerate() {
            body.push_str(&format!("{} H{at}\n\n", "#".repeat(*level)));
            for word in 0..*length {
                all.push(format!("w{at}x{word}"));
                body.push_str(&format!("w{at}x{word}{}", if word % 9 == 8 { ". X\n\n" } else { " " }));
            }
            body.push_str("\n\n");
        }
        let passages = passages(&body);
        let text: Vec<&str> = passages.iter().flat_map(|passage| passage.text.split_whitespace()).collect();
        let kept: Vec<&str> = text.into_iter().map(|word| word.trim_end_matches('.')).filter(|word| word.starts_with('w')).collect();
        prop_assert_eq!(kept, all);
        prop_assert!(passages.iter().all(|passage| words(&passage.text) <= MAX_WORDS));
    }
}
