//! What other products export.

use super::*;
use crate::store::{ArticleStatus, Audience};
use crate::text::html;

fn attached(article: &Article) -> Vec<(&str, &str)> {
    article.attachments.iter().map(|one| (one.address.as_str(), one.alt.as_str())).collect()
}

fn shown(article: &Article) -> String {
    html::blocks(&article.body).blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join(" / ")
}

#[test]
fn a_wiki_gives_its_pages_and_counts_redirects_and_talk() {
    let mut reader = read(&fixture("wiki.xml")).unwrap();
    let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
    let [Row { article, warnings, place }] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((article.id.as_str(), article.title.as_str()), ("7", "LarkVPN drops"));
    assert_eq!(place.to_string(), "wiki.xml, page \"LarkVPN drops\"");
    assert_eq!(article.category.as_deref(), Some("Network"));
    assert_eq!(article.tags, ["Network", "VPN"]);
    assert_eq!(article.updated_at.unwrap().to_string(), "2026-03-04T10:00:00Z");
    assert_eq!(attached(article), [("Panel.png", "The panel of LarkVPN")]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    insta::assert_snapshot!(shown(article), @"LarkVPN drops when the lease ends & <your site> is far. Never share the token. / What to do / Update the client to 5.2. / Restart it. / [image: The panel of LarkVPN] / Code | Cause / 809 | Blocked");
    let skipped: Vec<(String, u64)> = reader.skipped().counts().into_iter().collect();
    assert_eq!(skipped, [("page of another namespace".to_owned(), 1), ("redirect".to_owned(), 1)]);
}

#[test]
fn a_wiki_that_breaks_off_keeps_what_came_before() {
    let text = fs::read_to_string(fixture("wiki.xml")).unwrap();
    let cut = text.find("<title>VPN drops").unwrap();
    let rows = from_text(Kind::MediaWiki, &format!("{}<title>&#xZZ;", &text[..cut]));
    assert_eq!(rows.len(), 2);
    let error = rows[1].as_ref().unwrap_err();
    assert!(matches!(error.problem, Problem::BrokenXml(_)), "{error}");
    let huge = format!("<page><text>{}", "x".repeat(MAX_ROW_BYTES + 1));
    assert!(from_text(Kind::MediaWiki, &huge)[0].is_err());
}

/// Found by fuzzing: every text cost its depth, and this took minutes.
#[test]
fn a_wiki_that_is_as_deep_as_it_is_long_costs_its_length() {
    assert!(from_text(Kind::MediaWiki, &"&lt;&a;<page>".repeat(100_000)).is_empty());
}

#[test]
fn zammad_gives_an_article_for_each_translation() {
    let rows: Vec<Row> = read(&fixture("zammad.json")).unwrap().map(Result::unwrap).collect();
    let [german, internal, english] = rows.as_slice() else { panic!("{rows:?}") };
    let (english, german) = (&english.article, &german.article);
    assert_eq!((english.id.as_str(), english.title.as_str()), ("zammad-5-en-us", "VPN drops"));
    assert_eq!((english.audience, english.status), (Audience::Customer, ArticleStatus::Published));
    assert_eq!(english.category.as_deref(), Some("Network::VPN"));
    assert_eq!(
        (english.language.as_deref(), english.tags.as_slice()),
        (Some("en"), ["vpn".to_owned()].as_slice())
    );
    let expected = [("/api/v1/attachments/12", "form.pdf"), ("/api/v1/attachments/13", "The icon")];
    assert_eq!(attached(english), expected);
    assert_eq!((german.id.as_str(), german.language.as_deref()), ("zammad-5-de-de", Some("de")));
    assert_eq!((internal.article.audience, internal.article.body.as_str()), (Audience::Agent, ""));
    assert!(internal.warnings[0].contains("answer_translation_content_ids"), "{:?}", internal.warnings);
}

#[test]
fn a_broken_zammad_file_is_refused_with_what_to_do() {
    let error = from_bytes(Kind::JsonArray, b"{\"KnowledgeBaseAnswer\": [1, 2]}".to_vec()).err().unwrap();
    assert!(error.to_string().contains("/api/v1/knowledge_bases/init"), "{error}");
}

#[test]
fn a_confluence_page_is_read_without_its_frame() {
    let mut reader = read(&fixture("confluence")).unwrap();
    let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
    let [Row { article, warnings, .. }] = rows.as_slice() else { panic!("{rows:?}") };
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((article.id.as_str(), article.title.as_str()), ("VPN-drops_101", "VPN drops"));
    assert_eq!(article.category.as_deref(), Some("Network::VPN"));
    assert_eq!(article.updated_at.unwrap().to_string(), "2026-03-04T00:00:00Z");
    assert_eq!(shown(article), "Cause / The lease ends. / [image: The panel]");
    assert_eq!(
        attached(article),
        [("attachments/101/7.png", "The panel"), ("attachments/101/8.pdf", "form.pdf")]
    );
    assert_eq!(reader.skipped().counts()["table of contents"], 1);
}

#[test]
fn any_confluence_page_is_read_to_its_end() {
    let whole = fs::read_to_string(fixture("confluence").join("VPN-drops_101.html")).unwrap();
    for cut in (0..whole.len()).step_by(17) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.html"), &whole[..cut]).unwrap();
        read(folder.path()).unwrap().for_each(drop);
    }
}
