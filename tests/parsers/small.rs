//! Short texts: times, keys, links, networks, wishes, addresses.

use std::str::FromStr as _;

use deskhand::access::Key;
use deskhand::config::{Allowed, Role, Scope, Secret};
use deskhand::history::{ColumnWish, ValueWish};
use deskhand::knowledge::import;
use deskhand::store::Audience;
use deskhand::survey::Rating;
use deskhand::ui::link::PanelLink;
use jiff::Timestamp;

use super::{Parser, plain};

pub const PARSERS: &[Parser] = &[
    Parser { name: "date", seeds: dates, words: DATES, read: date },
    Parser { name: "word", seeds: words, words: WORDS, read: word },
];

const DATES: &[&str] = &[
    "2026",
    "-",
    "/",
    ".",
    ":",
    "T",
    "Z",
    " ",
    "+14:00",
    "-99:99",
    "12",
    "31",
    "30",
    "02",
    "0",
    "9",
    "24:00",
    "60",
    "AM",
    "PM",
    "Nov",
    "\u{661}",
    "1700000000",
    "9223372036854775807",
];
const WORDS: &[&str] = &[
    "dh_",
    "_",
    "0",
    "f",
    "=",
    ":",
    "/",
    "10.0.0.0/8",
    "::/129",
    "/-1",
    "P1",
    "none",
    "admin",
    "triage",
    "\u{0}",
    "é",
    "{",
    "}",
    "\"value\":",
    "\"scale\":",
    "1-5",
    "0-10",
    "nan",
];

fn dates() -> Vec<Vec<u8>> {
    plain(&[
        "2026-11-21T09:40:00Z",
        "2026-11-21",
        "21/11/2026 09:40",
        "2026-11-21 09:40:00 +0100",
        "11.21.2026",
    ])
}

fn words() -> Vec<Vec<u8>> {
    let key = Key::generate().unwrap().expose();
    let mut all = plain(&[
        "priority:Sev1=P1",
        "Ticket title=subject",
        "10.20.0.0/16",
        "{\"value\":3,\"scale\":\"1-5\"}",
        "\"yes\"",
    ]);
    all.push(key.into_bytes());
    all.push(link().signed(&secret()).into_bytes());
    all
}

fn link() -> PanelLink {
    let expires = Timestamp::from_second(1_763_717_200).unwrap();
    PanelLink { ticket_id: "81".into(), expires, audience: Audience::Agent }
}

fn secret() -> Secret {
    Secret::from("a secret of some length for links".to_owned())
}

fn date(data: &[u8]) {
    import::date(&String::from_utf8_lossy(data));
}

fn word(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = ColumnWish::from_str(&text);
    let _ = ValueWish::from_str(&text);
    let _ = (Scope::from_str(&text), Role::from_str(&text));
    if let Ok(network) = Allowed::from_str(&text) {
        network.holds([127, 0, 0, 1].into());
    }
    let _ = serde_json::from_slice::<Rating>(data);
    if let Some(key) = Key::parse(&text) {
        assert_eq!(key.expose(), text, "a key has one way to be written");
    }
    let early = Timestamp::from_second(0).unwrap();
    assert!(!link().is_valid(&text, &secret(), early), "nobody guesses a link");
}
