//! Where sentences end.

/// What stands before a full stop without ending a sentence.
const ABBREVIATIONS: [&str; 26] = [
    "e.g", "i.e", "eg", "ie", "cf", "vs", "approx", "no", "nr", "dr", "mr", "mrs", "ms", "prof", "st", "fig",
    "figs", "vol", "ver", "ext", "tel", "inc", "ltd", "z.b", "bzw", "ca",
];

/// The sentences of a text, in order, trimmed; none is empty. A line break ends one too. In doubt two
/// sentences stay together: a passage may be a little longer, but never begins amid a sentence.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        if at < start {
            continue;
        }
        if let Some(end) = end(text, start, at, letter) {
            found.push(text[start..end].trim());
            start = end;
        }
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// Where the sentence that begins at `start` ends, if the letter at `at` ends it.
fn end(text: &str, start: usize, at: usize, letter: char) -> Option<usize> {
    let after = at + letter.len_utf8();
    match letter {
        '\n' | '。' | '！' | '？' => return Some(after),
        '.' | '!' | '?' | '…' => {}
        _ => return None,
    }
    let rest = &text[after..];
    let closed = rest.trim_start_matches(['"', '\'', '”', '’', '»', ')', ']']);
    let next = closed.trim_start();
    let begins = next.chars().next()?;
    if next.len() == closed.len() || begins.is_lowercase() {
        return None;
    }
    if letter == '.' && stands_for_more(text[start..at].trim_start()) {
        return None;
    }
    Some(text.len() - closed.len())
}

/// Whether the full stop behind `before`, the sentence so far, belongs to an abbreviation, an initial
/// or the number of a list item.
fn stands_for_more(before: &str) -> bool {
    let word = before.rsplit(|letter: char| letter.is_whitespace() || letter == '(').next().unwrap_or(before);
    let is_number = !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit());
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    is_number || is_initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_their_marks() {
        assert_eq!(
            sentences("Open the app. Does it start? \"Yes!\" Then wait… Done"),
            ["Open the app.", "Does it start?", "\"Yes!\"", "Then wait…", "Done"]
        );
        assert_eq!(sentences("重启电脑。然后登录。"), ["重启电脑。", "然后登录。"]);
        assert_eq!(sentences("One line\nanother line"), ["One line", "another line"]);
    }

    #[test]
    fn abbreviations_versions_and_numbers_end_no_sentence() {
        for text in [
            "Use a browser, e.g. Firefox, on 4.2.1 or later",
            "1. Click Save",
            "Ask Mr. Smith (approx. 5 minutes) or J. Doe",
            "Open app.example.com/help and wait",
        ] {
            assert_eq!(sentences(text), [text]);
        }
    }
}
