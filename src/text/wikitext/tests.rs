#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::text::{Format, html, references};

fn read(wikitext: &str) -> String {
    let mut out = String::new();
    for block in html::blocks(&page(wikitext).html).blocks {
        writeln!(out, "{:?}: {}", block.kind, block.text.replace('\n', "⏎")).unwrap();
    }
    out
}

#[test]
fn a_page_becomes_headings_lists_tables_and_text() {
    let text = "__TOC__\n'''LarkVPN''' drops, [[VPN|the tunnel]] and\n[https://larkfield.example the portal].\n\n\
        == What to do ==\n# Update <!-- old -->the client\n## to 5.2<ref>Notes</ref>\n* Restart\n\n\
        {| class=\"wikitable\"\n! Code !! Cause\n|-\n| style=\"x\" | 809 || [[Firewall]]\n|}\n\
        {{Warning|Do not [[File:x.png|thumb|reset]].|type=red}}\nPut <your name> here.\n<pre>\nrun 'x' && y\n</pre>\n\
        [[Category:Network]]";
    insta::assert_snapshot!(read(text), @r"
    Paragraph: LarkVPN drops, the tunnel and the portal.
    Heading(2): What to do
    ListItem: Update the client
    ListItem: to 5.2
    ListItem: Restart
    Paragraph: Code | Cause
    Paragraph: 809 | Firewall
    Paragraph: Do not [image: reset] . Put <your name> here.
    Code: run 'x' && y
    ");
    assert_eq!(page(text).categories, ["Network"]);
    assert_eq!(page(text).templates, 1);
}

#[test]
fn images_stay_as_references_with_their_captions() {
    let html = page("[[File:Panel view.png|thumb|200px|The panel]] [[Image:a.gif|left]]").html;
    let found: Vec<(String, String)> =
        references(&html, Format::Html).into_iter().map(|found| (found.address, found.alt)).collect();
    let expected = [("Panel view.png", "The panel"), ("a.gif", "")];
    assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn what_never_ends_is_text() {
    assert_eq!(read("{{note and [[more and <pre"), "Paragraph: {{note and [[more and <pre\n");
}

proptest! {
    #[test]
    fn any_text_is_read_to_its_end(
        text in "(\\{\\{|\\}\\}|\\[\\[|\\]\\]|\\{\\||\\|\\}|\n|\\||=|\\*|'''|<pre>|</pre>|<!--|-->|<ref>|File:|\\[https://|\\PC){0,40}",
    ) {
        page(&text);
    }
}
