//! Names of people, where a letter says that they are names: after a salutation, after a title, behind or
//! below a complimentary close.

use std::ops::Range;

use crate::text::mail::{Close, complimentary_close, looks_like_name};

/// Words in a name.
const MOST_WORDS: usize = 3;
/// Longest line that is looked at as a complimentary close or a signature, in bytes.
const LONGEST_LINE: usize = 160;

/// How letters begin, in small letters; the longer before the shorter.
const GREETINGS: [&str; 47] = [
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "hi there",
    "hello there",
    "greetings",
    "hiya",
    "hello",
    "hey",
    "hi",
    "dear",
    "morning",
    "guten morgen",
    "guten tag",
    "guten abend",
    "sehr geehrter",
    "sehr geehrte",
    "lieber",
    "liebe",
    "hallo",
    "moin",
    "servus",
    "grüezi",
    "bonjour",
    "bonsoir",
    "salut",
    "chère",
    "cher",
    "buenos días",
    "buenas tardes",
    "hola",
    "estimada",
    "estimado",
    "querida",
    "querido",
    "buongiorno",
    "buonasera",
    "ciao",
    "gentile",
    "cara",
    "caro",
    "geachte",
    "beste",
    "dzień dobry",
    "cześć",
    "olá",
];
/// Titles, as they are written before a name.
const TITLES: [&str; 22] = [
    "Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Prof", "Sir", "Herr", "Herrn", "Frau", "Monsieur", "Madame",
    "Mme", "Mlle", "Señor", "Señora", "Sr", "Sra", "Signor", "Signora", "Pan",
];
/// Whom a letter greets without a name, in small letters.
const NOBODY: [&str; 52] = [
    "all",
    "team",
    "support",
    "everyone",
    "everybody",
    "there",
    "sir",
    "madam",
    "sirs",
    "colleague",
    "colleagues",
    "customer",
    "service",
    "services",
    "desk",
    "helpdesk",
    "it",
    "admin",
    "administrator",
    "folks",
    "guys",
    "help",
    "sales",
    "hr",
    "finance",
    "security",
    "damen",
    "herren",
    "kollegen",
    "kolleginnen",
    "zusammen",
    "leute",
    "kunde",
    "equipe",
    "équipe",
    "tous",
    "toutes",
    "messieurs",
    "mesdames",
    "equipo",
    "todos",
    "tutti",
    "both",
    "again",
    "friend",
    "friends",
    "user",
    "staff",
    "agent",
    "office",
    "company",
    "department",
];
/// What goes on after a name without a comma, in small letters.
const GOES_ON: [&str; 22] = [
    "i", "i'm", "i’m", "we", "could", "can", "please", "would", "my", "our", "thanks", "thank", "hope",
    "just", "sorry", "and", "ich", "wir", "bitte", "je", "nous", "as",
];

/// Names in the text.
pub(super) fn names(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // Whether the line above closes the letter, with how many blank lines since.
    let mut closed: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place = start;
        start += line.len();
        let words = line.trim();
        let place = place + (line.len() - line.trim_start().len());
        if words.is_empty() {
            closed = closed.filter(|blank| *blank < 2).map(|blank| blank + 1);
            continue;
        }
        let at = |range: Range<usize>| place + range.start..place + range.end;
        if closed.take().is_some() && is_signed_name(words) {
            found.push(at(0..words.len()));
            continue;
        }
        let mut in_line: Vec<Range<usize>> = greeted(words).into_iter().collect();
        if words.len() <= LONGEST_LINE {
            match complimentary_close(words) {
                Some(Close::WithName) => in_line.extend(behind_close(words)),
                Some(Close::Regards | Close::Thanks) => closed = Some(0),
                None if words == "--" => closed = Some(0),
                None => {}
            }
        }
        titled(words, &mut in_line);
        in_line.sort_by_key(|range| range.start);
        found.extend(in_line.into_iter().map(at));
    }
    found
}

/// The name that a line greets.
fn greeted(line: &str) -> Option<Range<usize>> {
    let rest = after_greeting(line)?;
    let mut place = line.len() - rest.len();
    let mut titled = false;
    while let Some((word, next)) = first_word(&line[place..]) {
        let title = TITLES.contains(&word.trim_end_matches('.'));
        if !title {
            break;
        }
        titled = true;
        place += next;
    }
    let name = name_at(line, place)?;
    let first = line[name.clone()].split_whitespace().next().unwrap_or_default();
    let nobody =
        line[name.clone()].split_whitespace().any(|word| NOBODY.contains(&word.to_lowercase().as_str()));
    let behind = line[name.end..].trim_start();
    let goes_on = behind.split_whitespace().next().unwrap_or_default().to_lowercase();
    let ends = behind.is_empty()
        || !behind.starts_with(|c: char| c.is_alphanumeric())
        || GOES_ON.contains(&goes_on.trim_end_matches(','));
    (!first.is_empty() && !nobody && (titled || ends)).then_some(name)
}

/// What follows the greeting that a line begins with.
fn after_greeting(line: &str) -> Option<&str> {
    GREETINGS.iter().find_map(|greeting| {
        let mut rest = line.chars();
        for wanted in greeting.chars() {
            rest.next().filter(|c| c.to_lowercase().eq(wanted.to_lowercase()))?;
        }
        let rest = rest.as_str();
        let words = rest.trim_start_matches([' ', ',', '\u{a0}']);
        (words.len() < rest.len()).then_some(words)
    })
}

/// The first word and where the next begins.
fn first_word(text: &str) -> Option<(&str, usize)> {
    let word = text.split(' ').next().filter(|word| !word.is_empty())?;
    Some((word, text.len() - text[word.len()..].trim_start_matches(' ').len()))
}

/// One to three words from `place` on that are written like names.
fn name_at(line: &str, place: usize) -> Option<Range<usize>> {
    let mut end = place;
    for number in 0..MOST_WORDS {
        let from = if number == 0 { place } else { end + 1 };
        if number > 0 && line.as_bytes().get(end) != Some(&b' ') {
            break;
        }
        let Some(rest) = line.get(from..) else { break };
        let length = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
        let word = rest[..length].trim_end_matches(['-', '\'', '’']);
        let glued = rest[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '@');
        if glued || !is_name_word(word) {
            break;
        }
        end = from + word.len();
    }
    (end > place).then_some(place..end)
}

fn is_of_name(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '-' | '\'' | '’')
}

/// `Anna`, `O'Neil`, `Meier-Schulz`, `ANNA`; not `VPN` among small letters, which nobody can tell from `ANNA`:
/// of capitals alone it takes four.
fn is_name_word(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    word.starts_with(char::is_uppercase) && letters > 1 && (capitals < letters || letters > 3)
}

/// The name behind a complimentary close on the same line: what follows its comma, else its last words that
/// are written like names.
fn behind_close(line: &str) -> Option<Range<usize>> {
    let place = match line.find(',') {
        Some(comma) => comma + 1 + line[comma + 1..].len() - line[comma + 1..].trim_start().len(),
        None => line.match_indices(' ').map(|(at, _)| at + 1).find(|&at| {
            let close = line[..at].trim_end();
            matches!(complimentary_close(close), Some(Close::Regards | Close::Thanks))
        })?,
    };
    let name = line.get(place..)?.trim_end();
    name.starts_with(char::is_uppercase).then(|| place..place + name.len())
}

/// Whether the line below a complimentary close is a name.
fn is_signed_name(line: &str) -> bool {
    let words = || line.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    line.len() <= LONGEST_LINE
        && line.starts_with(char::is_uppercase)
        && looks_like_name(line)
        && !words().any(|word| NOBODY.contains(&word.to_lowercase().as_str()))
}

/// Names after a title anywhere in a line.
fn titled(line: &str, found: &mut Vec<Range<usize>>) {
    let mut place = 0;
    for word in line.split_inclusive([' ', '(', '"']) {
        let from = place;
        place += word.len();
        let title = word.trim_end_matches([' ', '.', '(', '"']);
        let behind = word.ends_with(' ') && TITLES.contains(&title) && !matches!(title, "Sir" | "Pan");
        if !behind {
            continue;
        }
        // Of `Frau Dr. Meier` the last title has the name.
        let next = line[place..].split(' ').next().unwrap_or_default();
        if TITLES.contains(&next.trim_end_matches('.')) {
            continue;
        }
        if let Some(name) = name_at(line, place)
            && !found.iter().any(|other| from < other.end && other.start < name.end)
        {
            found.push(name);
        }
    }
}
