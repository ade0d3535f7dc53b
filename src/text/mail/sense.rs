//! Whether the writer says something, or only greets, or only points at the mail below.

/// Words with which a greeting begins.
const GREETINGS: [&str; 22] = [
    "hi",
    "hello",
    "hey",
    "dear",
    "good",
    "morning",
    "afternoon",
    "evening",
    "greetings",
    "hallo",
    "guten",
    "tag",
    "moin",
    "bonjour",
    "hola",
    "ciao",
    "sehr",
    "geehrte",
    "liebe",
    "lieber",
    "buongiorno",
    "hej",
];

/// Whom a greeting addresses, names aside.
const ADDRESSED: [&str; 26] = [
    "team",
    "all",
    "support",
    "there",
    "colleagues",
    "colleague",
    "sir",
    "madam",
    "sirs",
    "everyone",
    "it",
    "desk",
    "service",
    "helpdesk",
    "guys",
    "folks",
    "or",
    "and",
    "the",
    "kollegen",
    "kolleginnen",
    "und",
    "damen",
    "herren",
    "zusammen",
    "both",
];

/// Words of a message that only points: `Could you please take care of the request below? Thanks`.
const POINTING: [&str; 109] = [
    "a",
    "action",
    "add",
    "advise",
    "again",
    "am",
    "an",
    "and",
    "any",
    "anyone",
    "as",
    "asap",
    "assist",
    "at",
    "attached",
    "attachment",
    "below",
    "bitte",
    "can",
    "care",
    "case",
    "check",
    "client",
    "colleague",
    "could",
    "customer",
    "danke",
    "deal",
    "discussed",
    "do",
    "e-mail",
    "email",
    "erledigen",
    "following",
    "for",
    "forward",
    "forwarded",
    "forwarding",
    "from",
    "further",
    "fw",
    "fwd",
    "fyi",
    "handle",
    "help",
    "here",
    "hi",
    "i",
    "in",
    "info",
    "information",
    "into",
    "is",
    "issue",
    "it",
    "kenntnis",
    "kindly",
    "know",
    "let",
    "look",
    "mail",
    "me",
    "message",
    "my",
    "need",
    "needed",
    "news",
    "of",
    "on",
    "our",
    "over",
    "per",
    "please",
    "pls",
    "plz",
    "regarding",
    "regards",
    "reply",
    "request",
    "requested",
    "respond",
    "see",
    "siehe",
    "someone",
    "status",
    "support",
    "take",
    "team",
    "thank",
    "thanks",
    "that",
    "the",
    "this",
    "thread",
    "thx",
    "ticket",
    "to",
    "u",
    "unten",
    "up",
    "update",
    "updates",
    "urgent",
    "us",
    "user",
    "with",
    "you",
    "your",
    "zur",
];

/// Words by which a short message says that what it is about stands in the quote. The last ones do
/// so where the quote is the evidence, as in a report of phishing.
const CUES: [&str; 22] = [
    "below",
    "fyi",
    "forward",
    "forwarded",
    "forwarding",
    "fwd",
    "fw",
    "unten",
    "weitergeleitet",
    "weiterleitung",
    "ci-dessous",
    "hieronder",
    "transfiero",
    "following",
    "phishing",
    "suspicious",
    "genuine",
    "fake",
    "scam",
    "spam",
    "legit",
    "fraud",
];

/// `Please open a ticket, several regions are affected`: who asks for one says what for in the quote.
const TO_OPEN: [&str; 6] = ["open", "create", "raise", "log", "file", "register"];
const TICKETS: [&str; 3] = ["ticket", "incident", "case"];

/// A longer message that mentions `below` says enough by itself, in words. The longest pointer
/// among 3,600 written tickets has 28.
const LONGEST_POINTER: usize = 40;

/// Whether the lines are at most a greeting.
pub(super) fn says_nothing<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    words(lines).next().is_none()
}

/// Whether the lines only point at the mail below, as a bare forward does. Where the mail was
/// `forwarded`, few words are enough: one forwards a mail because of what it says.
pub(super) fn only_points<'a>(lines: impl Iterator<Item = &'a str>, forwarded: bool) -> bool {
    let words: Vec<String> = words(lines).take(LONGEST_POINTER + 1).collect();
    let any = |set: &[&str]| words.iter().any(|word| set.contains(&word.as_str()));
    words.len() <= LONGEST_POINTER
        && (forwarded
            || any(&CUES)
            || any(&TO_OPEN) && any(&TICKETS)
            || words.iter().all(|word| POINTING.contains(&word.as_str())))
}

/// The words of the lines in lower case, without greetings.
fn words<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    // A picture says nothing that can be read.
    let lines = lines.filter(|line| !(line.starts_with("[image:") && line.ends_with(']')));
    lines.flat_map(|line| {
        let mut greeting = false;
        line.split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|word| !word.is_empty())
            .enumerate()
            .filter_map(move |(index, word)| {
                let lower = word.to_lowercase();
                if index == 0 {
                    greeting = GREETINGS.contains(&lower.as_str());
                } else if greeting {
                    greeting = index < 6
                        && (GREETINGS.contains(&lower.as_str())
                            || ADDRESSED.contains(&lower.as_str())
                            || word.starts_with(char::is_uppercase));
                }
                (!greeting).then_some(lower)
            })
    })
}
