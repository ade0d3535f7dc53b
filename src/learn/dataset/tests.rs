#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;
use crate::text::Format;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/learn").join(name)
}

fn file(extension: &str, content: &[u8]) -> NamedTempFile {
    let suffix = format!(".{extension}");
    let mut file = tempfile::Builder::new().suffix(&suffix).tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

fn fields(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn lines<T: ToString>(items: &[T]) -> String {
    let lines: Vec<String> = items.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The message of a refusal, with the folder and name of the file taken out.
fn refusal(path: &Path, label_fields: &[&str]) -> String {
    let error = Dataset::load(path, &fields(label_fields), &[]).unwrap_err();
    error.to_string().replace(path.to_str().unwrap(), "FILE")
}

#[test]
fn bad_rows_are_set_aside_with_line_and_reason_and_the_rest_go_on() {
    let dataset = Dataset::load(&fixture("labels.jsonl"), &fields(&["category"]), &[]).unwrap();
    assert_eq!(dataset.rows.len(), 8);
    assert_eq!(dataset.skipped_count, 5);
    insta::assert_snapshot!(lines(&dataset.skipped), @r#"
    line 4: not valid JSON at column 2; write one object per line
    line 9: no label in field "category"; fill it, or leave the row out
    line 10: not a JSON object; write one object per line
    line 12: no text; fill subject or body (or text, comment, description)
    line 13: the label in field "category" is a list or an object; write one label
    "#);
}

#[test]
fn a_label_with_stray_white_space_never_becomes_a_class_of_its_own() {
    let dataset = Dataset::load(&fixture("labels.jsonl"), &fields(&["category"]), &[]).unwrap();
    assert_eq!(
        dataset.classes("category"),
        ["Access::Sign-in", "Hardware::Printer", "Network::VPN", "network::vpn"]
    );
}

#[test]
fn what_looks_wrong_in_the_labels_is_reported_by_line() {
    let dataset = Dataset::load(&fixture("labels.jsonl"), &fields(&["category"]), &[]).unwrap();
    insta::assert_snapshot!(lines(&dataset.warnings), @r#"
    labels in field "category" had stray white space, which was removed: 2
    rows with the text of an earlier row but another label in field "category": 1 (lines 7 and 8); decide for one
    labels "Network::VPN" and "network::vpn" in field "category" differ only in capitals and count as two classes
    classes in field "category" with fewer than 3 rows: 2 ("Access::Sign-in" 1, "network::vpn" 1); add rows or join classes
    "#);
}

#[test]
fn other_names_of_subject_and_body_are_understood() {
    let dataset = Dataset::load(&fixture("labels.jsonl"), &fields(&["impact"]), &[]).unwrap();
    let row = dataset.rows.iter().find(|row| row.id == "4").unwrap();
    assert_eq!((row.line, row.subject.as_str(), row.body.as_str()), (5, "VPN", "drops every hour"));
    let row = dataset.rows.iter().find(|row| row.id == "8").unwrap();
    assert_eq!((row.subject.as_str(), row.body.as_str()), ("Number as id", ""));
}

#[test]
fn aspects_become_labels_and_those_not_mentioned_are_absent() {
    let path = fixture("surveys.jsonl");
    let names = DatasetReader::aspect_names(&path).unwrap();
    assert_eq!(names, ["attitude", "speed"]);
    let dataset = Dataset::load(&path, &fields(&["sentiment"]), &names).unwrap();
    let labels: Vec<_> = dataset
        .rows
        .iter()
        .map(|row| format!("{} {:?} {:?} {:?}", row.id, row.question, row.rating, row.labels))
        .collect();
    insta::assert_snapshot!(lines(&labels), @r#"
    s-1 Some("why_score") Some(5.0) {"aspect/attitude": "positive", "aspect/speed": "positive", "sentiment": "positive"}
    s-2 Some("why_score") Some(1.0) {"aspect/attitude": "absent", "aspect/speed": "negative", "sentiment": "negative"}
    s-3 Some("improve") None {"aspect/attitude": "absent", "aspect/speed": "absent", "sentiment": "positive"}
    s-4 Some("why_score") None {"aspect/attitude": "absent", "aspect/speed": "absent", "sentiment": "negative"}
    "#);
    insta::assert_snapshot!(lines(&dataset.skipped), @r#"
    line 5: no field "aspects"; write [] where the comment names none
    line 6: the same aspect has two different sentiments; keep one
    line 7: an aspect's sentiment is not positive, negative or neutral
    "#);
    insta::assert_snapshot!(lines(&dataset.warnings), @r#"
    ratings that are not numbers and were left out: 1
    classes in field "aspect/attitude" with fewer than 3 rows: 1 ("positive" 1); add rows or join classes
    classes in field "aspect/speed" with fewer than 3 rows: 3 ("negative" 1, "positive" 1, "absent" 2); add rows or join classes
    classes in field "sentiment" with fewer than 3 rows: 2 ("negative" 2, "positive" 2); add rows or join classes
    "#);
}

#[test]
fn the_same_answer_to_another_question_is_no_contradiction() {
    let dataset = Dataset::load(&fixture("surveys.jsonl"), &fields(&["sentiment"]), &[]).unwrap();
    let contradicts = |warning: &Warning| matches!(warning, Warning::Contradictions { .. });
    assert!(!dataset.warnings.iter().any(contradicts));
}

#[test]
fn csv_of_a_spreadsheet_is_read_with_its_delimiter_quotes_and_line_breaks() {
    let mut reader = DatasetReader::open(&fixture("export.csv"), &fields(&["category"])).unwrap();
    let rows: Vec<LabelledRow> = reader.by_ref().map(Result::unwrap).collect();
    let seen: Vec<_> =
        rows.iter().map(|row| format!("{} {} {:?} {:?}", row.line, row.id, row.body, row.labels)).collect();
    insta::assert_snapshot!(lines(&seen), @r#"
    2 1 "She said \"24 inch\";\nit is 22" {"category": "Hardware"}
    4 2 "a 24\" screen, unquoted" {"category": "Hardware"}
    6 4 "drops" {"category": "Network"}
    7 5 "again \"quoted\" inside" {"category": "Network"}
    "#);
    insta::assert_snapshot!(lines(reader.skipped()), @"line 5: 3 columns where the header has 5; quote cells with delimiters in them");
}

#[test]
fn aspects_in_a_csv_cell_are_json() {
    let path = fixture("export.csv");
    assert_eq!(DatasetReader::aspect_names(&path).unwrap(), ["speed"]);
    let dataset = Dataset::load(&path, &fields(&["category"]), &fields(&["speed"])).unwrap();
    assert_eq!(dataset.rows[0].labels["aspect/speed"], "neutral");
    assert_eq!(dataset.rows[1].labels["aspect/speed"], ABSENT);
    insta::assert_snapshot!(lines(&dataset.skipped), @r#"
    line 5: 3 columns where the header has 5; quote cells with delimiters in them
    line 6: no field "aspects"; write [] where the comment names none
    "#);
}

#[test]
fn a_row_of_a_megabyte_is_read_and_one_beyond_the_bound_is_skipped() {
    let row = |chars: usize| format!("{{\"body\":\"{}\",\"l\":\"x\"}}\n", "a".repeat(chars));
    let content = [row(1 << 20), row(MAX_ROW_BYTES), row(5)].concat();
    let file = file("jsonl", content.as_bytes());
    let dataset = Dataset::load(file.path(), &fields(&["l"]), &[]).unwrap();
    let read: Vec<usize> = dataset.rows.iter().map(|row| row.line).collect();
    assert_eq!(read, [1, 3]);
    insta::assert_snapshot!(lines(&dataset.skipped), @"line 2: the row is longer than 4 MiB; shorten it");
}

#[test]
fn a_quote_that_is_never_closed_is_named_with_its_line() {
    let file = file("csv", b"body,l\nfine,x\n\"open,y\nmore,z\n");
    let dataset = Dataset::load(file.path(), &fields(&["l"]), &[]).unwrap();
    assert_eq!(dataset.rows.len(), 1);
    insta::assert_snapshot!(lines(&dataset.skipped), @"line 3: a quote is opened here and never closed, so that the rest of the file was not read; close it, or write it twice if it belongs to the text");
}

#[test]
fn text_that_is_not_utf_8_costs_one_row() {
    let file = file("csv", b"body,l\nGr\xfc\xdfe,x\nfine,y\n");
    let dataset = Dataset::load(file.path(), &fields(&["l"]), &[]).unwrap();
    assert_eq!(dataset.rows.len(), 1);
    insta::assert_snapshot!(lines(&dataset.skipped), @"line 2: not UTF-8; save the file as UTF-8");
}

#[test]
fn every_refusal_says_what_to_do() {
    let csv = |content: &[u8]| file("csv", content);
    insta::assert_snapshot!(refusal(csv(b"body,label\nx,y\n").path(), &["category"]), @r#"FILE: line 1, the header, has no column "category"; it has: body, label; rename a column or ask for another"#);
    insta::assert_snapshot!(refusal(csv(b"words,category\nx,y\n").path(), &["category"]), @r#"FILE: line 1, the header, has no column "subject" or "title" or "summary" or "body" or "text" or "description" or "comment"; it has: words, category; rename a column or ask for another"#);
    insta::assert_snapshot!(refusal(csv(b"").path(), &["category"]), @"FILE: no usable row; the file is empty; add labelled rows");
    insta::assert_snapshot!(refusal(csv(b"\xff\xfeb\0o\0").path(), &["category"]), @r#"FILE: is written in UTF-16; save it as UTF-8 (in Excel: "CSV UTF-8")"#);
    insta::assert_snapshot!(refusal(csv(b"\"body").path(), &["category"]), @"FILE: line 1, the header: a quote is opened here and never closed, so that the rest of the file was not read; close it, or write it twice if it belongs to the text");
    insta::assert_snapshot!(refusal(file("xlsx", b"PK").path(), &["category"]), @"FILE: name the file .jsonl (one JSON object per line) or .csv (with a header line)");
    insta::assert_snapshot!(refusal(file("jsonl", b"{\"body\":\"x\"}\n").path(), &["category"]), @r#"FILE: no usable row; the first was skipped at line 1: no label in field "category"; fill it, or leave the row out (it has the fields body)"#);
    insta::assert_snapshot!(refusal(file("jsonl", b"\n").path(), &["category"]), @"FILE: no usable row; the file is empty; add labelled rows");
    let missing = Path::new("/nonexistent/rows.jsonl");
    insta::assert_snapshot!(refusal(missing, &["category"]), @"FILE: cannot be opened: No such file or directory (os error 2); check the path and who may read it");
}

#[test]
fn a_file_with_one_class_cannot_be_learnt_from() {
    let file = file("jsonl", b"{\"body\":\"a\",\"l\":\"x\"}\n{\"body\":\"b\",\"l\":\"x \"}\n");
    let dataset = Dataset::load(file.path(), &fields(&["l"]), &[]).unwrap();
    let message = dataset.ensure_learnable("l").unwrap_err().to_string();
    let message = message.replace(file.path().to_str().unwrap(), "FILE");
    insta::assert_snapshot!(message, @r#"FILE: every row has the label "x" in field "l"; add rows of at least one other label"#);
}

#[test]
fn a_field_of_ids_is_not_learnt_as_classes() {
    let rows: Vec<String> = (0..=MAX_CLASSES).map(|n| format!("{{\"body\":\"a\",\"id\":{n}}}\n")).collect();
    let file = file("jsonl", rows.concat().as_bytes());
    let dataset = Dataset::load(file.path(), &fields(&["id"]), &[]).unwrap();
    let message = dataset.ensure_learnable("id").unwrap_err().to_string();
    let message = message.replace(file.path().to_str().unwrap(), "FILE");
    insta::assert_snapshot!(message, @r#"FILE: field "id" has 1001 different labels, more than 1000; is it the right field?"#);
}

#[test]
fn no_reason_repeats_what_a_row_says() {
    let content = b"\"my secret text\"\n{\"body\":\"my secret text\n{\"body\":{\"secret\":1},\"l\":\"x\"}\n\
        {\"body\":\"my secret text\",\"body_format\":\"secret\",\"l\":\"x\"}\n{\"body\":\"a\",\"l\":\"x\"}\n";
    let file = file("jsonl", content);
    let dataset = Dataset::load(file.path(), &fields(&["l"]), &[]).unwrap();
    assert_eq!(dataset.skipped_count, 4);
    assert!(!lines(&dataset.skipped).contains("secret"));
}

#[test]
fn the_format_of_a_body_is_taken_over() {
    let file = file("jsonl", b"{\"body\":\"<p>x</p>\",\"body_format\":\"html\",\"l\":\"x\"}\n");
    let dataset = Dataset::load(file.path(), &fields(&["l"]), &[]).unwrap();
    assert_eq!(dataset.rows[0].body_format, Format::Html);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_csv_writer_writes_comes_back(
        cells in proptest::collection::vec(("[a-z]{1,4}[ ,;\"\n\r\tä]{0,5}[a-z]{1,4}", "[A-C]"), 1..12),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["body", "label"]).unwrap();
        for (body, label) in &cells {
            writer.write_record([body, label]).unwrap();
        }
        let file = file("csv", &writer.into_inner().unwrap());
        let dataset = Dataset::load(file.path(), &fields(&["label"]), &[]).unwrap();
        prop_assert_eq!(dataset.skipped_count, 0);
        let back: Vec<(String, String)> = dataset
            .rows
            .into_iter()
            .map(|row| (row.body, row.labels["label"].clone()))
            .collect();
        prop_assert_eq!(back, cells);
    }

    #[test]
    fn no_bytes_make_the_reader_fail_in_any_other_way_than_by_message(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        extension in "jsonl|csv",
    ) {
        let header: &[u8] = if extension == "csv" { b"body,l\n" } else { b"" };
        let file = file(&extension, &[header, &bytes].concat());
        let _ = Dataset::load(file.path(), &fields(&["l"]), &fields(&["speed"]));
    }
}
