//! Characters that carry no text, and the folding of white space.

/// Whether a character is dropped: it is neither text nor white space. Control characters
/// (NUL among them), zero-width and directional marks, soft hyphens, the byte order mark, object
/// placeholders and the padding that newsletters put into preheaders.
pub(super) fn is_invisible(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => false,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' => true,
        '\u{e0000}'..='\u{e0fff}' => true,
        _ => c.is_control(),
    }
}

/// Whether a character ends a line in plain text: LF, VT, FF, NEL and the Unicode separators (CR
/// is taken out before).
pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Appends `text` to `out`: runs of white space become one space, invisible characters go.
/// `pending` says whether white space is owed before the next character; it is never written at the
/// start of `out` nor after a line break.
pub(super) fn fold_into(out: &mut String, pending: &mut bool, text: &str) {
    for c in text.chars() {
        if c.is_whitespace() {
            *pending = true;
        } else if !is_invisible(c) {
            if std::mem::take(pending) && !out.is_empty() && !out.ends_with('\n') {
                out.push(' ');
            }
            out.push(c);
        }
    }
}

/// `text` on one line: white space folded and trimmed, invisible characters gone.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(&mut out, &mut false, text);
    out
}

/// Appends preformatted text: line breaks and spaces stay, carriage returns and invisible
/// characters go.
pub(super) fn keep_into(out: &mut String, text: &str) {
    out.extend(text.chars().filter(|&c| c != '\r' && !is_invisible(c)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_of_any_kind_becomes_one_space() {
        assert_eq!(fold("  a\u{a0}\t b\r\n c  "), "a b c");
    }

    #[test]
    fn nul_and_zero_width_characters_are_dropped() {
        assert_eq!(fold("pass\u{0}wo\u{200b}rd\u{feff} re\u{ad}set"), "password reset");
    }

    #[test]
    fn preformatted_text_keeps_its_indentation() {
        let mut out = String::new();
        keep_into(&mut out, "if x:\r\n    y\u{0}");
        assert_eq!(out, "if x:\n    y");
    }
}
