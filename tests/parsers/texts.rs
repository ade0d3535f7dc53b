//! Mail, HTML, Markdown, wiki pages and front matter.

use deskhand::knowledge::passages;
use deskhand::store::Article;
use deskhand::text::masking::{self, Masking};
use deskhand::text::{self, Format, Places};

use super::{Parser, fixtures, plain};

pub const PARSERS: &[Parser] = &[
    Parser { name: "mail", seeds: mails, words: MAIL, read: mail },
    Parser { name: "html", seeds: pages, words: HTML, read: html },
    Parser { name: "markdown", seeds: articles, words: MARKDOWN, read: markdown },
    Parser { name: "wikitext", seeds: wiki, words: WIKI, read: wikitext },
    Parser { name: "masking", seeds: mails, words: PERSONAL, read: mask },
    Parser { name: "language", seeds: mails, words: MAIL, read: language },
];

const MAIL: &[&str] = &[
    "\n",
    "\r\n",
    "> ",
    ">",
    "On Mon, 2 Mar 2026 at 9:12, E <e@x.example> wrote:\n",
    "Kind regards,\n",
    "-- \n",
    "-----Original Message-----\n",
    "From: Eva\n",
    "Sent: Monday 9:12\n",
    "Sent from my iPhone\n",
    "This e-mail is confidential and intended solely for the addressee.\n",
    "\u{200b}",
    "\u{feff}",
    "\u{0}",
    "<p>",
    "<blockquote>",
    "&nbsp;",
    "Thanks, ",
    "a",
    "é",
];

const HTML: &[&str] = &[
    "<div>",
    "</div>",
    "<table><tr><td>",
    "<ul><li>",
    "<h1>",
    "<pre>",
    "<script>",
    "<style>",
    "<textarea>",
    "<!--",
    "-->",
    "<![CDATA[",
    "<!DOCTYPE ",
    "&amp;",
    "&#x10ffff;",
    "&#99999999999;",
    "&lt",
    "<a href=\"",
    "<img alt='",
    "colspan=99999999",
    " style=\"display:none\"",
    "<b",
    "=",
    "\"",
    "'",
    ">",
    "/",
    "<svg>",
    "<math>",
    "<template>",
    "<blockquote type=cite>",
    "<div class=\"gmail_quote\">",
    "\u{0}",
    "x ",
];

const MARKDOWN: &[&str] = &[
    "---\n",
    "- ",
    "  ",
    "# ",
    "> ",
    "`",
    "```\n",
    "[",
    "](",
    ")",
    "![",
    "*",
    "_",
    "|",
    "|-|\n",
    "<b>",
    "\n",
    "&a: &a",
    "*a",
    ": ",
    "{",
    "}",
    "<<: ",
    "tags: [",
    "!!binary ",
    "1. ",
    "~~",
    "[^1]",
    "a",
];

const WIKI: &[&str] = &[
    "{{",
    "}}",
    "{|",
    "|}",
    "|-\n",
    "[[",
    "]]",
    "''",
    "'''",
    "==",
    "<nowiki>",
    "</nowiki>",
    "<ref>",
    "\n*",
    "\n#",
    ";",
    ":",
    "|",
    "{{{",
    "<!--",
    "#REDIRECT [[",
    "http://x ",
    "[http://",
    "\n",
    "a",
];

const PERSONAL: &[&str] = &[
    "a@b.example",
    "@",
    ".",
    "+49 30 1234567",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "192.0.2.1",
    "::1",
    "2001:db8::",
    "Dear Mr Smith,\n",
    "Kind regards,\nEva Blom\n",
    "0",
    "-",
    " ",
    "1985",
    "/",
    "(",
    ")",
    "Mrs ",
    "é",
    "\n",
];

fn mails() -> Vec<Vec<u8>> {
    let mut all = plain(&[
        "Hi team,\n\nthe VPN drops.\n\nKind regards,\nEva Blom\n+49 30 1234567\n\n-----Original Message-----\nFrom: A <a@b.example>\nSent: Monday\nSubject: x\n\nold words",
        "On Mon, 2 Mar 2026 at 9:12, E <e@x.example> wrote:\n> quoted\n>> deeper\n\nmy own words\n-- \nsmall print",
        "<div>Own words</div><blockquote type=\"cite\"><p>quoted</p></blockquote><p>Dear Mr Smith, my card is 4111 1111 1111 1111</p>",
    ]);
    all.extend(fixtures("tests/fixtures", &["replies.txt", "replies_later.txt", "foreign.jsonl"]));
    all
}

fn pages() -> Vec<Vec<u8>> {
    let mut all = fixtures("tests/fixtures/knowledge", &[".html"]);
    all.extend(plain(&[
        "<table><caption>c</caption><tr><th colspan=2>a<td rowspan=3>b</table><pre>  x\n</pre><ol start=5><li>1<li>2</ol>",
        "<p>a<br>b &eacute; &#233; <img src=x alt=\"y\"><a href=\"/z\">z</a><!-- c --><script>if (a < b) {}</script>",
    ]));
    all
}

fn articles() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge/folder", &[".md", ".markdown"])
}

fn wiki() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge", &["wiki.xml"])
}

const FORMATS: [Format; 3] = [Format::Text, Format::Html, Format::Markdown];

fn mail(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    for format in FORMATS {
        let cleaned = text::mail::clean(&body, format);
        let mut places = Places::new(&body, format);
        for (line, source) in cleaned.text.split('\n').zip(&cleaned.sources) {
            let found = places.find(line, source, std::slice::from_ref(&(0..line.len())));
            let inside = found.into_iter().flatten().all(|place| body.get(place).is_some());
            assert!(inside, "a place is outside of the body");
        }
        text::mail::own(&body, format, true);
        text::reply::classify(&body, format, [("auto-submitted", &*body)]);
    }
}

fn html(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    let document = text::html::blocks(&body);
    text::references(&body, Format::Html);
    assert!(document.blocks.len() <= body.len() + 1, "there are more blocks than bytes");
    passages_of(&body, Format::Html);
}

fn markdown(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    text::front_matter::split(&body);
    text::markdown::blocks(&body);
    text::references(&body, Format::Markdown);
    passages_of(&body, Format::Markdown);
}

fn passages_of(body: &str, body_format: Format) {
    let article = Article { body: body.to_owned(), body_format, ..Article::default() };
    passages::split(&article);
}

fn wikitext(data: &[u8]) {
    text::wikitext::page(&String::from_utf8_lossy(data));
}

fn mask(data: &[u8]) {
    let words = String::from_utf8_lossy(data);
    let all = Masking::default();
    let masked = masking::mask(&words, &all).text;
    let again = masking::mask(masked.as_str(), &all).text;
    assert_eq!(masked, again, "masking twice is masking once");
    let _ = masking::for_drafts(&words, |word| word.len() > 3);
}

fn language(data: &[u8]) {
    text::language::detect(&String::from_utf8_lossy(data));
}
