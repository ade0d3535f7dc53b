//! What an element's name, class, id and style say about the text in it: hidden, quoted mail, a
//! signature.

use html5gum::StartTag;

use crate::text::document::Role;

/// What is special about the content of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapper {
    /// People do not see it, so the model does not read it.
    Hidden,
    /// It plays this part in a mail.
    Part(Role),
    /// Gmail's container of a reply: introduction, quoted mail, and answers between the quotes.
    GmailReply,
}

/// Classes and ids that mail programs give to the earlier mail below a reply.
const QUOTES: [&str; 8] = [
    "yahoo_quoted",
    "moz-cite-prefix",
    "moz-forward-container",
    "gmail_attr",
    "protonmail_quote",
    "tutanota_quote",
    "zmail_extra",
    "mail-editor-reference-message-container",
];

/// Classes and ids that mail programs give to a signature.
const SIGNATURES: [&str; 9] = [
    "gmail_signature",
    "gmail_signature_prefix",
    "moz-signature",
    "signature",
    "outlooksignature",
    "applemailsignature",
    "ms-outlook-mobile-signature",
    "protonmail_signature_block",
    "yahoo-signature",
];

/// What is special about the element that `tag` opens, if anything.
pub(super) fn of(tag: &StartTag<usize>) -> Option<Wrapper> {
    let name = tag.name.as_slice();
    // A page that hides its body until a script has run still means to show it.
    if matches!(name, b"html" | b"body") {
        return None;
    }
    let style = compact(&attribute(tag, b"style"));
    if is_hidden(tag, &style) {
        return Some(Wrapper::Hidden);
    }
    if name == b"blockquote" {
        return of_blockquote(tag, &style);
    }
    let mut marks = marks(tag);
    if name == b"div" && marks.iter().any(|mark| mark == "gmail_quote") {
        return Some(Wrapper::GmailReply);
    }
    if marks.iter().any(|mark| mark == "divrplyfwdmsg") || is_outlook_header(&style) {
        return Some(Wrapper::Part(Role::ReplyHeader));
    }
    // Yahoo numbers its ids and prefixes its classes.
    if marks.iter().any(|mark| mark.contains("yahoo_quoted")) {
        return Some(Wrapper::Part(Role::Quoted));
    }
    marks.retain(|mark| !mark.is_empty());
    if marks.iter().any(|mark| QUOTES.contains(&mark.as_str())) {
        Some(Wrapper::Part(Role::Quoted))
    } else if marks.iter().any(|mark| SIGNATURES.contains(&mark.as_str())) {
        Some(Wrapper::Part(Role::Signature))
    } else {
        None
    }
}

/// A `<blockquote>` is earlier mail where the mail program says so (`type="cite"`, its classes, a
/// bar on the left), mere indentation where its border is switched off, the author's own note where it is
/// one of GitHub's alerts, and else a citation of something.
fn of_blockquote(tag: &StartTag<usize>, style: &str) -> Option<Wrapper> {
    let cite = attribute(tag, b"type").eq_ignore_ascii_case("cite");
    let marks = marks(tag);
    let named = marks.iter().any(|mark| mark == "gmail_quote" || QUOTES.contains(&mark.as_str()));
    if cite || named || style.contains("border-left:") && !style.contains("border-left:none") {
        Some(Wrapper::Part(Role::Quoted))
    } else if style.contains("border:none")
        || style.contains("border-style:none")
        || marks.iter().any(|mark| mark.starts_with("markdown-alert"))
    {
        None
    } else {
        Some(Wrapper::Part(Role::Cited))
    }
}

/// Outlook draws a thin line above the header of the mail that is answered: #E1E1E1 since 2013,
/// #B5C4DF before.
fn is_outlook_header(style: &str) -> bool {
    style.contains("border-top:solid#e1e1e1") || style.contains("border-top:solid#b5c4df")
}

fn is_hidden(tag: &StartTag<usize>, style: &str) -> bool {
    let hidden = tag.attributes.get(b"hidden".as_slice());
    // `until-found` is shown when the reader searches for it.
    hidden.is_some_and(|value| value.as_slice() != b"until-found")
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.contains("max-height:0") && style.contains("overflow:hidden")
}

/// Whether an `<img>` is there to be counted, not to be seen.
pub(super) fn is_tracking_pixel(tag: &StartTag<usize>) -> bool {
    let style = compact(&attribute(tag, b"style"));
    is_hidden(tag, &style)
        || [b"width".as_slice(), b"height".as_slice()]
            .iter()
            .any(|side| is_at_most_one_pixel(&attribute(tag, side)))
        || style.split(';').any(|rule| {
            rule.strip_prefix("width:")
                .or_else(|| rule.strip_prefix("height:"))
                .is_some_and(is_at_most_one_pixel)
        })
}

fn is_at_most_one_pixel(length: &str) -> bool {
    let length = length.trim();
    matches!(length.strip_suffix("px").unwrap_or(length), "0" | "1")
}

/// The value of an attribute, empty where there is none.
pub(super) fn attribute(tag: &StartTag<usize>, name: &[u8]) -> String {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

/// Lower case, without white space.
fn compact(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Classes and id in lower case, without the `x_` that Outlook on the web adds at each reply.
fn marks(tag: &StartTag<usize>) -> Vec<String> {
    let mut marks = attribute(tag, b"class");
    marks.push(' ');
    marks.push_str(&attribute(tag, b"id"));
    marks
        .split_ascii_whitespace()
        .map(|mark| {
            let mut mark = mark;
            while let Some(rest) = mark.strip_prefix("x_") {
                mark = rest;
            }
            mark.to_ascii_lowercase()
        })
        .collect()
}
