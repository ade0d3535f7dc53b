//! A search that learns from tickets and the articles that solved them, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;

use std::path::Path;

use process::{Run, deskhand, write};

const ARTICLES: &str = "{\"id\":\"a-1\",\"title\":\"Reset a password\",\"body\":\"Open the portal.\"}\n{\"id\":\"a-2\",\"title\":\"Printer jam\",\"body\":\"Open the tray.\"}\n";

/// `deskhand train --pairs` with these tickets into `dir/bundle`.
fn learn(dir: &Path, tickets: &str) -> Run {
    let (tickets, articles) = (write(dir, "solved.jsonl", tickets), write(dir, "articles.jsonl", ARTICLES));
    let out = dir.join("bundle").display().to_string();
    deskhand(&["train", "--pairs", &tickets, "--articles", &articles, "--out", &out])
}

#[test]
fn a_handful_of_tickets_is_refused_with_how_many_it_takes_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let run = learn(
        dir.path(),
        "{\"subject\":\"pw\",\"body\":\"forgot it\",\"articles\":[\"a-1\"]}\n{\"body\":\"paper stuck\",\"articles\":[\"a-2\"]}\n{\"body\":\"menu of the canteen\",\"articles\":[]}\n",
    );
    assert_eq!(run.status.code(), Some(1));
    assert!(
        run.stderr.contains("2 tickets with the article that answers them are too few"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("50"), "{}", run.stderr);
    assert!(!dir.path().join("bundle").exists());
}

#[test]
fn a_line_that_is_no_ticket_is_named_by_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let run =
        learn(dir.path(), "{\"body\":\"paper stuck\",\"articles\":[\"a-2\"]}\n{\"body\":\"no articles\"}\n");
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("solved.jsonl, line 2"), "{}", run.stderr);
    assert!(run.stderr.contains("articles"), "{}", run.stderr);
}

#[test]
fn an_article_that_is_not_there_is_told_and_its_ticket_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let run = learn(dir.path(), "{\"body\":\"paper stuck\",\"articles\":[\"a-9\"]}\n");
    assert!(
        run.stderr.contains("solved.jsonl, line 1: an article that it names is not among"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("0 tickets with the article"), "{}", run.stderr);
}
