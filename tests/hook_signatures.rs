//! What must always hold of signatures: no delivery that differs in one bit from what was signed is believed.

#![allow(clippy::unwrap_used)]

mod common;
mod deliveries;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use common::TestApp;
use deliveries::{Delivery, fixture, freshdesk, generic, set_up, standard, zammad, zendesk};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

/// What is changed of a delivery; places are taken modulo its length.
#[derive(Debug, Clone)]
enum Damage {
    /// The body ends early.
    Cut(usize),
    /// One bit of the body is the other.
    Flip(usize, u8),
    /// One bit of the signature, or of what is signed beside the body, is the other.
    FlipHeader(usize, u8),
    /// The signature ends early.
    CutHeader(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Damage::FlipHeader(at, bit)),
        any::<usize>().prop_map(Damage::CutHeader),
    ]
}

/// The damaged delivery; `None` where it could not be sent as a request at all.
fn damaged(delivery: &Delivery, signed: &str, damage: &Damage) -> Option<Delivery> {
    let mut delivery = delivery.clone();
    let mut header = delivery.header(signed).into_bytes();
    match *damage {
        Damage::Cut(at) => delivery.body.truncate(at % delivery.body.len()),
        Damage::Flip(at, bit) => {
            let at = at % delivery.body.len();
            delivery.body[at] ^= 1 << bit;
        }
        Damage::FlipHeader(at, bit) => {
            let at = at % header.len();
            header[at] ^= 1 << bit;
        }
        Damage::CutHeader(at) => header.truncate(at % header.len()),
    }
    let header = String::from_utf8(header).ok()?;
    // White space around a header is no part of it.
    (HeaderValue::from_str(&header).is_ok() && header.trim() == header).then(|| delivery.with(signed, header))
}

fn request(delivery: &Delivery) -> Request<Body> {
    let mut request =
        Request::builder().method(Method::POST).uri(delivery.path).header("content-type", "application/json");
    for (name, value) in &delivery.headers {
        request = request.header(name.parse::<HeaderName>().unwrap(), value);
    }
    request.body(Body::from(delivery.body.clone())).unwrap()
}

/// Damages `delivery` in many ways; `signed` is the header that may be damaged too.
fn never_believed(delivery: &Delivery, signed: &str, wanted: impl Fn(&Damage) -> bool) {
    let runtime = Runtime::new().unwrap();
    let service = runtime.block_on(TestApp::with(set_up));
    let mut runner = TestRunner::new(Config { cases: 400, ..Config::default() });
    runner
        .run(&damage(), |damage| {
            prop_assume!(wanted(&damage));
            let Some(sent) = damaged(delivery, signed, &damage) else { return Ok(()) };
            let answer = runtime.block_on(service.send(request(&sent)));
            prop_assert_eq!(answer.status.as_u16(), 401, "{:?}", damage);
            Ok(())
        })
        .unwrap();
    let answer = runtime.block_on(service.send(request(delivery)));
    assert_eq!(answer.status, 202, "undamaged it is believed: {}", answer.text());
}

#[test]
fn no_damaged_delivery_of_zendesk_is_believed() {
    let delivery = zendesk(&fixture("zendesk-ticket-created"), "1", Timestamp::now());
    never_believed(&delivery, "x-zendesk-webhook-signature", |_| true);
    never_believed(&delivery, "x-zendesk-webhook-signature-timestamp", |_| true);
}

#[test]
fn no_damaged_delivery_of_zammad_is_believed() {
    never_believed(&zammad(&fixture("zammad-ticket"), "1"), "x-hub-signature", |_| true);
}

#[test]
fn no_damaged_generic_delivery_is_believed() {
    never_believed(&generic(&fixture("generic-ticket")), "x-deskhand-signature", |_| true);
}

#[test]
fn no_damaged_standard_webhook_is_believed() {
    let delivery = standard(&fixture("generic-ticket"), "msg_1", Timestamp::now());
    never_believed(&delivery, "webhook-id", |_| true);
    never_believed(&delivery, "webhook-timestamp", |_| true);
    // The first of its signatures is of another secret: damage to that one changes nothing.
    let right = delivery.header("webhook-signature").split(' ').nth(1).unwrap().to_owned();
    never_believed(&delivery.with("webhook-signature", right), "webhook-signature", |_| true);
}

/// Freshdesk signs nothing, so that only its secret can be damaged.
#[test]
fn no_damaged_secret_of_freshdesk_is_believed() {
    let of_header = |damage: &Damage| matches!(damage, Damage::FlipHeader(..) | Damage::CutHeader(_));
    never_believed(&freshdesk(&fixture("freshdesk-ticket")), "x-deskhand-secret", of_header);
}
