#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::function_words::{ENGLISH, FOREIGN};
use super::*;

#[derive(serde::Deserialize)]
struct Ticket {
    language: String,
    text: String,
}

fn foreign_tickets() -> Vec<Ticket> {
    include_str!("../../../tests/fixtures/text/foreign.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn foreign_tickets_are_recognised_unless_they_are_a_few_words() {
    let tickets = foreign_tickets();
    assert_eq!(tickets.len(), 60);
    let missed: Vec<String> = tickets
        .iter()
        .filter(|ticket| {
            let found = detect(&ticket.text);
            !found.reliable || found.code != Some(&ticket.language)
        })
        .map(|ticket| format!("{} {:?}", ticket.text, detect(&ticket.text)))
        .collect();
    insta::assert_snapshot!(missed.join("\n"), @r#"
    Mein Bildschirm bleibt schwarz Detected { code: Some("de"), confidence: 0.44962945262999127, reliable: false }
    Mot de passe oublié Detected { code: None, confidence: 0.0, reliable: false }
    "#);
}

#[test]
fn english_tickets_are_never_called_foreign() {
    for text in [
        "Mrs Ylönen, library/gym combi card. Wants blocked, new by next week.",
        "in teams i hear nobody, youtube is ok. using the phone dial in",
        "no light, no fan. pupils sit two to a machine",
        "SAP FI posting period closed, T-Code OB52, company codes 1000-1040, need open asap",
        "vpn down agian cant conect since mornign, eror 691, pls halp",
        "Kindly unlock user mmueller (Müller, Jürgen) in AD, site Zürich, Bahnhofstraße 12",
        "Error: ORA-12541: TNS:no listener\n    at oracle.jdbc.driver.T4CConnection.logon(T4CConnection.java:743)",
        "zoom client crash macos sonoma m2 after update",
        "The app shows 无法连接到服务器 when I log in with my account.",
        "Café de la Gare and Casa del Sol cannot print the menus since noon.",
        "DELETE MY MIDDLE NAME FROM YOUR PORTAL!!! I HATE MY MIDDLE NAME!!!",
        "Laptop ThinkPad T14 Gen 3, dock USB-C, no image on Dell U2720Q, HDMI fine",
        "wow this seems like a huge ᴡᴀsᴛᴇ ᴏғ ᴛɪᴍᴇ. ɴᴏ, ᴛʜɪs ɪs ɢᴏᴏᴅ",
        "restore /data/finanzas/2026/enero.xlsx from backup please",
    ] {
        let found = detect(text);
        assert!(!found.reliable || found.code == Some("en"), "{text}: {found:?}");
    }
}

#[test]
fn english_is_recognised() {
    let found = detect("The printer on the third floor does not print since this morning.");
    assert_eq!((found.code, found.reliable), (Some("en"), true));
}

#[test]
fn what_has_hardly_a_letter_has_no_language() {
    for text in ["", "vpn", "0x80070005", "??? 123 !!!", "😀😀😀", "Hallo!", "\u{0}"] {
        let found = detect(text);
        assert_eq!((found.code, found.reliable), (None, false), "{text}");
    }
}

#[test]
fn capitals_hide_no_language() {
    let found = detect("DER DRUCKER IST SCHON WIEDER KAPUTT, BITTE KOMMEN SIE SOFORT!");
    assert_eq!((found.code, found.reliable), (Some("de"), true));
}

#[test]
fn no_common_word_is_in_the_english_list_and_in_another() {
    for (code, words) in FOREIGN {
        for word in *words {
            assert!(!ENGLISH.contains(word), "{word} ({code})");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC{0,300}") {
        let found = detect(&text);
        prop_assert!((0.0..=1.0).contains(&found.confidence));
    }
}
