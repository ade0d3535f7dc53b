//! Versions that a text names: a number right behind the name of a product, such as `LarkVPN 5.2` or
//! `Windows 11`, also with "version", "v", "release", "build" or "firmware" between them.

use std::collections::{BTreeMap, BTreeSet};

/// Words that stand before numbers without being a product.
const NOT_PRODUCTS: &str = "step steps page pages section chapter table figure fig part line room desk floor building \
    level option item case ticket order number no nr day week month year hour minute second am pm at in on by to \
    of the a an and or for from with since until till after before about over under than is are was were has have \
    january february march april may june july august september october november december jan feb mar apr jun jul \
    aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday error code port id ref inc \
    req gate terminal unit phase stage question answer note act article appendix zone tier priority p q shop till";
/// Words that may stand between a product and its version.
const BETWEEN: &str = "version versions v ver release build firmware update edition";

/// What a text names: for each product (in lower case) its versions.
pub(super) type Mentions = BTreeMap<String, BTreeSet<String>>;

/// The versions that `text` names.
pub(super) fn mentions(text: &str) -> Mentions {
    let mut found = Mentions::new();
    // The last word that could be a product's name, as long as only words of BETWEEN have followed it.
    let mut product: Option<&str> = None;
    for token in text.split(|c: char| c.is_whitespace() || "()[]{}<>\"'`,;:!?*|/=".contains(c)) {
        let word = token.trim_matches(|c: char| !c.is_alphanumeric());
        if word.is_empty() {
            continue;
        }
        let number = word.strip_prefix(['v', 'V']).unwrap_or(word);
        match product {
            Some(name) if is_version(number) => {
                found.entry(name.to_lowercase()).or_default().insert(number.to_owned());
                product = None;
            }
            Some(_) if listed(BETWEEN, word) => {}
            _ => product = may_be_product(word).then_some(word),
        }
    }
    found
}

/// A name begins with a capital or has one inside, and is no word that numbers follow anyway.
fn may_be_product(word: &str) -> bool {
    word.len() >= 2
        && word.starts_with(char::is_alphabetic)
        && word.contains(char::is_uppercase)
        && !listed(NOT_PRODUCTS, word)
        && !listed(BETWEEN, word)
}

/// Digits in one to four parts; alone at most two digits, since longer ones are years and ticket numbers.
fn is_version(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let digits =
        |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() <= 4 && parts.iter().all(digits) && (parts.len() > 1 || word.len() <= 2)
}

fn listed(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(word))
}

/// The first version in `text` of a product that `known` has, but not in that version, as `product version`.
/// A longer number of a known one (5.2.1 of 5.2) is known, and a shorter one (5 of 5.2).
pub(super) fn unknown_version(text: &str, known: &Mentions) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let named = mentions(text);
    named.into_iter().find_map(|(product, versions)| {
        let ours = known.get(&product)?;
        let new = versions.into_iter().find(|version| !ours.iter().any(|known| same_line(known, version)))?;
        Some(format!("{product} {new}"))
    })
}

/// Whether one is the other or the beginning of its parts.
fn same_line(one: &str, other: &str) -> bool {
    one.split('.').zip(other.split('.')).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let all = mentions(text).into_iter();
        all.flat_map(|(product, versions)| versions.into_iter().map(move |v| format!("{product} {v}")))
            .collect()
    }

    #[test]
    fn a_version_stands_behind_the_name_of_a_product() {
        assert_eq!(
            named("We moved to LarkVPN 5.2 and Windows 11 (iOS version 17.4)."),
            ["ios 17.4", "larkvpn 5.2", "windows 11"]
        );
        assert_eq!(named("Firmware v4.2.1 of Hub h77: Leaf firmware v4.3"), ["leaf 4.3"]);
    }

    #[test]
    fn desks_steps_times_and_years_are_no_versions() {
        let text =
            "Desk 2.41, Step 3, on Monday 12, At 10.30, May 2, Excel 2016, printer 4, Room 3.12, Order 51";
        assert!(named(text).is_empty(), "{:?}", named(text));
    }

    #[test]
    fn what_an_article_does_not_know_is_another_version_of_what_it_names() {
        let known = mentions("Install LarkVPN 5.2 on Windows 10.");
        assert_eq!(unknown_version("LarkVPN 6.0 fails", &known).as_deref(), Some("larkvpn 6.0"));
        assert_eq!(unknown_version("LarkVPN 5.2.1 fails on Windows 10", &known), None);
        assert_eq!(unknown_version("LarkVPN 5 fails; Canopy 7.1 too", &known), None);
        assert_eq!(unknown_version("on Windows 11 it fails", &known).as_deref(), Some("windows 11"));
    }
}
