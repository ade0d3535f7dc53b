//! What becomes of the fields of one article.

use serde_json::json;

use super::*;
use crate::store::{ArticleStatus, Audience};
use crate::text::Format;

#[test]
fn what_front_matter_leaves_open_is_read_narrowly_and_told() {
    let rows: Vec<Row> =
        read(&fixture("folder/network/broken-front-matter.md")).unwrap().map(Result::unwrap).collect();
    insta::assert_snapshot!(rows[0].warnings.join("\n"), @r#"
        the front matter is not valid YAML (line 2): it was read field by field, and broken fields as plain text. Quote values which contain `: ` or begin with a special character
        field `audience`: "partners" is not known; use one of customer, agent; the narrower reading was taken
        field `status`: "review" is not known; use one of published, draft, archived; the narrower reading was taken
        "#);
    assert_eq!(rows[0].article.id, "broken-front-matter");
    assert_eq!(rows[0].article.audience, Audience::Agent);
    assert_eq!(rows[0].article.status, ArticleStatus::Draft);
}

#[test]
fn the_body_is_html_only_beyond_doubt() {
    let format = |body: &str| one(json!({"id": 1, "title": "t", "body": body})).article.body_format;
    assert_eq!(format("<p>Restart.</p>"), Format::Html);
    assert_eq!(format("<!doctype html><title>x</title>x"), Format::Html);
    assert_eq!(format("<p>Restart.</p> Then wait"), Format::Html);
    assert_eq!(format("<a name=\"top\"></a>\n# Title\n\nText"), Format::Markdown);
    assert_eq!(format("<username> is your name, </b>"), Format::Html);
    assert_eq!(format("Press <kbd>F2</kbd>"), Format::Markdown);
    assert_eq!(format("< 5 minutes </p>"), Format::Markdown);
}

#[test]
fn a_draft_stays_a_draft_whatever_its_status_says() {
    let status = |status: Option<&str>, draft: serde_json::Value| {
        one(json!({"id": 1, "title": "t", "status": status, "draft": draft})).article.status
    };
    assert_eq!(status(None, json!(true)), ArticleStatus::Draft);
    assert_eq!(status(Some("published"), json!("yes")), ArticleStatus::Draft);
    assert_eq!(status(Some("archived"), json!(true)), ArticleStatus::Archived);
    assert_eq!(status(None, json!(false)), ArticleStatus::Published);
}

#[test]
fn optional_fields_of_the_wrong_type_are_left_out_with_a_warning() {
    let row = one(
        json!({"id": 1, "title": "t", "body": "x", "category": {"id": 4}, "tags": [[1]], "language": "english",
        "updated_at": true, "url": ["x"]}),
    );
    insta::assert_snapshot!(row.warnings.join("\n"), @"
        field `url`: is a list, not text, and was left out
        field `category`: is an object, not text, and was left out
        field `tags`: holds a list where text was expected, and was left out
        field `language`: is no language code such as en or en-US, and was left out
        field `updated_at`: is true or false, not text, and was left out
        ");
    assert_eq!(row.article.category, None);
}

#[test]
fn an_article_without_a_title_takes_its_first_heading() {
    let titles = |body: &str| one(json!({"id": 1, "body": body})).article.title;
    assert_eq!(titles("## Small\n\nx\n\n# Large\n\ny"), "Large");
    assert_eq!(titles("## Small\n\nx"), "Small");
    assert_eq!(titles("Just text"), "");
}

#[test]
fn a_long_title_is_cut_and_told() {
    let row = one(json!({"id": 1, "title": "ä ".repeat(400), "body": "x"}));
    assert_eq!(row.article.title.chars().count(), 500);
    assert_eq!(row.warnings, ["field `title`: was cut to 500 characters"]);
}

#[test]
fn byte_order_marks_are_no_text() {
    let rows = from_text(
        Kind::JsonLines,
        "\u{feff}{\"id\":1,\"title\":\"t\",\"body\":\"\u{feff}---\\ntitle: x\\n---\\nBody\"}",
    );
    assert_eq!(rows[0].as_ref().unwrap().article.body, "Body");
}

#[test]
fn an_article_that_only_its_title_tells_of_says_so() {
    let row = one(json!({"id": 1, "title": "t", "body": "<p> </p>"}));
    assert_eq!(row.warnings, ["field `body`: holds no text; the article can only be found by its title"]);
    let refused = from_text(Kind::JsonLines, r#"{"id": 1, "body": "<p> </p>"}"#);
    assert_eq!(refused[0].as_ref().unwrap_err().problem, Problem::Empty);
}
