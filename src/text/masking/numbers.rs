//! Numbers of payment cards and bank accounts.

use std::ops::Range;

use super::words::{Word, digits, is_space_or_hyphen, joined, lengths, range, words};

/// Groups in which the digits of a card are written.
const CARD_GROUPS: [&[usize]; 6] =
    [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 1], &[4, 4, 5]];

/// Length of an IBAN by country (ISO 13616, SWIFT's registry).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 \
    DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 \
    LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 \
    SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

/// Card numbers: 13 to 19 digits that begin with 2 to 6 as those of the card schemes do, in one piece or in
/// the usual groups, with Luhn's check digit.
pub(super) fn cards(text: &str) -> Vec<Range<usize>> {
    let words = words(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    for place in 0..words.len() {
        let most = joined(text, &words[place..], 5, is_space_or_hyphen);
        for count in 1..=most {
            let window = &words[place..place + count];
            if !is_card(text, window) {
                continue;
            }
            let range = range(window);
            // Where two might be meant, no digit of either stays.
            match found.last_mut().filter(|last| range.start < last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => found.push(range),
            }
        }
    }
    found
}

fn is_card(text: &str, window: &[Word]) -> bool {
    let lengths = lengths(window);
    let grouped = match lengths.as_slice() {
        [one] => (13..=19).contains(one),
        groups => CARD_GROUPS.contains(&groups),
    };
    grouped && {
        let digits = digits(text, window);
        digits.first().is_some_and(|first| (2..=6).contains(first)) && luhn(&digits)
    }
}

/// Luhn's check digit (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(place, &digit)| match (place % 2, digit) {
        (0, digit) => u32::from(digit),
        (_, digit) => u32::from(digit) * 2 - if digit > 4 { 9 } else { 0 },
    });
    weighed.sum::<u32>().is_multiple_of(10)
}

/// IBANs: of a known country, as long as its are, in one piece or in groups, with the remainder 1 by 97.
pub(super) fn ibans(text: &str) -> Vec<Range<usize>> {
    let words = words(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut taken = 0;
    for place in 0..words.len() {
        if place < taken {
            continue;
        }
        if let Some(count) = iban(text, &words[place..]) {
            found.push(range(&words[place..place + count]));
            taken = place + count;
        }
    }
    found
}

/// How many words from the first on are an IBAN.
fn iban(text: &str, words: &[Word]) -> Option<usize> {
    let first = &text[words.first()?.range.clone()];
    let country = first.get(..2).filter(|country| country.bytes().all(|b| b.is_ascii_alphabetic()))?;
    let country = country.to_ascii_uppercase();
    let known = IBAN_LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country.as_str()))?;
    let wanted: usize = known.parse().ok()?;
    let mut length = 0;
    for (number, word) in words.iter().enumerate() {
        if number > 0 && !is_space_or_hyphen(&text[words[number - 1].range.end..word.range.start]) {
            return None;
        }
        length += word.range.len();
        if length >= wanted {
            let letters = words[..=number].iter().flat_map(|word| text[word.range.clone()].chars());
            return (length == wanted && remainder_97(letters.collect::<String>().as_str()) == Some(1))
                .then_some(number + 1);
        }
    }
    None
}

/// The remainder by 97 with the first four signs moved to the end and letters as 10 to 35 (ISO 13616, ISO
/// 7064); `None` of other signs.
fn remainder_97(iban: &str) -> Option<u32> {
    if !iban.is_ascii() || !iban.get(2..4)?.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (first, rest) = iban.split_at(4);
    rest.chars().chain(first.chars()).try_fold(0, |remainder, c| {
        let value = c.to_digit(36)?;
        let shift = if value > 9 { 100 } else { 10 };
        Some((remainder * shift + value) % 97)
    })
}
