//! Deliveries of helpdesks: a body rightly signed, so that it is read, and anything as headers and body.

#[path = "../deliveries/mod.rs"]
mod signing;

use deskhand::config::Settings;
use deskhand::integrations::Product;
use deskhand::integrations::hooks::{self, Refusal};
use jiff::Timestamp;

use super::{Parser, fixtures, plain};

pub const PARSERS: &[Parser] = &[
    Parser {
        name: "hook_zendesk",
        seeds: of_zendesk,
        words: WORDS,
        read: |data| signed(Product::Zendesk, data),
    },
    Parser {
        name: "hook_zammad",
        seeds: of_zammad,
        words: WORDS,
        read: |data| signed(Product::Zammad, data),
    },
    Parser {
        name: "hook_freshdesk",
        seeds: of_freshdesk,
        words: WORDS,
        read: |data| signed(Product::Freshdesk, data),
    },
    Parser {
        name: "hook_generic",
        seeds: of_generic,
        words: WORDS,
        read: |data| signed(Product::Generic, data),
    },
    Parser { name: "hook_headers", seeds: headers, words: HEADERS, read: unsigned },
];

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "1e999",
    "-1",
    "\"id\":",
    "\"ticket\":{",
    "\"detail\":{",
    "\"event\":{",
    "\"type\":\"zen:event-type:ticket.",
    "\"tags\":[",
    "\"updated_at\":\"",
    "2026-02-30T00:00:00Z",
    "\\ud800",
    "\\u0000",
    "~1",
];
const HEADERS: &[&str] = &[
    "x-zendesk-webhook-signature:",
    "x-zendesk-webhook-signature-timestamp:",
    "x-hub-signature:sha1=",
    "webhook-signature:v1,",
    "webhook-id:",
    "webhook-timestamp:",
    "x-deskhand-signature:sha256=",
    "x-deskhand-secret:",
    "\n",
    "=",
    "é",
    "0",
    "99999999999999999999",
    "-9223372036854775808",
    "253402207200",
    " v1,",
    "2026-11-21T09:40:00Z",
    "AAAA",
];
fn of_zendesk() -> Vec<Vec<u8>> {
    hook_fixtures("zendesk-")
}

fn of_zammad() -> Vec<Vec<u8>> {
    hook_fixtures("zammad-")
}

fn of_freshdesk() -> Vec<Vec<u8>> {
    hook_fixtures("freshdesk-")
}

fn of_generic() -> Vec<Vec<u8>> {
    hook_fixtures("generic-")
}

fn hook_fixtures(product: &str) -> Vec<Vec<u8>> {
    let names = ["note", "ticket", "priority-changed", "private-comment", "status-changed", "ticket-created"];
    let names: Vec<String> = names.iter().map(|name| format!("{product}{name}.json")).collect();
    fixtures("tests/fixtures/hooks", &names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn headers() -> Vec<Vec<u8>> {
    plain(&[
        "webhook-id:a\nwebhook-timestamp:1614265330\nwebhook-signature:v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n\n{}",
        "x-zendesk-webhook-signature:AAAA\nx-zendesk-webhook-signature-timestamp:2026-11-21T09:40:00Z\n\n{\"id\":1}",
        "x-hub-signature:sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79\n\n{}",
    ])
}

fn now() -> Timestamp {
    Timestamp::from_second(1_763_717_200).unwrap()
}

fn read(product: Product, headers: &[(String, String)], body: &[u8]) -> Result<(), Refusal> {
    let mut settings = Settings::default();
    signing::set_up(&mut settings);
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    hooks::read(&settings.integrations, product, &header, body, now()).map(drop)
}

fn signed(product: Product, data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    let delivery = match product {
        Product::Zendesk => signing::zendesk(&body, "i-1", now()),
        Product::Zammad => signing::zammad(&body, "d-1"),
        Product::Freshdesk => signing::freshdesk(&body),
        Product::Generic => signing::standard(&body, "g-1", now()),
    };
    let refused = read(product, &delivery.headers, &delivery.body);
    assert!(!matches!(refused, Err(Refusal::Mistrust(_) | Refusal::NotSetUp)), "it was signed rightly");
}

/// Lines of headers, an empty one, and the body.
fn unsigned(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let pairs = head.lines().filter_map(|line| line.split_once(':'));
    let headers: Vec<(String, String)> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for product in Product::ALL {
        assert!(read(product, &headers, body.as_bytes()).is_err(), "nobody knows the secret");
    }
}
