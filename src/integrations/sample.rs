//! A delivery as each helpdesk sends it, made here, so that a site sees the whole way before the helpdesk is set up.
//! The forms are those of `docs/integrations`, the signatures those that `hooks` believes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::Product;
use crate::config::{FieldMapping, ProductSettings};

/// What it says. Each has its time in it, so that its words are new and are answered.
const SUBJECT: &str = "Test by Deskhand: the VPN drops";
const BODY: &str =
    "Since the update this morning the VPN disconnects every ten minutes and I cannot work from home.";

/// A signed delivery.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The path of its hook.
    pub path: String,
    /// What it is signed with.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Vec<u8>,
}

/// A delivery about the ticket with this id in the helpdesk, sent at `now`. `None` where the settings name no secret,
/// or one that cannot stand in a header.
pub fn sample(
    product: Product,
    settings: ProductSettings<'_>,
    ticket_id: &str,
    now: Timestamp,
) -> Option<Sample> {
    let secret = settings.hook.secrets.first()?.expose();
    let words = format!("{BODY} ({now})");
    let body = match product {
        Product::Zendesk => zendesk(ticket_id, &words, now),
        Product::Zammad => zammad(ticket_id, &words, now),
        Product::Freshdesk => freshdesk(ticket_id, &words),
        Product::Generic => {
            generic(&settings.hook.mapping.clone().unwrap_or_default(), ticket_id, &words, now)
        }
    };
    let body = body.to_string().into_bytes();
    let at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let own_header = settings.hook.signature_header.as_deref().unwrap_or("x-deskhand-signature");
    let headers: Vec<(&str, String)> = match product {
        Product::Zendesk => vec![
            ("x-zendesk-webhook-invocation-id", format!("deskhand-test-{now}")),
            ("x-zendesk-webhook-signature-timestamp", at.clone()),
            ("x-zendesk-webhook-signature", STANDARD.encode(sha256(secret, &[at.as_bytes(), &body])?)),
        ],
        Product::Zammad => vec![
            ("x-zammad-delivery", format!("deskhand-test-{now}")),
            ("x-zammad-trigger", "Deskhand test".to_owned()),
            ("x-hub-signature", format!("sha1={}", hex(&sha1(secret, &body)?))),
        ],
        Product::Freshdesk => vec![("x-deskhand-secret", secret.to_owned())],
        Product::Generic => vec![(own_header, format!("sha256={}", hex(&sha256(secret, &[&body])?)))],
    };
    let mut signed = HeaderMap::new();
    for (name, value) in headers {
        signed.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(Sample { path: format!("/v1/hooks/{product}"), headers: signed, body })
}

fn zendesk(id: &str, words: &str, now: Timestamp) -> Value {
    json!({
        "ticket": {
            "id": id, "title": SUBJECT, "description": words, "latest_comment_is_public": "true",
            "status": "open", "via": "Web Form", "created_at": now, "updated_at": now,
        },
    })
}

fn zammad(id: &str, words: &str, now: Timestamp) -> Value {
    json!({
        "ticket": {
            "id": id, "title": SUBJECT, "state": "new", "article_count": 1, "created_at": now, "updated_at": now,
        },
        "article": {"id": 1, "body": words, "content_type": "text/plain", "internal": false},
    })
}

fn freshdesk(id: &str, words: &str) -> Value {
    json!({
        "freshdesk_webhook": {
            "ticket_id": id, "ticket_subject": SUBJECT, "ticket_description": words, "ticket_status": "Open",
        },
    })
}

fn generic(mapping: &FieldMapping, id: &str, words: &str, now: Timestamp) -> Value {
    let mut body = Value::Object(Map::new());
    put(&mut body, &mapping.ticket_id, id);
    put(&mut body, &mapping.subject, SUBJECT);
    put(&mut body, &mapping.body, words);
    for pointer in [&mapping.delivery_id, &mapping.updated_at].into_iter().flatten() {
        put(&mut body, pointer, &now.to_string());
    }
    body
}

/// Puts a text where a JSON Pointer (RFC 6901) points to.
fn put(into: &mut Value, pointer: &str, text: &str) {
    let mut place = into;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    *place = text.into();
}

fn sha256(key: &str, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().to_vec())
}

fn sha1(key: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(body);
    Some(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
