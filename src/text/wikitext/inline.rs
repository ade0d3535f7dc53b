//! What stands within a line: links, images, bold.

use super::{escaped, near};
use crate::text::html::is_element;

/// A line as HTML. Its categories are added to `categories` and show nothing.
pub(super) fn inline(line: &str, categories: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("[[").and_then(|inner| wiki_link(&mut out, inner, categories))
        {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[').and_then(|inner| web_link(&mut out, inner)) {
            rest = after;
        } else if rest.starts_with("''") {
            // Bold and italic say nothing about the words.
            rest = rest.trim_start_matches('\'');
        } else if c == '<' {
            rest = &rest[1..];
            let tag = rest.strip_prefix('/').unwrap_or(rest);
            let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
            // `<your name>` is shown as it stands; what is no element of HTML is no tag to MediaWiki.
            let name = tag[..end].to_ascii_lowercase();
            out.push_str(if is_element(name.as_bytes()) || name == "nowiki" { "<" } else { "&lt;" });
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Takes a link, an image or a category; what follows it, `None` where it is none.
fn wiki_link<'a>(out: &mut String, inner: &'a str, categories: &mut Vec<String>) -> Option<&'a str> {
    let end = closing(inner)?;
    let (link, after) = (&inner[..end], &inner[end + 2..]);
    let (target, words) = link.split_once('|').unwrap_or((link, ""));
    let (namespace, name) = target.split_once(':').unwrap_or(("", target));
    match namespace.trim().to_lowercase().as_str() {
        "category" | "kategorie" => categories.push(name.trim().to_owned()),
        "file" | "image" | "datei" | "bild" | "media" => {
            // The last of its parameters is the caption; the others say how to show it.
            let caption = words.rsplit('|').next().unwrap_or_default();
            let caption = if is_setting(caption) { "" } else { caption };
            let caption = caption.replace("[[", "").replace("]]", "");
            let (name, caption) = (escaped(name.trim()), escaped(&caption));
            out.push_str(&format!("<img src=\"{name}\" alt=\"{caption}\">"));
        }
        _ => {
            let shown = if words.is_empty() { target.trim_start_matches(':') } else { words };
            out.push_str(&escaped(&shown.replace("''", "")));
        }
    }
    Some(after)
}

/// Where the link ends; one in a caption may stand inside.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, pair) in near(inner).as_bytes().windows(2).enumerate() {
        match pair {
            b"[[" => depth += 1,
            b"]]" if depth == 0 => return Some(at),
            b"]]" => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether a parameter of an image says how it is shown.
fn is_setting(parameter: &str) -> bool {
    let parameter = parameter.trim();
    let size =
        parameter.strip_suffix("px").is_some_and(|size| size.chars().all(|c| c.is_ascii_digit() || c == 'x'));
    let words =
        ["thumb", "thumbnail", "frame", "frameless", "border", "left", "right", "center", "none", "upright"];
    size || words.contains(&parameter) || parameter.starts_with("link=") || parameter.starts_with("alt=")
}

/// `[https://example.org words]`.
fn web_link<'a>(out: &mut String, inner: &'a str) -> Option<&'a str> {
    if !inner.starts_with("http://") && !inner.starts_with("https://") {
        return None;
    }
    let end = near(inner).find(']')?;
    let (link, after) = (&inner[..end], &inner[end + 1..]);
    let (address, words) = link.split_once(' ').unwrap_or((link, link));
    out.push_str(&format!("<a href=\"{}\">{}</a>", escaped(address), escaped(words)));
    Some(after)
}
