//! Whole files and folders, good and broken ones.

use std::io;

use serde_json::json;

use super::*;
use crate::store::{ArticleStatus, Audience};
use crate::text::Format;

#[test]
fn json_lines_are_read_under_the_names_of_other_products() {
    insta::assert_snapshot!(told("articles.jsonl"), @"
        articles.jsonl, line 1: kb-101 | Connect to the VPN from home
        articles.jsonl, line 3: 102 | Reset the label printer at a packing bench
        articles.jsonl, line 4: kb-103 | Unlock an account after five wrong passwords
        articles.jsonl, line 5: kb-104 | Why the app shows CC-1042
          ! field `url`: is no web address (http:// or https://) and was left out
          ! field `updated_at`: is no date that can be read in one way only; write 2026-11-21
        ");
    let read = articles("articles.jsonl");
    let [vpn, printer, unlock, error] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!(vpn.audience, Audience::Customer);
    assert_eq!(vpn.language.as_deref(), Some("en"));
    assert_eq!(vpn.body_format, Format::Markdown);
    assert_eq!(printer.id, "102");
    assert_eq!(printer.body_format, Format::Html);
    assert_eq!(printer.tags, ["printer", "warehouse"]);
    assert_eq!(printer.updated_at.unwrap().to_string(), "2026-08-19T00:00:00Z");
    assert_eq!(unlock.category.as_deref(), Some("access"));
    assert_eq!(unlock.updated_at.unwrap().to_string(), "2026-03-04T00:00:00Z");
    assert!(unlock.body.starts_with("# Unlock an account"), "{}", unlock.body);
    assert_eq!(error.body_format, Format::Html);
    assert_eq!(error.status, ArticleStatus::Archived);
    assert_eq!((error.url.as_deref(), error.updated_at), (None, None));
}

#[test]
fn a_bad_row_is_told_with_its_line_and_the_rest_go_on() {
    insta::assert_snapshot!(told("broken.jsonl"), @r#"
        broken.jsonl, line 1: kb-1 | Good
        refused: broken.jsonl, line 2: not valid JSON: EOF while parsing a string (line 2, position 31)
        refused: broken.jsonl, line 3: the row is a list; it must be a JSON object such as {"id":"…","title":"…","body":"…"}
        refused: broken.jsonl, line 4, field `id`: is missing; give each article one that no other has
        refused: broken.jsonl, line 5: the article has neither a title nor a body; fill one of them or remove the row
        refused: broken.jsonl, line 6, field `audience`: "costumer" is not known; use one of customer, agent
        refused: broken.jsonl, line 7, field `title`: is a list; it must be text
        refused: broken.jsonl, line 8, field `body_format`: "rtf" is not known; use one of text, html, markdown
        broken.jsonl, line 9: kb-1 | Good
          ! field `id`: was given before (broken.jsonl, line 1); this article replaces that one
        "#);
}

#[test]
fn csv_is_read_with_commas_semicolons_and_tabs() {
    let texts = |name: &str| -> Vec<(String, String, String)> {
        let fields = |article: Article| (article.id, article.title, article.body);
        articles(name).into_iter().map(fields).collect()
    };
    let comma = texts("comma.csv");
    assert_eq!(comma.len(), 3);
    assert_eq!(comma[0].2, "Open the calendar, choose \"Rooms\".\n\nThen pick a room with enough seats.");
    assert_eq!(comma[1].1, "Return a laptop, phone or badge");
    assert_eq!(articles("comma.csv")[0].tags, ["rooms", "calendar"]);
    assert_eq!(texts("semicolon.csv")[0].2, "Permits cost 4,50 € a day;\r\nvisitors park free.");
    assert_eq!(articles("semicolon.csv")[1].language.as_deref(), Some("fr"));
    assert_eq!(texts("tabs.tsv")[1].2, "Switch the \"Vent\" off first.");
}

#[test]
fn windows_1252_is_refused_by_line_and_byte() {
    insta::assert_snapshot!(told("windows-1252.csv"), @r#"
        windows-1252.csv, line 2: kb-501 | Plain
        refused: windows-1252.csv, line 3: not UTF-8: byte 0xE9 at position 11 of the line, probably Windows-1252; save the file as UTF-8 (in Excel: "CSV UTF-8")
        windows-1252.csv, line 4: kb-503 | Stairs
        "#);
}

#[test]
fn a_quotation_mark_that_is_never_closed_costs_one_row() {
    insta::assert_snapshot!(told("unclosed.csv"), @"
        unclosed.csv, line 2: kb-601 | Good
        refused: unclosed.csv, line 3: a quotation mark opens a field and none closes it; add the missing one, or double those inside the text
        unclosed.csv, line 4: kb-603 | Good
        refused: unclosed.csv, line 5: the row has 2 columns and the header 3; look for a missing or a stray quotation mark or separator
        unclosed.csv, line 6: kb-605 | Good
        ");
}

#[test]
fn a_file_of_unclosed_quotation_marks_is_given_up_in_time() {
    let text = format!("id,title,body\n{}", "x\",\"\n".repeat(100));
    let rows = from_text(Kind::Csv, &text);
    let last = rows.last().unwrap().as_ref().unwrap_err();
    assert_eq!(last.problem, Problem::TooManyUnclosedQuotes);
}

#[test]
fn a_help_centres_export_is_read() {
    insta::assert_snapshot!(told("help-center.json"), @"
        help-center.json, line 7: 360001 | Pair a Leaf sensor
        help-center.json, line 14: 360002 | Unfinished
          ! field `body`: holds no text; the article can only be found by its title
        refused: help-center.json, line 15: not valid JSON: expected `,` or `}` (line 15, position 54)
        help-center.json, line 16: 360004 | What the hub's lights mean
        ");
    let read = articles("help-center.json");
    let [pair, unfinished, _] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!(pair.url.as_deref(), Some("https://help.example/hc/en-us/articles/360001-Pair-a-Leaf-sensor"));
    assert_eq!(pair.updated_at.unwrap().to_string(), "2026-02-03T04:05:06Z");
    assert_eq!(pair.tags, ["leaf", "pairing"]);
    assert_eq!(pair.audience, Audience::Agent);
    assert_eq!(unfinished.status, ArticleStatus::Draft);
}

#[test]
fn a_folder_is_walked_in_the_order_of_its_paths() {
    let mut reader = read(&fixture("folder")).unwrap();
    let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
    let told: Vec<String> = rows
        .iter()
        .map(|row| format!("{} | {} | {}", row.place, row.article.id, row.article.title))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
        network/broken-front-matter.md | network/broken-front-matter | Ports: which are open
        network/proxy.markdown | network/proxy | Set up the proxy
        network/wifi.md | kb-wifi | Connect to the staff Wi-Fi
        printing/badge.html | printing/badge | Print with your badge
        printing/toner.txt | printing/toner | toner
        ");
    let skipped: Vec<(String, u64)> = reader.skipped().counts().into_iter().collect();
    assert_eq!(skipped, [(".png".to_owned(), 2), ("without extension".to_owned(), 1)]);
    let wifi = rows.iter().find(|row| row.article.id == "kb-wifi").unwrap();
    assert_eq!(wifi.article.audience, Audience::Customer);
    assert_eq!(wifi.article.category.as_deref(), Some("Network::Wi-Fi and LAN"));
    assert!(wifi.article.body.starts_with("Choose **LARK-STAFF**"), "{}", wifi.article.body);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_above_is_not_followed_forever() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), "# A\n\nText.").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    let mut reader = read(folder.path()).unwrap();
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 1);
    assert_eq!(reader.skipped().counts().into_values().sum::<u64>(), 1);
}

#[test]
fn a_row_or_an_article_over_its_limit_is_refused_and_the_rest_go_on() {
    let row = |id: u8, bytes: usize| json!({"id": id, "title": "t", "body": "x".repeat(bytes)}).to_string();
    let rows = [row(1, MAX_ROW_BYTES), row(2, MAX_ARTICLE_BYTES), row(3, 10)];
    for (kind, text) in
        [(Kind::JsonLines, rows.join("\n")), (Kind::JsonArray, format!("[{}]", rows.join(",\n")))]
    {
        let rows = from_text(kind, &text);
        let problems: Vec<_> =
            rows.iter().map(|row| row.as_ref().err().map(|error| &error.problem)).collect();
        assert_eq!(problems, [Some(&Problem::RowTooLong), Some(&Problem::ArticleTooLarge), None]);
    }
}

#[test]
fn a_source_that_cannot_be_read_at_all_is_refused_with_what_to_do() {
    let refusal = |kind, bytes: &[u8]| from_bytes(kind, bytes.to_vec()).err().unwrap().to_string();
    let told = [
        read(&fixture("folder/printing/panel.png"))
            .err()
            .unwrap()
            .to_string()
            .replace(env!("CARGO_MANIFEST_DIR"), ""),
        refusal(Kind::Csv, b""),
        refusal(Kind::Csv, b"key,title\n1,x\n"),
        refusal(Kind::Csv, b"id,summary\n1,x\n"),
        refusal(Kind::Csv, b"id,body,Body\n1,x,y\n"),
        refusal(Kind::Csv, b"id,titre,cl\xe9\n"),
        refusal(Kind::JsonArray, b"{\"results\": []}"),
        refusal(Kind::JsonArray, b"7"),
        refusal(Kind::JsonLines, b"\xff\xfe{\0}\0"),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
        /tests/fixtures/knowledge/folder/printing/panel.png is none of the kinds that can be imported: .jsonl, .ndjson, .json, .csv, .tsv, .xml, .md, .markdown, .html, .htm, .txt, or a folder of such articles; rename or convert it
        body, line 1: the header row is missing: the file is empty
        body, line 1: the header row has no column `id` (it has: key, title); add one
        body, line 1: the header row has neither a column `title` nor `body` (it has: id, summary); name them so
        body, line 1: the header row names the column `body` twice; rename one of them
        body, line 1: the header row cannot be read: not UTF-8: byte 0xE9 at position 12 of the line, probably Windows-1252; save the file as UTF-8 (in Excel: "CSV UTF-8")
        body must be an array of articles, or an object whose `articles` is such an array, as a help centre exports it
        body must be an array of articles, or an object whose `articles` is such an array, as a help centre exports it
        body is UTF-16; save it as UTF-8 (in Excel: "CSV UTF-8")
        "#);
}

#[test]
fn a_json_array_that_breaks_off_says_so() {
    let told = |text: &'static str| lines(from_bytes(Kind::JsonArray, text.as_bytes().to_vec()).unwrap());
    let told = [
        told("[{\"id\":1,\"body\":\"# a\"},\n{\"id\":2"),
        told("[\n{\"id\":1,\"body\":\"# a\"}\n"),
        told("[}, 1]"),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
        body, line 1: 1 | a
        refused: body, line 2: the JSON array is broken here (the file ends inside of this article); what follows was not read: export the file again
        body, line 2: 1 | a
        refused: body, line 3: the JSON array is broken here (the file ends before the array is closed); what follows was not read: export the file again
        refused: body, line 1: the JSON array is broken here (a bracket or colon stands where an article should); what follows was not read: export the file again
        ");
}

#[test]
fn a_stream_that_fails_is_told_and_ends() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let start = Cursor::new(&b"{\"id\":1,\"body\":\"# a\"}\n"[..]);
    let told = lines(read_from(Kind::JsonLines, "body", start.chain(Failing)).unwrap());
    insta::assert_snapshot!(told, @"
        body, line 1: 1 | a
        refused: body, line 1: reading failed (the disk is gone); repair the file or its permissions and import it again
        ");
}
