#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::text::document::Role;

/// One line for each block: its kind, its part where it is not the writer's own, its text.
fn read(html: &str) -> String {
    let mut out = String::new();
    for Piece { block, role, .. } in parse(html).pieces {
        let kind = match block.kind {
            BlockKind::Heading(level) => format!("h{level}"),
            kind => format!("{kind:?}").to_lowercase(),
        };
        let role = match role {
            Role::Own => String::new(),
            role => format!(" ({role:?})"),
        };
        writeln!(out, "{kind}{role}: {}", block.text.replace('\n', "⏎")).unwrap();
    }
    out
}

#[test]
fn a_page_becomes_headings_paragraphs_lists_and_code() {
    let html = "<!doctype html><html><head><meta charset=utf-8><title>Reset  a\npassword</title>
        <style>p { color: red }</style></head><body><h1>Reset your <em>password</em></h1>
        <p>Open <a href='/portal'>the portal</a>&nbsp;&amp; sign&shy;in.<br>Then:</p>
        <ol><li>Choose <b>Account</b></li><li><p>Type the code</p><ul><li>from the app</li></ul></li></ol>
        <pre><code>net user %USERNAME%\n    /domain</code></pre><hr>Done.<script>alert('x < y')</script></body></html>";
    assert_eq!(blocks(html).title.as_deref(), Some("Reset a password"));
    insta::assert_snapshot!(read(html), @"
    h1: Reset your password
    paragraph: Open the portal & signin.⏎Then:
    listitem: Choose Account
    listitem: Type the code
    listitem: from the app
    code: net user %USERNAME%⏎    /domain
    paragraph: Done.
    ");
}

#[test]
fn the_first_heading_stands_in_for_a_missing_title() {
    let document = blocks("<svg><title>Icon</title></svg><h2>News</h2><h1>VPN</h1>");
    assert_eq!(document.title.as_deref(), Some("VPN"));
}

#[test]
fn rows_of_data_are_joined_and_columns_of_a_layout_are_not() {
    insta::assert_snapshot!(read(
        "<table><thead><tr><th>Code<th>Meaning</tr></thead>
         <tr><td>691</td><td><p>Wrong</p><p>password</p></td></tr><tr><td></td><td>alone</td></tr></table>
         <table><tr><td><h2>Left</h2><p>One</p><p>Two</p></td><td><p>Right</p></td></tr></table>
         <table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    ), @"
    paragraph: Code | Meaning
    paragraph: 691 | Wrong password
    paragraph: alone
    h2: Left
    paragraph: One
    paragraph: Two
    paragraph: Right
    paragraph: a | b
    ");
}

#[test]
fn images_keep_their_alternative_text_and_tracking_pixels_vanish() {
    insta::assert_snapshot!(read(
        "See<img src=a.png alt='Error  0x80'>here <img src=t.gif width=1 height=1 alt=track>
         <img src=u.gif style='width: 1px' alt=track><img src=v.gif alt=''>end"
    ), @"paragraph: See [image: Error 0x80] here end");
}

#[test]
fn hidden_preheaders_are_skipped() {
    insta::assert_snapshot!(read(
        "<div style='DISPLAY : none; max-height:0'>Preheader <div>nested</div> more</div>
         <p hidden>no</p><noscript>Turn on scripts</noscript><template>t</template>
         <p>Real <span style='display:none'>not</span> text</p>"
    ), @"paragraph: Real text");
}

#[test]
fn a_hidden_element_that_is_never_closed_hides_nothing() {
    let document = blocks("<p>before<div style='display:none'>pre<p>real text");
    assert_eq!(document.warnings, [Warning::Unclosed { element: "hidden" }]);
    let text: Vec<_> = document.blocks.iter().map(|b| b.text.as_str()).collect();
    assert_eq!(text, ["before", "pre", "real text"]);
}

#[test]
fn a_mail_that_is_hidden_as_a_whole_is_read_all_the_same() {
    let document = blocks("<div style='display:none'>printer on fire</div>");
    assert_eq!(document.blocks[0].text, "printer on fire");
    assert_eq!(document.warnings, [Warning::AllHidden]);
}

#[test]
fn tags_that_are_never_closed_lose_no_text() {
    for html in [
        "<style>p{}<p>alpha</p> beta",
        "<script>x=1<p>alpha beta",
        "<title>alpha<p>beta",
        "<!-- alpha <p>beta</p>",
        "<!--[if mso]><p>alpha beta",
        "<a href=\"http://x>alpha</a> <i title='>beta",
        "<template>alpha<p>beta",
        "alpha <beta",
        "<b><i><div>alpha</b></p></i></table></td></ul></li>beta</div></div></div>",
        "alpha </3 beta <p>x</p>",
    ] {
        let text = read(html);
        assert!(text.contains("alpha") && text.contains("beta"), "{html}: {text}");
    }
}

#[test]
fn addresses_in_angle_brackets_stay() {
    insta::assert_snapshot!(read("Eva <eva@example.org> and <https://example.org/a>, 3 < 4"), @"paragraph: Eva <eva@example.org> and <https://example.org/a>, 3 < 4");
}

#[test]
fn a_reply_in_gmail_is_told_from_its_quote_and_its_inline_answers() {
    insta::assert_snapshot!(read(
        "<div dir=ltr>It still fails.<br clear=all><div><br></div>-- <br>
           <div dir=ltr class=gmail_signature><div>Eva<br>Payroll</div></div></div><br>
         <div class='gmail_quote gmail_quote_container'>
           <div dir=ltr class=gmail_attr>On Mon, Mar 2, 2026 Bob &lt;<a>b@x.example</a>&gt; wrote:<br></div>
           <blockquote class=gmail_quote><div>Did you <div>restart?</div></div>
             <blockquote type=cite>older</blockquote></blockquote>
           <div>Yes, twice.</div><blockquote class=gmail_quote>And the cable?</blockquote><div>New.</div>
         </div>after"
    ), @"
    paragraph: It still fails.
    paragraph: --
    paragraph (Signature): Eva⏎Payroll
    quote (Quoted): On Mon, Mar 2, 2026 Bob <b@x.example> wrote:
    quote (Quoted): Did you
    quote (Quoted): restart?
    quote (Quoted): older
    paragraph: Yes, twice.
    quote (Quoted): And the cable?
    paragraph: New.
    paragraph: after
    ");
}

#[test]
fn the_quotes_of_outlook_thunderbird_and_yahoo_are_recognised() {
    insta::assert_snapshot!(read(
        "<div class=WordSection1><p class=MsoNormal>New laptop please</p>
           <div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm'>
           <p><b>From:</b> Ann<br><b>Sent:</b> Monday</p></div><p>old</p></div>
         <div id=x_x_divRplyFwdMsg>From: Bob</div>
         <div class=moz-cite-prefix>Am 02.03. schrieb Bob:<br></div><blockquote type=cite>alt</blockquote>below
         <div id='ydp1yahoo_quoted_12' class=ydp1yahoo_quoted>On Monday wrote <div>old</div></div>
         <div id=Signature>Ann</div><pre class=moz-signature>-- \nAnn</pre>"
    ), @"
    paragraph: New laptop please
    quote (ReplyHeader): From: Ann⏎Sent: Monday
    paragraph: old
    quote (ReplyHeader): From: Bob
    quote (Quoted): Am 02.03. schrieb Bob:
    quote (Quoted): alt
    paragraph: below
    quote (Quoted): On Monday wrote
    quote (Quoted): old
    paragraph (Signature): Ann
    code (Signature): -- ⏎Ann
    ");
}

#[test]
fn indentation_is_no_quote_and_a_bare_blockquote_only_a_citation() {
    insta::assert_snapshot!(read(
        "<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>mine</blockquote>
         <blockquote>Error 5</blockquote><blockquote style='border-left:1px solid'>theirs</blockquote>"
    ), @"
    paragraph: mine
    quote (Cited): Error 5
    quote (Quoted): theirs
    ");
}

#[test]
fn a_document_with_two_hundred_thousand_nested_divs_is_read() {
    let n = 200_000;
    let html = format!("{}deep{}", "<div>".repeat(n), "</div>".repeat(n));
    assert_eq!(read(&html), "paragraph: deep\n");
}

/// Worst cases that would be quadratic with a search through open elements or a restart per tag.
#[test]
fn the_time_grows_with_the_length_and_not_with_its_square() {
    for (open, close) in [
        ("<div>", "</div>"),
        ("<div class=gmail_quote>", "</div>"),
        ("<span hidden>", "</b>"),
        ("<blockquote><span class=gmail_signature>", "</blockquote>"),
        ("<table><tr><td>a<td>", "</table>"),
        ("<ul><li>", "</ol>"),
        ("<style>", "</style "),
        ("<!--", "<a b='"),
        ("<a b=\">", "<a b='>"),
        ("<pre>", "<h1>"),
        ("<p class=signature>", "<p>"),
    ] {
        let html = format!("{}deep{}", open.repeat(100_000), close.repeat(100_000));
        // Were it the square, it would be minutes at best; the limit is for the slowest of machines.
        let start = Instant::now();
        blocks(&html);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(60), "{open} took {took:?}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_leaves_no_empty_block(html in "(<|>|/|!--|-->|=|'|\"|&amp;|p|b|div|td|tr|table|li|ul|style|title|blockquote|hidden| |a|\\PC){0,60}") {
        for block in blocks(&html).blocks {
            prop_assert!(!block.text.trim().is_empty());
        }
    }

    #[test]
    fn words_between_tags_are_kept_in_order_whatever_the_nesting(
        parts in prop::collection::vec((prop::sample::select(vec![
            "<div>", "</div>", "<p>", "</p>", "<b>", "</b>", "<table>", "</table>", "<tr>", "</tr>", "<td>",
            "</td>", "<ul>", "</ul>", "<li>", "</li>", "<blockquote>", "</blockquote>", "<pre>", "</pre>",
            "<h1>", "</h2>", "<br>", "<span class=gmail_signature>", "</span>", "<template>", "<svg>",
            "<p hidden>", "<div class=gmail_quote>",
        ]), "[a-z]{1,5}"), 0..30)
    ) {
        let html: String = parts.iter().map(|(tag, word)| format!("{tag}{word} ")).collect();
        let words: String = parts.iter().map(|(_, word)| word.as_str()).collect();
        prop_assume!(!(html.contains("<p hidden>") && html.contains("</p>")));
        let text: String = blocks(&html).blocks.iter().map(|b| format!("{} ", b.text)).collect();
        let got: Vec<_> = text.split_whitespace().filter(|w| *w != "|").map(str::to_owned).collect();
        prop_assert_eq!(got.concat(), words);
    }
}
