//! In which language a text is analysed, and its words there.
//!
//! An article is analysed once, by the rules of its own language, so that its length and the counts of
//! its words mean the same as everywhere. A query does not know in which language its answer is written:
//! its words are looked for as they stand in English and in its own language. All stems share one index,
//! so that names and codes are found across languages; a code is the same in each.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use tantivy::tokenizer::{Language, PreTokenizedString, TextAnalyzer, Token};

use super::analysis::{self, Word};
use crate::text::language;

/// What everything is analysed by where nothing else is known.
pub(super) const ENGLISH: &str = "en";

/// Languages with a stemmer of their own, by ISO 639-1 code.
const SPEECHES: [(&str, Language); 17] = [
    ("ar", Language::Arabic),
    ("da", Language::Danish),
    ("de", Language::German),
    ("el", Language::Greek),
    ("es", Language::Spanish),
    ("fi", Language::Finnish),
    ("fr", Language::French),
    ("hu", Language::Hungarian),
    ("it", Language::Italian),
    ("nl", Language::Dutch),
    ("no", Language::Norwegian),
    ("pt", Language::Portuguese),
    ("ro", Language::Romanian),
    ("ru", Language::Russian),
    ("sv", Language::Swedish),
    ("ta", Language::Tamil),
    ("tr", Language::Turkish),
];

static ANALYZERS: LazyLock<BTreeMap<&'static str, TextAnalyzer>> = LazyLock::new(|| {
    SPEECHES.into_iter().map(|(code, language)| (code, analysis::foreign(language))).collect()
});

/// The language by whose rules a text in `code` is analysed; English where it has no stemmer.
pub(super) fn known(code: &str) -> &'static str {
    let primary = code.split(['-', '_']).next().unwrap_or_default().trim().to_lowercase();
    let primary = if matches!(primary.as_str(), "nb" | "nn") { "no" } else { primary.as_str() };
    SPEECHES.into_iter().find(|(known, _)| *known == primary).map_or(ENGLISH, |(known, _)| known)
}

/// The language of an article that says `language` of itself; else what its text is surely in.
pub(super) fn of_article(language: Option<&str>, text: &str) -> &'static str {
    language.map(known).or_else(|| told(text)).unwrap_or(ENGLISH)
}

/// The languages that a query is analysed in, English first: the one that is asked for, and its own. Where
/// that cannot be told, as of two or three words, it is all those that articles are in.
pub(super) fn of_query(
    text: &str,
    asked: Option<&str>,
    articles: impl FnOnce() -> tantivy::Result<Vec<&'static str>>,
) -> tantivy::Result<Vec<&'static str>> {
    let mut speeches = vec![ENGLISH];
    speeches.extend(asked.map(known));
    match told(text) {
        Some(own) => speeches.push(own),
        None => speeches.extend(articles()?),
    }
    let mut seen = HashSet::new();
    speeches.retain(|speech| seen.insert(*speech));
    Ok(speeches)
}

fn told(text: &str) -> Option<&'static str> {
    let detected = language::detect(text);
    detected.code.filter(|_| detected.reliable).map(known)
}

/// All languages that there are rules for.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    [ENGLISH].into_iter().chain(SPEECHES.into_iter().map(|(code, _)| code))
}

/// The words of `text` in one of [`all`], in order of their beginning, each code before its parts.
pub(super) fn words(text: &str, speech: &str) -> Vec<Word> {
    let Some(analyzer) = ANALYZERS.get(speech) else { return analysis::words(text) };
    let mut words = analysis::words_by(analyzer.clone(), text);
    words.retain_mut(|word| {
        let written = text.get(word.span.clone()).unwrap_or_default();
        if word.part || !written.contains(|c: char| !c.is_alphabetic()) {
            return true;
        }
        if let Some(noun) = without_article(written, speech) {
            // Nothing is left where it was a stop word: `qu'il`.
            let stem = analysis::words_by(analyzer.clone(), noun).into_iter().next();
            return stem.map(|noun| word.stem = noun.stem).is_some();
        }
        // Words joined by hyphens, addresses and codes are names more than words: one form for all languages.
        if let Some(whole) = analysis::words(written).into_iter().next()
            && !whole.part
        {
            word.stem = whole.stem;
        }
        true
    });
    words
}

/// `imprimante` of `l'imprimante`, in the languages that join the two.
fn without_article<'a>(written: &'a str, speech: &str) -> Option<&'a str> {
    const LONGEST_ARTICLE: usize = 5;
    let (article, noun) = written.split_once(['\'', '’'])?;
    let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphabetic);
    let joined = matches!(speech, "fr" | "it") && letters(noun) && letters(article);
    (joined && article.len() <= LONGEST_ARTICLE).then_some(noun)
}

/// A text as the index takes it in when the words are not English.
pub(super) fn tokens(text: &str, speech: &str) -> PreTokenizedString {
    let tokens = words(text, speech).into_iter().enumerate().map(|(position, word)| Token {
        offset_from: word.span.start,
        offset_to: word.span.end,
        position,
        text: word.stem,
        position_length: 1,
    });
    PreTokenizedString { text: String::new(), tokens: tokens.collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn stems(text: &str, speech: &str) -> Vec<String> {
        words(text, speech).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn forms_of_a_word_meet_in_the_stem_of_its_language() {
        assert_eq!(
            stems("Die Drucker und der Drucker", "de"),
            [stems("Drucker", "de"), stems("Drucker", "de")].concat()
        );
        assert_eq!(stems("imprimantes", "fr"), stems("l'imprimante", "fr"));
        assert_eq!(stems("принтеры", "ru"), stems("принтер", "ru"));
        assert_eq!(stems("zurückgesetzt", "de"), stems("zuruckgesetzt", "de"));
    }

    #[test]
    fn a_code_is_the_same_in_every_language() {
        for code in ["ORA-12154", "0x80070005", "4.2.1", "help@larkfield.example", "KB5034441", "e-mails"] {
            for speech in all() {
                assert_eq!(words(code, speech)[0].stem, analysis::words(code)[0].stem, "{code} in {speech}");
            }
        }
    }

    #[test]
    fn an_article_is_in_the_language_that_it_names_or_in_which_it_surely_is() {
        let german = "Der Drucker druckt nicht mehr und das Papier ist verklemmt.";
        assert_eq!(of_article(None, german), "de");
        assert_eq!(of_article(Some("en-GB"), german), ENGLISH);
        assert_eq!(of_article(Some("nb"), ""), "no");
        assert_eq!(of_article(Some("pl"), ""), ENGLISH);
        assert_eq!(of_article(None, "VPN"), ENGLISH);
    }

    #[test]
    fn a_query_is_in_english_and_its_own_language_and_a_short_one_in_all_that_there_are() {
        let there = || Ok(vec!["en", "de", "fr"]);
        let german = "Der Drucker druckt nicht mehr und das Papier ist verklemmt.";
        assert_eq!(of_query(german, None, there).unwrap(), ["en", "de"]);
        assert_eq!(of_query("Drucker", None, there).unwrap(), ["en", "de", "fr"]);
        assert_eq!(of_query(german, Some("sv"), there).unwrap(), ["en", "sv", "de"]);
        assert_eq!(of_query("The printer does not print and it is on.", None, there).unwrap(), ["en"]);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_at_characters_in_every_language(text in "\\PC{0,60}|[a-zäöüßéà0-9.:@&_’'\\\\ -]{0,60}") {
            for speech in all() {
                for word in words(&text, speech) {
                    prop_assert!(text.get(word.span.clone()).is_some());
                }
            }
        }
    }
}
