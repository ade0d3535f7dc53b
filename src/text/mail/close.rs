//! Complimentary closes: `Kind regards`, `Mit freundlichen Grüßen`, `Many thanks, Eva`.

use super::address::looks_like_name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::text) enum Close {
    /// `Kind regards`, `Mit freundlichen Grüßen`.
    Regards,
    /// `Many thanks`.
    Thanks,
    /// Either, with the name behind it: `Regards, Eva Blom`.
    WithName,
}

/// Words that only a complimentary close is made of, besides those which make it one.
const FILLERS: [&str; 25] = [
    "kind", "kindest", "best", "warm", "warmest", "many", "with", "and", "in", "advance", "all", "the",
    "you", "your", "yours", "very", "much", "so", "again", "for", "help", "time", "friendly", "truly",
    "wishes",
];
const REGARDS: [&str; 13] = [
    "regards",
    "rgds",
    "sincerely",
    "faithfully",
    "cheers",
    "br",
    "kr",
    "mfg",
    "vg",
    "lg",
    "mvh",
    "cordially",
    "wishes",
];
const THANKS: [&str; 5] = ["thanks", "thank", "thx", "tia", "ty"];
const FOREIGN_REGARDS: [&str; 36] = [
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "mit freundlichen gruessen",
    "mit freundlichem gruß",
    "freundliche grüße",
    "freundliche grüsse",
    "viele grüße",
    "viele grüsse",
    "liebe grüße",
    "beste grüße",
    "schöne grüße",
    "herzliche grüße",
    "grüße",
    "gruß",
    "gruss",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "salutations",
    "saludos",
    "saludos cordiales",
    "un saludo",
    "atentamente",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "groeten",
    "z poważaniem",
    "pozdrawiam",
    "atenciosamente",
    "cumprimentos",
    "med vänlig hälsning",
    "med vänliga hälsningar",
    "с уважением",
];
const FOREIGN_THANKS: [&str; 11] = [
    "danke",
    "vielen dank",
    "merci",
    "merci d'avance",
    "gracias",
    "grazie",
    "bedankt",
    "dziękuję",
    "obrigado",
    "obrigada",
    "tack",
];

/// The complimentary close that a line is, if it is one.
pub(in crate::text) fn complimentary_close(line: &str) -> Option<Close> {
    let close = close_of(line);
    if close.is_some() {
        return close;
    }
    // The name may stand behind a comma, or behind nothing: `MfG Sieglinde`.
    let comma = line.split_once(',');
    let words = line.rmatch_indices(' ').take(4);
    comma
        .into_iter()
        .chain(words.map(|(at, _)| line.split_at(at)))
        .any(|(close, name)| {
            let name = name.trim();
            let close = close_of(close);
            let comma = comma.is_some_and(|(_, after)| after.trim() == name);
            // `Thanks Eva` thanks Eva.
            let signs = close == Some(Close::Regards) || close == Some(Close::Thanks) && comma;
            signs && name.starts_with(char::is_uppercase) && looks_like_name(name)
        })
        .then_some(Close::WithName)
}

/// The kind of close that a line is made of, and of nothing else.
fn close_of(line: &str) -> Option<Close> {
    let lower = line.to_lowercase();
    let phrase = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if FOREIGN_REGARDS.contains(&phrase) {
        return Some(Close::Regards);
    }
    if FOREIGN_THANKS.contains(&phrase) {
        return Some(Close::Thanks);
    }
    let words: Vec<&str> =
        phrase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let all = |sets: &[&[&str]]| words.iter().all(|word| sets.iter().any(|set| set.contains(word)));
    let any = |set: &[&str]| words.iter().any(|word| set.contains(word));
    if words.len() > 8 || !all(&[&FILLERS, &REGARDS, &THANKS]) {
        None
    } else if any(&REGARDS) || ["best", "all the best", "yours"].contains(&phrase) {
        Some(Close::Regards)
    } else {
        any(&THANKS).then_some(Close::Thanks)
    }
}
