//! Whether a line is made of a name, a title, an address or contact details.

/// Characters in a line of a signature.
pub(super) const LONGEST_LINE: usize = 80;

/// Words that names, titles and addresses do without and sentences do not.
const SENTENCE_WORDS: [&str; 83] = [
    "i", "i'm", "i've", "my", "me", "we", "our", "us", "you", "he", "she", "they", "please", "pls", "is",
    "are", "was", "were", "be", "been", "not", "no", "can", "cannot", "can't", "could", "need", "needs",
    "have", "has", "had", "it", "it's", "this", "that", "there", "if", "still", "also", "will", "would",
    "should", "do", "does", "don't", "when", "because", "but", "so", "how", "why", "what", "now", "only",
    "asap", "urgent", "broken", "works", "working", "ich", "bitte", "nicht", "down", "again", "error",
    "issue", "problem", "failed", "fails", "crash", "crashed", "crashes", "missing", "lost", "locked",
    "blocked", "stuck", "slow", "stopped", "dead", "empty", "wrong", "fixed",
];
/// Labels and words of contact details.
const CONTACT_WORDS: [&str; 30] = [
    "tel",
    "telephone",
    "telefon",
    "phone",
    "ph",
    "mobile",
    "mob",
    "mobil",
    "cell",
    "handy",
    "fax",
    "ext",
    "email",
    "e-mail",
    "mail",
    "web",
    "www",
    "website",
    "skype",
    "teams",
    "direct",
    "office",
    "address",
    "room",
    "floor",
    "building",
    "t",
    "m",
    "f",
    "p",
];

/// Whether a line may belong to a signature: short, and made of names, titles, an address or contact
/// details. A line that might say something does not.
pub(super) fn looks_like_address(line: &str) -> bool {
    // HTML signatures are tables: the name here, the logo there.
    line.len() <= 4 * LONGEST_LINE && line.split(" | ").all(cell_looks_like_address)
}

fn cell_looks_like_address(line: &str) -> bool {
    if line.starts_with("[image:") && line.ends_with(']') {
        return true;
    }
    // `i. A. Eva Blom`: German for somebody who signs on behalf of somebody.
    let line = ["i. A. ", "i.A. ", "i. V. ", "i.V. "]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))
        .unwrap_or(line);
    let length = line.chars().take(LONGEST_LINE + 1).count();
    let speaks = line.ends_with('?') || line.contains(['=', '$', '\\']) || is_postscript(line);
    if length > LONGEST_LINE || speaks {
        return false;
    }
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || matches!(c, '|' | '/' | ',' | ':'))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect();
    if words.iter().any(|word| SENTENCE_WORDS.contains(word)) {
        return false;
    }
    if is_phone_number(line) || is_contact(&lower, &words) {
        return true;
    }
    // `Serial: 5CG1234` is something to be kept.
    !lower.contains(": ") && is_mostly_capitalised(line)
}

fn is_contact(lower: &str, words: &[&str]) -> bool {
    lower.contains('@')
        || lower.contains("www.")
        || lower.contains("://")
        || words.first().is_some_and(|word| CONTACT_WORDS.contains(word))
            && lower.contains(|c: char| c.is_ascii_digit())
}

/// Whether at least half of the words begin with a capital, as in names, titles and streets; a
/// single word may be a name however it is written.
fn is_mostly_capitalised(line: &str) -> bool {
    let words = || {
        line.split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.starts_with(char::is_alphabetic))
            .filter(|word| !word.contains(|c: char| c.is_ascii_digit()))
    };
    let capitalised = words().filter(|word| word.starts_with(char::is_uppercase));
    match words().count() {
        0 => false,
        1 => line.len() <= 20,
        count => count <= 9 && capitalised.count() * 2 >= count,
    }
}

fn is_phone_number(line: &str) -> bool {
    line.chars().filter(char::is_ascii_digit).count() >= 6
        && line.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c))
}

fn is_postscript(line: &str) -> bool {
    let lower = line.get(..5).unwrap_or(line).to_lowercase();
    lower.starts_with("ps") && !lower.starts_with(|c: char| c.is_alphanumeric() && c != 'p')
        || lower.starts_with("p.s")
}

/// Whether a line may be a name: one to five words without digits, most of them capitalised, or
/// one word however it is written.
pub(in crate::text) fn looks_like_name(line: &str) -> bool {
    let words = line.split_whitespace().count();
    (1..=5).contains(&words)
        && !line.contains(|c: char| c.is_ascii_digit() || c == ':')
        && looks_like_address(line)
}
