//! Sentences as lists of words, and patterns over them.

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sentence {
    pub(super) words: Vec<Word>,
    /// Whether it ends in a comma, as a close above a name does.
    pub(super) open: bool,
}

/// A word of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case, short forms written out.
    pub(super) plain: String,
    /// Whether it is written like a name: a capital, then small letters.
    pub(super) named: bool,
    /// Whether a comma stands before it.
    pub(super) after_comma: bool,
}

/// Short forms, and what they stand for.
const SHORT: [(&str, &str); 12] = [
    ("i'm", "i am"),
    ("i'll", "i will"),
    ("i've", "i have"),
    ("we're", "we are"),
    ("we'll", "we will"),
    ("it's", "it is"),
    ("that's", "that is"),
    ("everything's", "everything is"),
    ("all's", "all is"),
    ("e-mail", "email"),
    ("e-mails", "emails"),
    ("j'ai", "je ai"),
];

/// The sentences of a text. A full stop ends one where a space and a capital follow, so that dates and addresses
/// stay whole; a line ends one always.
pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        for (at, letter) in line.char_indices() {
            let rest = &line[at + letter.len_utf8()..];
            let next = rest.trim_start().chars().next();
            let spaced = rest.is_empty() || rest.starts_with(char::is_whitespace);
            let ends = match letter {
                '!' | ';' | '…' | '。' => true,
                '.' => spaced && next.is_none_or(|next| !next.is_lowercase() && !next.is_numeric()),
                _ => false,
            };
            if ends {
                found.push(sentence(&line[start..at]));
                start = at + letter.len_utf8();
            }
        }
        found.push(sentence(&line[start..]));
    }
    found.retain(|sentence| !sentence.words.is_empty());
    found
}

fn sentence(text: &str) -> Sentence {
    let text = text.replace('’', "'");
    let mut words = Vec::new();
    let mut after_comma = false;
    for token in text.split_whitespace() {
        let inner = token.trim_matches(|c: char| !c.is_alphanumeric());
        if inner.is_empty() {
            // A smiley, a dash, a thumb: none of these says anything against thanks.
            after_comma |= token.contains(',');
            continue;
        }
        let lower = inner.to_lowercase();
        let mut letters = inner.chars();
        let named = letters.next().is_some_and(char::is_uppercase)
            && letters.clone().next().is_some()
            && letters.all(|c| c.is_lowercase() || c == '-' || c == '\'');
        let plain = SHORT.iter().find(|(short, _)| *short == lower).map_or(lower.as_str(), |(_, long)| *long);
        for part in plain.split(' ') {
            words.push(Word { plain: part.to_owned(), named, after_comma });
            after_comma = false;
        }
        after_comma = token.ends_with(',');
    }
    Sentence { words, open: after_comma }
}

impl Sentence {
    /// Whether it has the word.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known.plain == word)
    }

    /// Whether it has one of these words, which are separated by spaces.
    pub(super) fn has_any(&self, words: &str) -> bool {
        words.split(' ').any(|word| self.has(word))
    }

    /// Whether the pattern is found: words one after another, `..` for any number of others, `a|b` for either,
    /// `^` in front for the beginning.
    pub(super) fn fits(&self, pattern: &str) -> bool {
        let anchored = pattern.starts_with('^');
        let mut from = 0;
        for (number, part) in pattern.trim_start_matches('^').split(" .. ").enumerate() {
            let wanted: Vec<&str> = part.split(' ').collect();
            let fits_at = |at: usize| {
                let found = self.words.get(at..at + wanted.len());
                found.is_some_and(|found| {
                    found.iter().zip(&wanted).all(|(word, any)| any.split('|').any(|one| one == word.plain))
                })
            };
            let last = if anchored && number == 0 { 0 } else { self.words.len() };
            let Some(at) = (from..=last).find(|at| fits_at(*at)) else { return false };
            from = at + wanted.len();
        }
        true
    }
}
