//! What stands for something else: templates, comments, footnotes.

use super::near;

/// Templates within templates, as deep as MediaWiki itself goes.
const MOST_NESTED: usize = 40;

/// The text without comments and footnotes, with each template replaced by its unnamed parameters; and how
/// many templates there were.
pub(super) fn without(text: &str) -> (String, usize) {
    // The text around each open template, and the template's own so far.
    let mut open: Vec<String> = vec![String::new()];
    let mut count = 0;
    // A comment may be long, but one that never ends is looked for only once.
    let comments_end = text.rfind("-->");
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = skipped(rest, comments_end.is_some_and(|end| end >= text.len() - rest.len())) {
            rest = after;
        } else if open.len() <= MOST_NESTED
            && let Some(after) = rest.strip_prefix("{{")
        {
            open.push(String::new());
            rest = after;
        } else if open.len() > 1
            && let Some(after) = rest.strip_prefix("}}")
        {
            let said = open.pop().map(|template| said(&template)).unwrap_or_default();
            push(&mut open, &said);
            count += 1;
            rest = after;
        } else {
            let width = c.len_utf8();
            push(&mut open, &rest[..width]);
            rest = &rest[width..];
        }
    }
    // Templates that never end are text.
    (open.join("{{"), count)
}

fn push(open: &mut [String], text: &str) {
    if let Some(last) = open.last_mut() {
        last.push_str(text);
    }
}

/// What follows a comment or a footnote that begins here.
fn skipped(text: &str, comments: bool) -> Option<&str> {
    if let Some(comment) = text.strip_prefix("<!--") {
        if !comments {
            return None;
        }
        return comment.split_once("-->").map(|(_, after)| after);
    }
    let reference = text.strip_prefix("<ref")?;
    if !reference.starts_with([' ', '>', '/']) {
        return None;
    }
    let (attributes, after) = reference.split_at(near(reference).find('>')?);
    let after = &after[1..];
    if attributes.ends_with('/') {
        return Some(after);
    }
    near(after).find("</ref>").map(|end| &after[end + "</ref>".len()..])
}

/// The unnamed parameters of a template, joined; its name and its settings say nothing to a reader.
fn said(template: &str) -> String {
    let mut parameters: Vec<&str> = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in template.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => {
                parameters.push(&template[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parameters.push(&template[start..]);
    let words = parameters.into_iter().skip(1).filter(|parameter| !is_named(parameter)).map(str::trim);
    words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a parameter is `name=value`: what stands before the sign is one word.
fn is_named(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim();
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    })
}
