//! How long a text is, in words.

/// Characters of a run without white space that count as one word: hardly a word is longer, while
/// addresses, paths and keys are, and an encoder makes several tokens of these.
const WORD_CHARS: usize = 24;

/// Number of words: each run of non-blank characters is one, a long one several, and in scripts that
/// are written without spaces each letter is one.
pub(super) fn words(text: &str) -> usize {
    let run = |letters: &str| {
        let mut run = Run::default();
        letters.chars().for_each(|letter| run.push(letter));
        run.words()
    };
    text.split_whitespace().map(run).sum()
}

/// A run of characters without white space, as it is counted.
#[derive(Default)]
struct Run {
    spaced: usize,
    unspaced: usize,
}

impl Run {
    fn push(&mut self, letter: char) {
        match is_unspaced(letter) {
            true => self.unspaced += 1,
            false => self.spaced += 1,
        }
    }

    fn words(&self) -> usize {
        self.unspaced + self.spaced.div_ceil(WORD_CHARS)
    }
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

/// Where the longest start of `text` with at most `limit` words (one or more) ends, in bytes: behind
/// white space if it holds any. Looks no further than one letter beyond.
fn fitting(text: &str, limit: usize) -> usize {
    let mut whole = 0;
    let mut open = Run::default();
    let mut behind_blank = None;
    for (at, letter) in text.char_indices() {
        if letter.is_whitespace() {
            whole += std::mem::take(&mut open).words();
            behind_blank = Some(at + letter.len_utf8());
            continue;
        }
        open.push(letter);
        if whole + open.words() > limit {
            return behind_blank.unwrap_or(at);
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
