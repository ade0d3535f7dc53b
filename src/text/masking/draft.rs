//! Masking for texts that a person will rework and others will read, such as the outline of an article.

use super::{Masking, find};

/// The text with `…` for personal data, for addresses of pages, for numbers of four digits or more, and for
/// words that look like names: a capital and small letters, where `is_common` does not know the word in small
/// letters. A product's name may go with them: rather too little than a person's name. White space is folded.
#[must_use]
pub fn for_drafts(text: &str, is_common: impl Fn(&str) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    for span in find(text, &Masking::default()) {
        shown.push_str(&text[done..span.range.start]);
        shown.push('…');
        done = span.range.end;
    }
    shown.push_str(&text[done..]);
    let words = shown.split_whitespace().map(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let hidden = word.contains(['@', '…']) || word.contains("://") || digits >= 4;
        if hidden || looks_like_a_name(word, &is_common) { "…" } else { word }
    });
    let mut kept: Vec<&str> = words.collect();
    kept.dedup_by(|a, b| *a == "…" && *b == "…");
    kept.join(" ")
}

/// `Schmidt` does; `VPN`, `I`, `SharePoint` and `Restart` do not.
fn looks_like_a_name(word: &str, is_common: &impl Fn(&str) -> bool) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase)
        && word.chars().count() > 1
        && letters.all(|c| c.is_lowercase() || !c.is_alphanumeric())
        && !is_common(&word.to_lowercase())
}
