//! National ids of people, by the checks of each country.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::words::{Word, digits, goes_on_before, is_space_or_hyphen, joined, lengths, range, words};

/// A country whose national ids are known, by its ISO 3166 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Country {
    /// Germany: the tax id (Steuer-IdNr.).
    De,
    /// Spain: DNI and NIE.
    Es,
    /// France: the social security number (NIR) with its key.
    Fr,
    /// The United Kingdom: the national insurance number.
    Gb,
    /// Italy: the codice fiscale.
    It,
    /// The Netherlands: the BSN, where the text calls it so: one number of nine digits in eleven is one.
    Nl,
    /// Poland: PESEL.
    Pl,
    /// The United States: the social security number in its groups. It has no check digit.
    Us,
}

impl Country {
    /// All.
    pub const ALL: [Self; 8] =
        [Self::De, Self::Es, Self::Fr, Self::Gb, Self::It, Self::Nl, Self::Pl, Self::Us];

    /// Whether these words together are an id of the country; `before` is the text before them.
    fn is_id(self, text: &str, window: &[Word], before: &str) -> bool {
        let groups = lengths(window);
        let letters = || -> String {
            window.iter().flat_map(|word| text[word.range.clone()].chars()).collect::<String>().to_uppercase()
        };
        let digits = || digits(text, window);
        match (self, groups.as_slice()) {
            (Self::De, [11] | [2, 3, 3, 3]) => is_tax_id(&digits()),
            (Self::Es, [9] | [8, 1] | [1, 7, 1] | [1, 8]) => is_dni(&letters()),
            (Self::Fr, [15] | [13, 2] | [1, 2, 2, 2, 3, 3, 2]) => is_nir(&letters()),
            (Self::Gb, [9] | [2, 2, 2, 2, 1] | [2, 6, 1] | [8, 1]) => is_nino(&letters()),
            (Self::It, [16] | [3, 3, 5, 5]) => is_codice_fiscale(letters().as_bytes()),
            (Self::Nl, [9] | [4, 2, 3]) => called_bsn(before) && is_bsn(&digits()),
            (Self::Pl, [11]) => is_pesel(&digits()),
            (Self::Us, [3, 2, 4]) => is_ssn(&digits()),
            _ => false,
        }
    }
}

/// Most words of an id.
const MOST_WORDS: usize = 7;

/// Ids of these countries.
pub(super) fn ids(text: &str, countries: &BTreeSet<Country>) -> Vec<Range<usize>> {
    let words = words(text);
    let mut found = Vec::new();
    let mut place = 0;
    while place < words.len() {
        let most = run(text, &words[place..]);
        let start = words[place].range.start;
        let before = &text[text[..start].char_indices().rev().nth(40).map_or(0, |(at, _)| at)..start];
        let is_id = |count: &usize| {
            let window = &words[place..place + count];
            countries.iter().any(|country| country.is_id(text, window, before))
        };
        match (1..=most).rev().find(is_id).filter(|_| !goes_on_before(text, start)) {
            Some(count) => {
                found.push(range(&words[place..place + count]));
                place += count;
            }
            None => place += 1,
        }
    }
    found
}

/// How many words may belong together: short ones with one space or hyphen between.
fn run(text: &str, words: &[Word]) -> usize {
    let digits = joined(text, words, MOST_WORDS, is_space_or_hyphen);
    let mut count = 0;
    for (number, word) in words.iter().take(MOST_WORDS).enumerate() {
        let between = number == 0 || is_space_or_hyphen(&text[words[number - 1].range.end..word.range.start]);
        if !between || word.range.len() > 16 || !text[word.range.clone()].is_ascii() {
            break;
        }
        count += 1;
    }
    count.max(digits)
}

/// ISO 7064 mod 11,10 over 11 digits, of which the first ten have exactly one digit twice or thrice
/// (Bundeszentralamt für Steuern, "Die Prüfziffernberechnung").
fn is_tax_id(digits: &[u8]) -> bool {
    let [first, .., check] = digits else { return false };
    if digits.len() != 11 || *first == 0 {
        return false;
    }
    let mut counts = [0u8; 10];
    digits[..10].iter().for_each(|digit| counts[usize::from(*digit)] += 1);
    let repeated: Vec<&u8> = counts.iter().filter(|count| **count > 1).collect();
    let [one] = repeated.as_slice() else { return false };
    let product = digits[..10].iter().fold(10u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    **one <= 3 && (11 - product) % 10 == u32::from(*check)
}

/// Eight digits, or X, Y, Z and seven, with the letter of the remainder by 23 (Real Decreto 1553/2005).
fn is_dni(id: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    if id.len() != 9 || !id.is_ascii() {
        return false;
    }
    let (number, letter) = id.split_at(8);
    let number = match number.as_bytes()[0] {
        b'X' => format!("0{}", &number[1..]),
        b'Y' => format!("1{}", &number[1..]),
        b'Z' => format!("2{}", &number[1..]),
        _ => number.to_owned(),
    };
    let plain = number.bytes().all(|b| b.is_ascii_digit());
    plain && number.parse::<usize>().is_ok_and(|number| LETTERS[number % 23] == letter.as_bytes()[0])
}

/// Sex, year, month, place, order and the key 97 - (number mod 97); Corsica's 2A and 2B count as 19 and 18
/// (INSEE).
fn is_nir(id: &str) -> bool {
    if id.len() != 15 || !id.is_ascii() {
        return false;
    }
    let (number, key) = id.split_at(13);
    let number = number.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let (Ok(value), Ok(key)) = (number.parse::<u64>(), key.parse::<u64>()) else { return false };
    let month = value / 100_000_000 % 100;
    matches!(value / 1_000_000_000_000, 1 | 2)
        && (matches!(month, 1..=12 | 20..=42 | 50..=99))
        && key == 97 - value % 97
}

/// Two letters, six digits and A to D (HMRC, NIM39110).
fn is_nino(id: &str) -> bool {
    let bytes = id.as_bytes();
    bytes.len() == 9
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && !b"DFIQUV".contains(&bytes[0])
        && !b"DFIOQUV".contains(&bytes[1])
        && !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].iter().any(|prefix| id.starts_with(prefix))
        && bytes[2..8].iter().all(u8::is_ascii_digit)
        && (b'A'..=b'D').contains(&bytes[8])
}

/// Sixteen signs with the check letter of the decree of 23 December 1976.
fn is_codice_fiscale(id: &[u8]) -> bool {
    /// What a sign at an odd place counts, 0 to 9 and then A to Z.
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
        14, 16, 10, 22, 25, 24, 23,
    ];
    if id.len() != 16 || !id.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let letters = [0, 1, 2, 3, 4, 5, 8, 11, 15];
    // Digits may be letters where two people would have the same code.
    if !letters.iter().all(|&place: &usize| id[place].is_ascii_uppercase())
        || id.iter().filter(|b| b.is_ascii_digit()).count() < 4
    {
        return false;
    }
    let sum: u32 = id[..15]
        .iter()
        .enumerate()
        .map(|(place, &b)| {
            let value = usize::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' + 10 });
            match place % 2 {
                0 => ODD[value],
                _ if b.is_ascii_digit() => u32::from(b - b'0'),
                _ => u32::from(b - b'A'),
            }
        })
        .sum();
    u32::from(id[15] - b'A') == sum % 26
}

/// Whether the text before a number says that it is a BSN.
fn called_bsn(before: &str) -> bool {
    let before = before.to_lowercase();
    ["bsn", "burgerservicenummer", "sofinummer", "sofi-nummer"].iter().any(|name| before.contains(name))
}

/// The eleven test with 9 to 2 and -1 (Logisch ontwerp BSN).
fn is_bsn(digits: &[u8]) -> bool {
    let weights = [9i32, 8, 7, 6, 5, 4, 3, 2, -1];
    let sum: i32 = digits.iter().zip(weights).map(|(digit, weight)| i32::from(*digit) * weight).sum();
    digits.len() == 9 && sum != 0 && sum % 11 == 0
}

/// A date of birth with the century in the month, and the weights 1 3 7 9 (the act on PESEL).
fn is_pesel(digits: &[u8]) -> bool {
    let weights = [1u32, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    if digits.len() != 11 || !sum.is_multiple_of(10) {
        return false;
    }
    let pair = |place: usize| digits[place] * 10 + digits[place + 1];
    (1..=12).contains(&(pair(2) % 20)) && (1..=31).contains(&pair(4))
}

/// Numbers that are never given (Social Security Administration, POMS RM 10201.035).
fn is_ssn(digits: &[u8]) -> bool {
    let number = |part: &[u8]| part.iter().fold(0u32, |sum, digit| sum * 10 + u32::from(*digit));
    digits.len() == 9 && {
        let area = number(&digits[..3]);
        !matches!(area, 0 | 666 | 900..) && number(&digits[3..5]) != 0 && number(&digits[5..]) != 0
    }
}
