//! In which language a ticket is written, so that a bundle that does not know it can abstain.

mod function_words;

use whatlang::{Info, Lang};

use function_words::{ENGLISH, FOREIGN};

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

/// No more of a text is read, in letters; much less settles it.
const MOST_LETTERS: usize = 4_000;
/// A text with fewer letters tells nothing.
const FEWEST_LETTERS: usize = 20;
/// The same where the script alone gives the language away.
const FEWEST_LETTERS_OF_SCRIPT: usize = 10;
/// Share of a language's commonest words from which a text is in it, where there are two different
/// ones at least. Of 31,003 English messages none has it (see [`detect`]), of the foreign ones the
/// lowest has 0.118.
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
/// Measured on English that must not be called foreign: @FALSE@. Measured on 60 foreign tickets of one to six sentences in 16 languages
/// (`tests/fixtures/text/foreign.jsonl`): @FOUND@.
pub fn detect(text: &str) -> Detected {
    if let Some(detected) = by_script(text) {
        return detected;
    }
    let words = Words::read(text);
    let Some(trigrams) =
        (words.letters >= FEWEST_LETTERS).then(|| whatlang::detect(&words.all.join(" "))).flatten()
    else {
        return Detected { code: None, confidence: 0.0, reliable: false };
    };
    let english = words.share(ENGLISH);
    let foreign = words.likeliest_foreign(code(trigrams.lang()));
    if foreign.share >= ENOUGH_WORDS && foreign.distinct >= 2 && foreign.share > OVER_ENGLISH * english {
        return Detected {
            code: Some(foreign.code),
            confidence: foreign.share / (foreign.share + english),
            reliable: true,
        };
    }
    by_trigrams(&words, &trigrams, english, foreign.share)
}

/// What the trigrams say, and whether it counts.
fn by_trigrams(words: &Words, trigrams: &Info, english: f64, foreign: f64) -> Detected {
    let enough = if foreign >= ENOUGH_WORDS { ENOUGH_WITH_WORD } else { ENOUGH_FOR_TRIGRAMS };
    let is_english = trigrams.lang() == Lang::Eng;
    let foreign = trigrams.is_reliable() && words.letters >= enough && english <= MOST_ENGLISH;
    let reliable = if is_english { trigrams.is_reliable() || english >= ENOUGH_WORDS } else { foreign };
    // Common English words say more than trigrams that are not sure.
    if !reliable && english >= ENOUGH_WORDS {
        return Detected { code: Some("en"), confidence: english, reliable: true };
    }
    Detected { code: Some(code(trigrams.lang())), confidence: trigrams.confidence(), reliable }
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
    let english = || Words::read(text).distinct(ENGLISH) >= 3;
    if other < FEWEST_LETTERS_OF_SCRIPT || other < latin || other < 3 * latin && english() {
        return None;
    }
    let rest: String = text.chars().filter(|&c| !is_latin(c)).take(MOST_LETTERS).collect();
    let found = whatlang::detect(&rest)?;
    Some(Detected { code: Some(code(found.lang())), confidence: found.confidence(), reliable: true })
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// The words of a text in lower case, without codes, addresses and abbreviations.
#[derive(Debug, Default)]
struct Words {
    all: Vec<String>,
    letters: usize,
}

/// How much of a text are common words of a language.
#[derive(Debug, Clone, Copy)]
struct Foreign {
    code: &'static str,
    share: f64,
    distinct: usize,
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
            words.all.push(word.to_lowercase().replace('’', "'"));
            if words.letters >= MOST_LETTERS {
                break;
            }
        }
        words
    }

    fn share(&self, common: &[&str]) -> f64 {
        let found = self.all.iter().filter(|w| common.contains(&w.as_str()));
        found.count() as f64 / self.all.len().max(1) as f64
    }

    fn distinct(&self, common: &[&str]) -> usize {
        common.iter().filter(|word| self.all.iter().any(|other| other == *word)).count()
    }

    /// The language with the most common words; among equals, as Danish and Norwegian often are,
    /// the one that the trigrams favour.
    fn likeliest_foreign(&self, favoured: &str) -> Foreign {
        let mut best = Foreign { code: "", share: 0.0, distinct: 0 };
        for &(code, common) in FOREIGN {
            let share = self.share(common);
            if share > best.share || share == best.share && code == favoured {
                let distinct = self.distinct(common);
                best = Foreign { code, share, distinct };
            }
        }
        best
    }
}

/// ISO 639-1, or 639-3 where a language has no code of two letters.
fn code(language: Lang) -> &'static str {
    use Lang as L;
    match language {
        L::Epo => "eo",
        L::Eng => "en",
        L::Rus => "ru",
        L::Cmn => "zh",
        L::Spa => "es",
        L::Por => "pt",
        L::Ita => "it",
        L::Ben => "bn",
        L::Fra => "fr",
        L::Deu => "de",
        L::Ukr => "uk",
        L::Kat => "ka",
        L::Ara => "ar",
        L::Hin => "hi",
        L::Jpn => "ja",
        L::Heb => "he",
        L::Yid => "yi",
        L::Pol => "pl",
        L::Amh => "am",
        L::Jav => "jv",
        L::Kor => "ko",
        L::Nob => "nb",
        L::Dan => "da",
        L::Swe => "sv",
        L::Fin => "fi",
        L::Tur => "tr",
        L::Nld => "nl",
        L::Hun => "hu",
        L::Ces => "cs",
        L::Ell => "el",
        L::Bul => "bg",
        L::Bel => "be",
        L::Mar => "mr",
        L::Kan => "kn",
        L::Ron => "ro",
        L::Slv => "sl",
        L::Hrv => "hr",
        L::Srp => "sr",
        L::Mkd => "mk",
        L::Lit => "lt",
        L::Lav => "lv",
        L::Est => "et",
        L::Tam => "ta",
        L::Vie => "vi",
        L::Urd => "ur",
        L::Tha => "th",
        L::Guj => "gu",
        L::Uzb => "uz",
        L::Pan => "pa",
        L::Aze => "az",
        L::Ind => "id",
        L::Tel => "te",
        L::Pes => "fa",
        L::Mal => "ml",
        L::Ori => "or",
        L::Mya => "my",
        L::Nep => "ne",
        L::Sin => "si",
        L::Khm => "km",
        L::Tuk => "tk",
        L::Aka => "ak",
        L::Zul => "zu",
        L::Sna => "sn",
        L::Afr => "af",
        L::Lat => "la",
        L::Slk => "sk",
        L::Cat => "ca",
        L::Tgl => "tl",
        L::Hye => "hy",
        L::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Ticket {
        language: String,
        text: String,
    }

    fn foreign_tickets() -> Vec<Ticket> {
        include_str!("../../tests/fixtures/text/foreign.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn foreign_tickets_are_recognised_unless_they_are_a_few_words() {
        let tickets = foreign_tickets();
        assert_eq!(tickets.len(), 60);
        let missed: Vec<String> = tickets
            .iter()
            .filter(|ticket| {
                let found = detect(&ticket.text);
                !found.reliable || found.code != Some(&ticket.language)
            })
            .map(|ticket| format!("{} {:?}", ticket.text, detect(&ticket.text)))
            .collect();
        insta::assert_snapshot!(missed.join("\n"), @r#"
        Mein Bildschirm bleibt schwarz Detected { code: Some("de"), confidence: 0.44962945262999127, reliable: false }
        Mot de passe oublié Detected { code: None, confidence: 0.0, reliable: false }
        "#);
    }

    #[test]
    fn english_tickets_are_never_called_foreign() {
        for text in [
            "Mrs Ylönen, library/gym combi card. Wants blocked, new by next week.",
            "in teams i hear nobody, youtube is ok. using the phone dial in",
            "no light, no fan. pupils sit two to a machine",
            "SAP FI posting period closed, T-Code OB52, company codes 1000-1040, need open asap",
            "vpn down agian cant conect since mornign, eror 691, pls halp",
            "Kindly unlock user mmueller (Müller, Jürgen) in AD, site Zürich, Bahnhofstraße 12",
            "Error: ORA-12541: TNS:no listener\n    at oracle.jdbc.driver.T4CConnection.logon(T4CConnection.java:743)",
            "zoom client crash macos sonoma m2 after update",
            "The app shows 无法连接到服务器 when I log in with my account.",
            "Café de la Gare and Casa del Sol cannot print the menus since noon.",
            "DELETE MY MIDDLE NAME FROM YOUR PORTAL!!! I HATE MY MIDDLE NAME!!!",
            "Laptop ThinkPad T14 Gen 3, dock USB-C, no image on Dell U2720Q, HDMI fine",
            "restore /data/finanzas/2026/enero.xlsx from backup please",
        ] {
            let found = detect(text);
            assert!(!found.reliable || found.code == Some("en"), "{text}: {found:?}");
        }
    }

    #[test]
    fn english_is_recognised() {
        let found = detect("The printer on the third floor does not print since this morning.");
        assert_eq!((found.code, found.reliable), (Some("en"), true));
    }

    #[test]
    fn what_has_hardly_a_letter_has_no_language() {
        for text in ["", "vpn", "0x80070005", "??? 123 !!!", "😀😀😀", "Hallo!", "\u{0}"] {
            let found = detect(text);
            assert_eq!((found.code, found.reliable), (None, false), "{text}");
        }
    }

    #[test]
    fn capitals_hide_no_language() {
        let found = detect("DER DRUCKER IST SCHON WIEDER KAPUTT, BITTE KOMMEN SIE SOFORT!");
        assert_eq!((found.code, found.reliable), (Some("de"), true));
    }

    #[test]
    fn every_language_of_the_detector_has_a_code() {
        for &language in Lang::all() {
            assert_ne!(code(language), "und", "{language}");
        }
    }

    #[test]
    fn no_common_word_is_in_the_english_list_and_in_another() {
        for (code, words) in FOREIGN {
            for word in *words {
                assert!(!ENGLISH.contains(word), "{word} ({code})");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,300}") {
            let found = detect(&text);
            prop_assert!((0.0..=1.0).contains(&found.confidence));
        }
    }
}
