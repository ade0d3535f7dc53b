//! Deliveries as the helpdesks send them: bodies from the fixtures, signed by the rule of each product.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskhand::config::{Secret, Settings};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::Sha256;

/// What the helpdesks and Deskhand both know.
pub const SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
/// The user as whom Deskhand writes.
pub const OWN_USER: &str = "8447388000000";

/// A delivery on its way.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub path: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Delivery {
    /// With another header of this name.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.iter().find(|(known, _)| known == name).unwrap().1.clone()
    }
}

/// A file of `tests/fixtures/hooks`.
pub fn fixture(name: &str) -> String {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hooks/");
    std::fs::read_to_string(format!("{dir}{name}.json")).unwrap()
}

/// One of `name` by Zendesk, signed at `at`.
pub fn zendesk(body: &str, invocation: &str, at: Timestamp) -> Delivery {
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let signature = STANDARD.encode(sha256(SECRET.as_bytes(), &format!("{at}{body}")));
    delivery(
        "/v1/hooks/zendesk",
        &[
            ("x-zendesk-account-id", "123456"),
            ("x-zendesk-webhook-id", "01F1KRFQ6BG29CNWFR60NK5FNY"),
            ("x-zendesk-webhook-invocation-id", invocation),
            ("x-zendesk-webhook-signature", &signature),
            ("x-zendesk-webhook-signature-timestamp", &at),
        ],
        body,
    )
}

pub fn zammad(body: &str, id: &str) -> Delivery {
    let mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body);
    let signature = format!("sha1={}", hex(&mac.finalize().into_bytes()));
    let headers = [
        ("user-agent", "Zammad User Agent"),
        ("x-zammad-trigger", "Tell Deskhand"),
        ("x-zammad-delivery", id),
        ("x-hub-signature", &signature),
    ];
    delivery("/v1/hooks/zammad", &headers, body)
}

pub fn freshdesk(body: &str) -> Delivery {
    delivery("/v1/hooks/freshdesk", &[("x-deskhand-secret", SECRET)], body)
}

pub fn generic(body: &str) -> Delivery {
    let signature = format!("sha256={}", hex(&sha256(SECRET.as_bytes(), body)));
    delivery("/v1/hooks/generic", &[("x-deskhand-signature", &signature)], body)
}

/// As Standard Webhooks sign.
pub fn standard(body: &str, id: &str, at: Timestamp) -> Delivery {
    let at = at.as_second().to_string();
    let signature = STANDARD.encode(sha256(SECRET.as_bytes(), &format!("{id}.{at}.{body}")));
    let signatures = format!("v1,{} v1,{signature}", STANDARD.encode([0; 32]));
    let headers = [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signatures)];
    delivery("/v1/hooks/generic", &headers, body)
}

fn delivery(path: &'static str, headers: &[(&str, &str)], body: &str) -> Delivery {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Delivery { path, headers: headers.iter().map(owned).collect(), body: body.as_bytes().to_vec() }
}

fn sha256(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All four helpdesks are set up, and everything is written.
pub fn set_up(settings: &mut Settings) {
    let integrations = &mut settings.integrations;
    let secrets =
        || vec![Secret::from("0ther-secret-while-rotating".to_owned()), Secret::from(SECRET.to_owned())];
    integrations.zendesk.hook.secrets = secrets();
    integrations.zammad.hook.secrets = secrets();
    integrations.freshdesk.hook.secrets = secrets();
    integrations.generic.hook.secrets = secrets();
    integrations.zendesk.hook.own_users = vec![OWN_USER.to_owned()];
    integrations.zammad.hook.own_users = vec!["99".to_owned()];
    integrations.freshdesk.hook.own_users = vec!["deskhand@desk.example".to_owned()];
    integrations.zammad.ticket_prefix = "zm-".to_owned();
    integrations.freshdesk.ticket_prefix = "fd-".to_owned();
    integrations.generic.ticket_prefix = "g-".to_owned();
    integrations.zendesk.dry_run = false;
    integrations.zammad.dry_run = false;
    integrations.freshdesk.dry_run = false;
    integrations.generic.dry_run = false;
}
