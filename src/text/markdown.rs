//! Markdown to blocks, by way of HTML: knowledge bases mix the two freely, down to Markdown inside
//! the cells of an HTML table, so one converter must see both.

use std::collections::HashSet;

use pulldown_cmark::{CowStr, Event, Options, Parser, html as to_html};

use super::document::Document;
use super::html;

/// Reads CommonMark with the tables, task lists, strike-through and alerts (`> [!NOTE]`) of GitHub.
/// HTML in it is read as by [`html::blocks`], but a placeholder such as `<your-instance>`, which is
/// no HTML element and never closed, stays as it stands. Front matter is read as text: take it off
/// before with [`front_matter::split`](super::front_matter::split). Time is linear in the length of
/// `markdown`.
pub fn blocks(markdown: &str) -> Document {
    let html::Parsed { title, pieces, warnings } = parse(markdown, LineBreaks::Folded);
    Document { title, blocks: pieces.into_iter().map(|piece| piece.block).collect(), warnings }
}

/// What a line break within a paragraph means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineBreaks {
    /// White space, as Markdown has it.
    Folded,
    /// A new line, as people mean it in a message.
    Kept,
}

pub(super) fn parse(markdown: &str, line_breaks: LineBreaks) -> html::Parsed {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_GFM;
    let separated;
    let markdown = match line_breaks {
        LineBreaks::Folded => markdown,
        LineBreaks::Kept => {
            separated = end_quotes(markdown);
            &separated
        }
    };
    let closed = closed_elements(markdown);
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::InlineHtml(tag) if is_placeholder(&tag, &closed) => Event::Text(tag),
        Event::SoftBreak if line_breaks == LineBreaks::Kept => Event::HardBreak,
        event => event,
    });
    let mut out = String::with_capacity(markdown.len() + markdown.len() / 4);
    to_html::push_html(&mut out, events);
    html::parse(&out)
}

/// Ends each quote with its last `>`. Markdown goes on with a paragraph of the quote in the next
/// line even without a `>`, which would make an answer part of what it answers.
fn end_quotes(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len() + 16);
    let mut quoted = false;
    for line in markdown.split_inclusive('\n') {
        let is_quote = line.trim_start().starts_with('>');
        if quoted && !is_quote {
            out.push('\n');
        }
        quoted = is_quote;
        out.push_str(line);
    }
    out
}

/// Names of the elements that are closed somewhere, in lower case.
fn closed_elements(markdown: &str) -> HashSet<String> {
    markdown.split("</").skip(1).map(|rest| element_name(rest).to_ascii_lowercase()).collect()
}

/// Whether a tag stands for something that the reader is to fill in.
fn is_placeholder(tag: &CowStr<'_>, closed: &HashSet<String>) -> bool {
    let Some(inner) = tag.strip_prefix('<') else {
        return false;
    };
    let name = element_name(inner).to_ascii_lowercase();
    // Microsoft's documentation breaks addresses up with <nolink>, so that they do not become links.
    let known = name == "nolink" || html::is_element(name.as_bytes());
    !name.is_empty() && !known && !tag.contains('=') && !closed.contains(&name)
}

fn element_name(tag: &str) -> &str {
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_' && c != ':');
    tag.get(..end.unwrap_or(tag.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::fmt::Write;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn read(markdown: &str) -> String {
        let mut out = String::new();
        for block in blocks(markdown).blocks {
            writeln!(out, "{:?}: {}", block.kind, block.text.replace('\n', "⏎")).unwrap();
        }
        out
    }

    #[test]
    fn an_article_becomes_blocks_without_markup() {
        let markdown = "# Reset *your* password\n\nOpen the [portal](https://x.example) or\n`Ctrl`+`F5` &amp; \
            sign in \\(SSO\\).\n\n1.  Choose **Account**\n\n    -   from the app\n2.  Done\n\n```cmd\nnet user\n  x <y>\n```\n\n\
            > [!NOTE]\n> Ask first.\n\n> cited\n\n![Error 5](e.png)\n\n- [x] checked";
        assert_eq!(blocks(markdown).title.as_deref(), Some("Reset your password"));
        insta::assert_snapshot!(read(markdown), @"
        Heading(1): Reset your password
        Paragraph: Open the portal or Ctrl+F5 & sign in (SSO).
        ListItem: Choose Account
        ListItem: from the app
        ListItem: Done
        Code: net user⏎  x <y>
        Paragraph: Ask first.
        Quote: cited
        Paragraph: [image: Error 5]
        ListItem: checked
        ");
    }

    #[test]
    fn tables_in_markdown_and_in_html_become_rows() {
        insta::assert_snapshot!(read(
            "|Code|Meaning|\n|--|--|\n|**691**|Wrong<br>password|\n\n<table id=\"t\"><tbody><tr><td>\n\n\
             **If you are new.**\n\n</td><td>\n\n1.  Sign up.\n2.  Confirm.\n\n</td></tr></tbody>\n</table>    After."
        ), @"
        Paragraph: Code | Meaning
        Paragraph: 691 | Wrong⏎password
        Paragraph: If you are new. | Sign up. Confirm.
        Paragraph: After.
        ");
    }

    #[test]
    fn a_placeholder_stays_and_an_unknown_element_goes() {
        insta::assert_snapshot!(read(
            "Open <your instance> at http<nolink>://x.example/<site-id> and <b>press</b> <kbd-key>F5</kbd-key>."
        ), @"Paragraph: Open <your instance> at http://x.example/<site-id> and press F5.");
    }

    #[test]
    fn deep_nesting_takes_linear_time() {
        for part in ["> ", "- ", "[", "*a ", "<div>", "`", "![", "_a__"] {
            let markdown = format!("{}x", part.repeat(50_000));
            // Were it the square, it would be minutes at best; the limit is for the slowest of machines.
            let start = Instant::now();
            blocks(&markdown);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(60), "{part} took {took:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(markdown in "([>*_#|`~<\\[\\]()!:=+.-]|\n|\t| |</?div>|<td>|\\PC){0,60}") {
            blocks(&markdown);
        }
    }
}
