//! What is found in a text, and what is not.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn item(id: &str, name: &str, aliases: &[&str], patterns: &[&str]) -> ConfigurationItem {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ConfigurationItem {
        id: id.into(),
        name: name.into(),
        kind: None,
        aliases: texts(aliases),
        tag_patterns: texts(patterns),
        match_case: false,
        url: None,
        agent_group: None,
    }
}

fn house() -> Vec<ConfigurationItem> {
    vec![
        item("vpn", "LarkVPN", &["the VPN", "remote access"], &[]),
        item("vpn-client", "LarkVPN Client", &[], &[]),
        item("hr", "Human resources", &["HR"], &[]),
        ConfigurationItem { match_case: true, ..item("access", "Access", &[], &[]) },
        item("laptop", "Laptop", &[], &[r"LT-\d{5}"]),
        item("zürich", "Drucker ZÜRICH", &[], &[]),
    ]
}

/// The ids that a text names, each with the words by which.
fn named(text: &str) -> Vec<(String, String)> {
    let found = Matcher::new(&house()).unwrap().find(text, 20);
    found.into_iter().map(|m| (m.id.to_string(), text[m.place].to_owned())).collect()
}

#[track_caller]
fn names(text: &str, expected: &[(&str, &str)]) {
    let found = named(text);
    let found: Vec<(&str, &str)> = found.iter().map(|(id, by)| (id.as_str(), by.as_str())).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn items_are_found_by_whole_words_whatever_their_case() {
    names("larkvpn drops since monday", &[("vpn", "larkvpn")]);
    names("No Remote\naccess today.", &[("vpn", "Remote\naccess")]);
    names("MyLarkVPNs are fine", &[]);
    names("Der drucker zürich druckt nicht", &[("zürich", "drucker zürich")]);
}

#[test]
fn the_longer_name_counts_where_one_is_part_of_the_other() {
    names("LarkVPN Client crashes", &[("vpn-client", "LarkVPN Client")]);
    names("LarkVPN Client or LarkVPN?", &[("vpn-client", "LarkVPN Client"), ("vpn", "LarkVPN")]);
}

#[test]
fn two_letters_and_names_that_ask_for_it_count_only_as_they_are_written() {
    names("Please ask HR", &[("hr", "HR")]);
    names("after 2 hr it stopped", &[]);
    names("I cannot access the share", &[]);
    names("The Access database is locked", &[("access", "Access")]);
}

#[test]
fn an_asset_tag_is_found_by_its_pattern_and_not_within_a_longer_number() {
    names("lt-40021 does not start", &[("laptop", "lt-40021")]);
    names("serial LT-400213", &[]);
    names("XLT-40021", &[]);
    names("LT-400213 and then LT-40021", &[("laptop", "LT-40021")]);
}

#[test]
fn who_is_named_several_times_is_given_once_where_it_stands_first() {
    let found = Matcher::new(&house()).unwrap().find("the VPN, I mean LarkVPN, on LT-40021", 20);
    let found: Vec<(&str, MatchedBy, usize)> = found.iter().map(|m| (&*m.id, m.by, m.place.start)).collect();
    assert_eq!(found, [("vpn", MatchedBy::Alias, 0), ("laptop", MatchedBy::AssetTag, 28)]);
    assert_eq!(Matcher::new(&house()).unwrap().find("LT-40021 and LarkVPN", 1).len(), 1);
}

#[test]
fn a_pattern_that_fits_nothing_or_all_is_refused_with_what_to_write() {
    let with = |pattern: &str| NewItem {
        name: "Laptop".into(),
        kind: None,
        aliases: Vec::new(),
        tag_patterns: vec![pattern.into()],
        match_case: false,
        url: None,
        agent_group: None,
    };
    assert!(with(r"LT-\d{5}").validate().is_ok());
    for (pattern, why) in [("LT-(", "unclosed"), (r"\d*", "empty text"), ("(?=a)", "look-around")] {
        let told = with(pattern).validate().unwrap_err().to_string();
        assert!(told.contains("tag_patterns[0]") && told.contains(why), "{told}");
    }
}

proptest! {
    #[test]
    fn a_mention_lies_within_the_text_at_borders_of_words(text in "(?s).{0,40}(LarkVPN|LT-40021|HR|é|İ|the vpn)(?s).{0,40}") {
        for mention in Matcher::new(&house()).unwrap().find(&text, 20) {
            let place = mention.place;
            prop_assert!(text.get(place.clone()).is_some_and(|words| !words.is_empty()));
            let outside = [text[..place.start].chars().next_back(), text[place.end..].chars().next()];
            prop_assert!(outside.iter().flatten().all(|letter| !letter.is_alphanumeric()), "{text:?} {place:?}");
        }
    }
}
