//! Phone numbers.

use std::ops::Range;

use super::words::{Word, digits, goes_on_before, joined, lengths, range, word_before, words};

/// Most groups of digits.
const MOST_GROUPS: usize = 7;
/// Words that announce a phone number, in small letters.
const CALLS: [&str; 31] = [
    "tel",
    "telephone",
    "phone",
    "ph",
    "mobile",
    "mob",
    "cell",
    "cellphone",
    "call",
    "fax",
    "whatsapp",
    "landline",
    "telefon",
    "handy",
    "mobil",
    "rufnummer",
    "durchwahl",
    "tlf",
    "tél",
    "téléphone",
    "portable",
    "teléfono",
    "telefono",
    "móvil",
    "movil",
    "cellulare",
    "gsm",
    "telefoon",
    "mobiel",
    "komórka",
    "hotline",
];
/// Words before a number that is something else.
const NAMES_OTHER: [&str; 30] = [
    "ticket",
    "tickets",
    "case",
    "order",
    "invoice",
    "ref",
    "reference",
    "serial",
    "asset",
    "error",
    "code",
    "id",
    "nr",
    "no",
    "number",
    "sn",
    "incident",
    "request",
    "po",
    "version",
    "build",
    "firmware",
    "account",
    "customer",
    "contract",
    "part",
    "article",
    "bug",
    "kb",
    "line",
];

/// Phone numbers: international ones, national ones with the 0 before them, North American ones, and any
/// that a word such as `phone` announces.
pub(super) fn phones(text: &str) -> Vec<Range<usize>> {
    let words = words(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut place = 0;
    while place < words.len() {
        let most = joined(text, &words[place..], MOST_GROUPS, joins);
        let longest = (1..=most).rev().find(|count| is_phone(text, &words[place..place + count]));
        match longest {
            Some(count) => {
                let window = range(&words[place..place + count]);
                let from = found.last().map_or(0, |last| last.end);
                found.push(begin(text, from, &window)..window.end);
                place += count;
            }
            None => place += 1,
        }
    }
    found
}

/// What may stand between two groups of a phone number.
fn joins(between: &str) -> bool {
    between.chars().count() <= 3 && between.chars().all(|c| " \u{a0}-./()\u{2011}–".contains(c))
}

/// Where a number begins together with the plus before it, and with a parenthesis that closes within it.
fn begin(text: &str, from: usize, number: &Range<usize>) -> usize {
    let mut before = &text[from..number.start];
    let closes = text[number.clone()].contains(')');
    for _ in 0..2 {
        before = before.strip_suffix('+').unwrap_or(before);
        before = before.strip_suffix('(').filter(|_| closes).unwrap_or(before);
    }
    from + before.len()
}

fn is_phone(text: &str, window: &[Word]) -> bool {
    let place = range(window);
    let plus = text[..place.start].trim_end_matches('(').ends_with('+');
    // A time or a decimal goes on behind, a code or a path before.
    let rest = &text[place.end..];
    let goes_on =
        rest.starts_with([':', ',', '%', '_']) && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    let before = word_before(text, place.start);
    let called = CALLS.contains(&before.as_str());
    if goes_on || (!plus && !called && goes_on_before(text, place.start)) {
        return false;
    }
    let (digits, groups) = (digits(text, window), lengths(window));
    if plus {
        return (8..=15).contains(&digits.len()) && digits[0] != 0;
    }
    if called {
        return (6..=15).contains(&digits.len()) && !is_date(text, window);
    }
    !NAMES_OTHER.contains(&before.as_str())
        && !is_date(text, window)
        && (is_north_american(text, window, &digits, &groups) || is_national(&digits, &groups))
}

/// `0…` with 9 to 12 digits, in groups or of the length that most have; `00` before a country's number.
fn is_national(digits: &[u8], groups: &[usize]) -> bool {
    let grouped = groups.len() > 1;
    match digits {
        [0, 0, 1..=9, ..] => (if grouped { 11..=17 } else { 13..=16 }).contains(&digits.len()),
        [0, 1..=9, ..] => (if grouped { 9..=12 } else { 10..=11 }).contains(&digits.len()),
        _ => false,
    }
}

/// `(212) 555-0123`, `212-555-0123`, `1-800-555-0199`; area and exchange begin with 2 to 9 (NANPA).
fn is_north_american(text: &str, window: &[Word], digits: &[u8], groups: &[usize]) -> bool {
    let local = match groups {
        [3, 3, 4] => digits,
        [1, 3, 3, 4] if digits[0] == 1 => &digits[1..],
        _ => return false,
    };
    // Dots alone between numbers are a version as likely as not: `212.555.0123` needs a word before it.
    let dotted = window.windows(2).all(|pair| &text[pair[0].range.end..pair[1].range.start] == ".");
    !dotted && local[0] > 1 && local[3] > 1
}

/// Whether the first groups are a date: `01.02.2026`, `2026-02-01`, `01/02/26`.
fn is_date(text: &str, window: &[Word]) -> bool {
    let [first, second, third, ..] = window else { return false };
    let between = |a: &Word, b: &Word| text[a.range.end..b.range.start].to_owned();
    let sign = between(first, second);
    let same = sign == between(second, third) && [".", "-", "/"].contains(&sign.as_str());
    let number = |word: &Word| text[word.range.clone()].parse::<u32>().unwrap_or(u32::MAX);
    let lengths = [first.range.len(), second.range.len(), third.range.len()];
    let (a, b, c) = (number(first), number(second), number(third));
    same && match lengths {
        [4, 1 | 2, 1 | 2] => (1900..2200).contains(&a) && b <= 12 && c <= 31,
        [1 | 2, 1 | 2, 4] => a <= 31 && b <= 31 && (1900..2200).contains(&c),
        [1 | 2, 1 | 2, 2] => window.len() == 3 && a <= 31 && b <= 31,
        _ => false,
    }
}
