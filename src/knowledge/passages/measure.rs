//! How long a text is, in words.

/// Characters of a run without white space that count as one word: hardly a word is longer, while
/// addresses, paths and keys are, and an encoder makes several tokens of these.
const WORD_CHARS: usize = 24;

/// Number of words: each run of non-blank characters is one, a long one several, and in scripts that
/// are written without spaces each letter is one.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().map(run).sum()
}

/// Number of words in a run without white space.
fn run(run: &str) -> usize {
    let mut spaced = 0usize;
    let mut unspaced = 0usize;
    for letter in run.chars() {
        match is_unspaced(letter) {
            true => unspaced += 1,
            false => spaced += 1,
        }
    }
    unspaced + spaced.div_ceil(WORD_CHARS)
}

/// Cuts a text into parts of at most `limit` words (one or more), at white space where there is any.
/// The text is trimmed; together the parts hold all of it but the white space at the cuts.
pub(super) fn chunks(text: &str, limit: usize) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = fitting(rest, limit);
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk.trim_end());
        rest = after.trim_start();
    }
    chunks
}

/// Where the longest start of `text` with at most `limit` words ends, in bytes; at least one
/// character.
fn fitting(text: &str, limit: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        let count = run(piece.trim_end());
        if used + count > limit {
            break;
        }
        used += count;
        end += piece.len();
    }
    if end > 0 {
        return end;
    }
    // One run that is too long by itself.
    let (mut spaced, mut unspaced) = (0usize, 0usize);
    for (at, letter) in text.char_indices() {
        match is_unspaced(letter) {
            true => unspaced += 1,
            false => spaced += 1,
        }
        if unspaced + spaced.div_ceil(WORD_CHARS) > limit && at > 0 {
            return at;
        }
    }
    text.len()
}

/// Whether a letter is of a script that is written without spaces between words: Chinese and
/// Japanese, Thai, Lao, Burmese, Khmer (blocks of the Unicode Standard).
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_addresses_and_unspaced_scripts_count_for_more_than_one_word() {
        assert_eq!(words(" Restart  the VPN client. "), 4);
        assert_eq!(words(&"x".repeat(49)), 3);
        assert_eq!(words("重启电脑 now"), 5);
    }

    #[test]
    fn a_text_is_cut_at_white_space_where_there_is_any() {
        assert_eq!(chunks("one two three", 2), ["one two", "three"]);
        assert_eq!(chunks("重启电脑", 3), ["重启电", "脑"]);
        assert_eq!(chunks(&"x".repeat(30), 1).len(), 2);
        assert_eq!(chunks("a\n\nb", 1), ["a", "b"]);
    }
}
