//! The words of a text that say something.

use std::ops::Range;

/// Words of English that only hold a sentence together, and the courtesies of letters. Negations,
/// quantities and times are not among them: "nobody", "all" and "today" are what makes a ticket urgent.
const FUNCTION_WORDS: &str = "
    a an the this that these those such it its it's itself
    i me my mine myself we us our ours ourselves you your yours yourself he him his she her hers they them their
    theirs themselves who whom whose which what there here
    i'm i've i'd i'll it'll we're we've we'd we'll you're you've you'd you'll he's she's they're they've that's there's
    what's here's let's im ive
    and or but nor so yet if then than as because since while whether though although
    at by for from in into of off on onto out over to up upon with within via per about above below under between
    through during against along around among across behind beside beyond toward towards after before until till
    am is are was were be been being do does did doing done have has had having
    can could may might must shall should will would ought
    when where why how just also too very quite rather really even only else etc e.g i.e
    hi hello hey dear please pls thank thanks thx regards cheers sincerely kind kindly best";

/// Whether `word` may be what a text is about: it has a letter or digit and is no function word of
/// English. Upper and lower case are the same.
pub fn says_something(word: &str) -> bool {
    let word = word.to_lowercase().replace('’', "'");
    word.contains(char::is_alphanumeric) && !FUNCTION_WORDS.split_whitespace().any(|known| known == word)
}

/// `word`, which stands at `place`, without the punctuation around it; empty where nothing else is left.
pub fn bare(text: &str, place: Range<usize>) -> Range<usize> {
    let word = text.get(place.clone()).unwrap_or_default();
    let behind = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let start = place.start + word.len() - behind.len();
    start..start + behind.trim_end_matches(|c: char| !c.is_alphanumeric()).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_ticket_urgent_is_said_by_small_words_too() {
        for word in ["VPN", "nobody", "not", "all", "today", "CC-1042", "2"] {
            assert!(says_something(word), "{word}");
        }
        for word in ["The", "we’re", "Hello", "--", ""] {
            assert!(!says_something(word), "{word}");
        }
    }

    #[test]
    fn punctuation_around_a_word_is_not_part_of_it() {
        assert_eq!(bare("a (Wi-Fi), b", 2..10), 3..8);
        assert_eq!(bare("a -- b", 2..4), 4..4);
    }
}
