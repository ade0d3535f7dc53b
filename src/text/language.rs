//! In which language a ticket is written, so that a bundle that does not know it can abstain.

mod codes;
mod common;
mod function_words;

#[cfg(test)]
mod tests;

use whatlang::{Info, Lang};

use codes::code;
use common::{Common, Found};

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detected {
    /// ISO 639-1 code of the likeliest language; nothing where there is too little text to tell.
    pub code: Option<&'static str>,
    /// How likely it is, from 0 to 1. Not calibrated: decide by `reliable`.
    pub confidence: f64,
    /// Whether it is sure enough to abstain on.
    pub reliable: bool,
}

const UNKNOWN: Detected = Detected { code: None, confidence: 0.0, reliable: false };

/// No more of a text is read, in letters; much less settles it.
const MOST_LETTERS: usize = 4_000;
/// A text with fewer letters tells nothing.
const FEWEST_LETTERS: usize = 20;
/// The same where the script alone gives the language away.
const FEWEST_LETTERS_OF_SCRIPT: usize = 10;
/// Share of a language's commonest words from which a text is in it, where there are two different
/// ones at least. Of 32,003 English messages none has it (see [`detect`]), of the foreign ones
/// which it settles the lowest has 0.118.
const ENOUGH_WORDS: f64 = 0.1;
/// A foreign text has more of its own common words than so many times the English ones. Measured
/// together with [`ENOUGH_WORDS`].
const OVER_ENGLISH: f64 = 2.0;
/// Letters from which the trigrams of `whatlang` are trusted by themselves...
const ENOUGH_FOR_TRIGRAMS: usize = 60;
/// ...and by the side of one common word.
const ENOUGH_WITH_WORD: usize = 40;
/// Share of English words above which trigrams are not trusted: names and codes mislead them.
const MOST_ENGLISH: f64 = 0.03;
/// Languages without a list of common words for which trigrams count. `whatlang` also knows a dozen
/// that helpdesks hardly meet and that scraps of English resemble: Afrikaans, Latin, Welsh, Tagalog.
const BY_TRIGRAMS: [Lang; 13] = [
    Lang::Tur,
    Lang::Hun,
    Lang::Ron,
    Lang::Hrv,
    Lang::Slv,
    Lang::Slk,
    Lang::Lit,
    Lang::Lav,
    Lang::Est,
    Lang::Vie,
    Lang::Ind,
    Lang::Cat,
    Lang::Aze,
];

/// Tells the language of a text, from its first 4,000 letters.
///
/// Scripts other than Latin decide by themselves where they make up the most of a text. Among the
/// languages in Latin script, the commonest words of English and of twelve other languages are
/// counted, leaving out addresses, codes, abbreviations and product names written `LikeThis`. A text
/// is foreign where at least a tenth of its words, and two different ones, are common in another
/// language and there are more than twice as many as English ones, or where the trigrams of
/// `whatlang` are reliable and next to nothing is English. In doubt nothing is reliable, and the
/// ticket is treated like any other.
///
/// Measured: of 3,601 English helpdesk tickets written for training, by subject and body or by body
/// alone, none was called foreign, and none of 28,402 other English messages (bug reports, banking
/// and assistant questions, mostly in lower case and of one line). Of 60 foreign tickets of one to
/// five sentences in 18 languages (`tests/fixtures/text/foreign.jsonl`) 58 were recognised, each in
/// the right language; the other two have four words. Of 26 more, written afterwards, 25 were.
pub fn detect(text: &str) -> Detected {
    if let Some(detected) = by_script(text) {
        return detected;
    }
    let words = Words::read(text);
    if words.letters < FEWEST_LETTERS {
        return UNKNOWN;
    }
    let common = words.common();
    let english = words.share(common.english);
    // The trigrams cost ten times as much as the rest and could change nothing here.
    if english >= ENOUGH_WORDS && words.share(common.most_foreign()) <= OVER_ENGLISH * english {
        return Detected { code: Some("en"), confidence: english, reliable: true };
    }
    let Some(trigrams) = whatlang::detect(&words.joined) else { return UNKNOWN };
    let (foreign, found) = common.likeliest_foreign(code(trigrams.lang()));
    let share = words.share(found);
    if share >= ENOUGH_WORDS && found.distinct >= 2 && share > OVER_ENGLISH * english {
        return Detected { code: Some(foreign), confidence: share / (share + english), reliable: true };
    }
    let resembles = share >= ENOUGH_WORDS && foreign == code(trigrams.lang());
    by_trigrams(&words, &trigrams, english, resembles)
}

/// What the trigrams say, and whether it counts. `resembles`: enough words are common in that language.
fn by_trigrams(words: &Words, trigrams: &Info, english: f64, resembles: bool) -> Detected {
    let language = code(trigrams.lang());
    let reliable = if trigrams.lang() == Lang::Eng {
        trigrams.is_reliable() || english >= ENOUGH_WORDS
    } else {
        // German without a single `der` or `und` is a list of German names.
        let enough = if resembles {
            words.letters >= ENOUGH_WITH_WORD
        } else {
            words.letters >= ENOUGH_FOR_TRIGRAMS && BY_TRIGRAMS.contains(&trigrams.lang())
        };
        enough && trigrams.is_reliable() && english <= MOST_ENGLISH
    };
    // Common English words say more than trigrams that are not sure.
    if !reliable && english >= ENOUGH_WORDS {
        return Detected { code: Some("en"), confidence: english, reliable: true };
    }
    Detected { code: Some(language), confidence: trigrams.confidence(), reliable }
}

/// The language of a text that is mostly in another script than Latin.
fn by_script(text: &str) -> Option<Detected> {
    let (mut latin, mut other) = (0, 0);
    for c in text.chars().filter(|c| c.is_alphabetic()).take(MOST_LETTERS) {
        if is_latin(c) {
            latin += 1;
        } else {
            // A character of Chinese, Japanese or Korean is about as much text as three letters.
            other += if is_east_asian(c) { 3 } else { 1 };
        }
    }
    // An English sentence about a message in another script is English.
    let english = || Words::read(text).common().english.distinct >= 3;
    if other < FEWEST_LETTERS_OF_SCRIPT || other < latin || other < 3 * latin && english() {
        return None;
    }
    let rest: String = text.chars().filter(|&c| !is_latin(c)).take(MOST_LETTERS).collect();
    let found = whatlang::detect(&rest)?;
    Some(Detected { code: Some(code(found.lang())), confidence: found.confidence(), reliable: true })
}

fn is_latin(c: char) -> bool {
    // With the letters that stand for them in phonetics and in ornamental writing.
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{aa}'..='\u{2ff}' | '\u{1d00}'..='\u{1eff}'
        | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
}

fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// The words of a text in lower case, without codes, addresses and abbreviations.
#[derive(Debug, Default)]
struct Words {
    /// With a blank between them.
    joined: String,
    count: usize,
    letters: usize,
}

impl Words {
    fn read(text: &str) -> Self {
        let words = Self::collect(text, |capitals| capitals == 0);
        if words.letters >= FEWEST_LETTERS {
            return words;
        }
        // Who writes in capitals writes all in capitals.
        Self::collect(text, |_| true)
    }

    /// The words whose number of capitals after the first letter is `admitted`.
    fn collect(text: &str, admitted: impl Fn(usize) -> bool) -> Self {
        let mut words = Self::default();
        for token in text.split_whitespace() {
            let word = token.trim_matches(|c: char| !c.is_alphanumeric());
            let capitals = word.chars().skip(1).filter(|c| c.is_uppercase());
            let is_word = word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'));
            if word.is_empty() || !is_word || !admitted(capitals.count()) {
                continue;
            }
            words.letters += word.chars().count();
            if words.count > 0 {
                words.joined.push(' ');
            }
            words.joined.push_str(&word.to_lowercase().replace('’', "'"));
            words.count += 1;
            if words.letters >= MOST_LETTERS {
                break;
            }
        }
        words
    }

    fn common(&self) -> Common {
        Common::of(self.joined.split(' '))
    }

    /// What part of the words was found.
    fn share(&self, found: Found) -> f64 {
        found.words as f64 / self.count.max(1) as f64
    }
}
