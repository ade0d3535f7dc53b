//! How text becomes search terms, the same way in articles, queries and synonyms.
//!
//! Exact codes stay whole and are found by their parts too: `ORA-12154` gives `ora-12154`, `ora` and
//! `12154`. Words are lower-cased, stripped of accents, freed of stop words and stemmed: here as in
//! English, in other languages by `speech.rs`.

use std::ops::Range;
use std::sync::LazyLock;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenStream,
    Tokenizer,
};

/// Longest term in bytes; longer runs are tracking links and encoded data, found by their parts if at all.
const MAX_TERM_BYTES: usize = 64;

static ENGLISH: LazyLock<TextAnalyzer> = LazyLock::new(|| {
    TextAnalyzer::builder(CodeTokenizer::default())
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(StopWordFilter::remove(
            lines(include_str!("../../index/stopwords.en.txt"))
                .flat_map(str::split_whitespace)
                .map(str::to_owned),
        ))
        .filter(Stemmer::new(Language::English))
        .build()
});

/// The analyzer for articles.
pub(super) fn english() -> TextAnalyzer {
    ENGLISH.clone()
}

/// The analyzer for another language. Accents go last: its stop words and its stemmer know them. For some
/// languages tantivy has no stop words.
pub(super) fn foreign(language: Language) -> TextAnalyzer {
    let lower = TextAnalyzer::builder(CodeTokenizer::default()).filter(LowerCaser);
    match StopWordFilter::new(language) {
        Some(stop_words) => {
            lower.filter(stop_words).filter(Stemmer::new(language)).filter(AsciiFoldingFilter).build()
        }
        None => lower.filter(Stemmer::new(language)).filter(AsciiFoldingFilter).build(),
    }
}

/// The lines of a settings file that say something: comments and white space are taken away.
pub(super) fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines()
        .map(|line| line.split_once('#').map_or(line, |(said, _)| said).trim())
        .filter(|line| !line.is_empty())
}

/// A word of a text that is worth searching for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The term under which it stands in the index.
    pub(super) stem: String,
    /// Where it is written, in bytes.
    pub(super) span: Range<usize>,
    /// Whether it is a part of the code before it, such as `ora` of `ORA-12154`.
    pub(super) part: bool,
}

/// The words of `text` as in English, in order of their beginning, each code before its parts.
pub(super) fn words(text: &str) -> Vec<Word> {
    words_by(english(), text)
}

/// The words of `text` as an analyzer of this file gives them.
pub(super) fn words_by(mut analyzer: TextAnalyzer, text: &str) -> Vec<Word> {
    let mut stream = analyzer.token_stream(text);
    let mut words: Vec<Word> = Vec::new();
    let mut whole = 0;
    while let Some(token) = stream.next() {
        let part = token.offset_to <= whole;
        whole = whole.max(token.offset_to);
        words.push(Word { stem: token.text.clone(), span: token.offset_from..token.offset_to, part });
    }
    words
}

impl Word {
    /// Whether it is an exact code, such as an error code or a version: people who write one mean the
    /// article that has it. A digit after a letter (`CC-1042`, `0x80070005`, but not `10th` or
    /// `17:30`), or numbers with two points between them (`4.2.1`).
    pub(super) fn is_code(&self) -> bool {
        const SHORTEST: usize = 4;
        let is_letter = |c: char| c.is_ascii_alphabetic();
        let after_letter = self.stem.split_once(is_letter).map_or("", |(_, after)| after);
        let points = self.stem.matches('.').count();
        let numbers = !self.stem.contains(is_letter) && points >= 2;
        !self.part
            && self.span.len() >= SHORTEST
            && (numbers || after_letter.contains(|c: char| c.is_ascii_digit()))
    }
}

/// Cuts text into words, and into codes with their parts.
#[derive(Debug, Clone, Default)]
struct CodeTokenizer {
    token: Token,
}

/// Tokens of one text.
#[derive(Debug)]
struct CodeStream<'a> {
    text: &'a str,
    /// Everything before this byte is cut.
    cut: usize,
    /// Tokens found but not given out yet, the next one last.
    pending: Vec<Range<usize>>,
    token: &'a mut Token,
}

impl Tokenizer for CodeTokenizer {
    type TokenStream<'a> = CodeStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> CodeStream<'a> {
        self.token.reset();
        CodeStream { text, cut: 0, pending: Vec::new(), token: &mut self.token }
    }
}

impl TokenStream for CodeStream<'_> {
    fn advance(&mut self) -> bool {
        while self.pending.is_empty() {
            let Some(run) = next_run(self.text, self.cut) else { return false };
            self.cut = run.end;
            self.pending = tokens_of(self.text, run);
        }
        let Some(span) = self.pending.pop() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = span.start;
        self.token.offset_to = span.end;
        self.token.text.clear();
        self.token.text.extend(self.text[span].chars().map(plain));
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The next run of words joined without white space, from byte `from` on.
fn next_run(text: &str, from: usize) -> Option<Range<usize>> {
    let first = from + text[from..].find(char::is_alphanumeric)?;
    // A server's name begins with what would otherwise be punctuation.
    let start = if text[from..first].ends_with(r"\\") { first - 2 } else { first };
    let mut end = first;
    let mut previous = ' ';
    let mut rest = text[first..].chars();
    while let Some(c) = rest.next() {
        let inside = c.is_alphanumeric()
            || rest.clone().next().is_some_and(|next| next.is_alphanumeric() && joins(previous, c, next));
        if !inside {
            break;
        }
        end += c.len_utf8();
        previous = c;
    }
    Some(start..end)
}

/// Whether `c` keeps two words together.
fn joins(previous: char, c: char, next: char) -> bool {
    match c {
        // Times, hardware addresses and IPv6, but not "code: 4" written without its space.
        ':' => previous.is_ascii_hexdigit() && next.is_ascii_hexdigit(),
        _ => is_joint(c) || is_apostrophe(c),
    }
}

/// Parts of a code stand between these.
fn is_joint(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '_' | '.' | '@' | '&' | '\\' | ':')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

/// The one way to write a character that has several.
fn plain(c: char) -> char {
    match c {
        '\u{2010}' | '\u{2011}' => '-',
        '’' => '\'',
        c => c,
    }
}

/// The run itself and, if it is a code, its parts of two characters and more; the first one last.
fn tokens_of(text: &str, run: Range<usize>) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut start = run.start;
    for piece in text[run.clone()].split(is_joint) {
        let span = start..start + piece.len();
        start = span.end + text[span.end..].chars().next().map_or(0, char::len_utf8);
        if span != run && piece.chars().nth(1).is_some() && piece.len() <= MAX_TERM_BYTES {
            tokens.push(span);
        }
    }
    tokens.reverse();
    if run.len() <= MAX_TERM_BYTES {
        tokens.push(run);
    }
    tokens
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn stems(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn a_code_is_kept_whole_and_in_parts() {
        assert_eq!(stems("Error ORA-12154!"), ["error", "ora-12154", "ora", "12154"]);
        assert_eq!(stems("(CC-1042)"), ["cc-1042", "cc", "1042"]);
        assert_eq!(stems("0x80070005"), ["0x80070005"]);
        assert_eq!(stems("firmware 4.2.1."), ["firmwar", "4.2.1"]);
        assert_eq!(stems("00:1A:2b"), ["00:1a:2b", "00", "1a", "2b"]);
    }

    #[test]
    fn mail_addresses_and_servers_are_kept_whole_and_in_parts() {
        assert_eq!(
            stems("<help@larkfield.example>"),
            ["help@larkfield.exampl", "help", "larkfield", "exampl"]
        );
        assert_eq!(stems(r"open \\orchard\home now"), ["open", r"\\orchard\hom", "orchard", "home"]);
    }

    #[test]
    fn forms_of_a_word_meet_in_its_stem() {
        assert_eq!(stems("Printers printing the printer's"), ["printer", "print", "printer"]);
        assert_eq!(stems("Gdańsk GDANSK"), ["gdansk", "gdansk"]);
        assert_eq!(stems("Wi\u{2011}Fi"), stems("wi-fi"));
    }

    #[test]
    fn courtesies_and_function_words_are_no_terms() {
        assert!(stems("Hi, could you please help? I don't… Thanks, kind regards").len() <= 2);
        assert!(stems("it’s what I've had").is_empty());
    }

    #[test]
    fn a_word_knows_where_it_was_written_and_whether_it_is_a_part() {
        let text = "Fehler ORA-12154";
        let words = words(text);
        let written: Vec<_> = words.iter().map(|word| (&text[word.span.clone()], word.part)).collect();
        assert_eq!(written, [("Fehler", false), ("ORA-12154", false), ("ORA", true), ("12154", true)]);
    }

    #[test]
    fn error_codes_and_versions_are_codes_and_dates_and_amounts_are_not() {
        let codes = |text: &str| -> Vec<bool> { words(text).iter().map(Word::is_code).collect() };
        assert_eq!(codes("0x80070005 4.2.1 KB5034441"), [true, true, true]);
        assert_eq!(codes("ORA-12154"), [true, false, false]);
        let none = codes("10th 2026-10-02 17:30 4400 30min 3.5 printer wi-fi H2O");
        assert!(!none.contains(&true), "{none:?}");
    }

    #[test]
    fn a_run_too_long_for_a_term_is_found_by_its_parts() {
        let link = format!("tracking.example-{}", "x".repeat(70));
        assert_eq!(stems(&link), ["track", "exampl"]);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_at_characters_into_short_terms(text in "\\PC{0,80}|[a-z0-9.:@&_’'\\\\ -]{0,80}") {
            for word in words(&text) {
                prop_assert!(text.get(word.span.clone()).is_some());
                prop_assert!(word.span.len() <= MAX_TERM_BYTES);
            }
        }
    }
}
