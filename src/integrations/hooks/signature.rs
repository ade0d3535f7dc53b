//! Whether a delivery comes from whom it says, and is not an old one sent again.
//!
//! What is compared is the text that the right sender would have written, in a time that does not depend on where
//! it differs; so not a bit of it can be otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::config::{HookSettings, Secret};
use crate::integrations::Product;

/// The header with Freshdesk's secret, which does not sign.
pub(super) const FRESHDESK_SECRET: &str = "x-deskhand-secret";
/// The header of the generic hook, unless the settings name another.
pub(super) const GENERIC_SIGNATURE: &str = "x-deskhand-signature";
/// What the secrets of Standard Webhooks begin with; the rest is base64.
const STANDARD_SECRET: &str = "whsec_";

/// Why a delivery is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistrust {
    /// This header is missing.
    Unsigned(String),
    /// Another signature, or another secret, or another body.
    WrongSignature,
    /// Signed too long ago, or too far ahead, by this window in seconds.
    OldTimestamp(u32),
}

/// Gives a header by its name in lower case.
pub type Headers<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

pub(super) fn verify(
    product: Product,
    hook: &HookSettings,
    header: Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Mistrust> {
    match product {
        Product::Zendesk => zendesk(hook, header, body, now),
        Product::Zammad => zammad(hook, header, body),
        Product::Freshdesk => freshdesk(hook, header),
        Product::Generic if header("webhook-signature").is_some() => standard(hook, header, body, now),
        Product::Generic => generic(hook, header, body),
    }
}

/// `base64(HMAC-SHA256(secret, timestamp + body))`, the timestamp as RFC 3339. Source:
/// <https://developer.zendesk.com/documentation/webhooks/verifying/>.
fn zendesk(hook: &HookSettings, header: Headers<'_>, body: &[u8], now: Timestamp) -> Result<(), Mistrust> {
    let signature = needed(header, "x-zendesk-webhook-signature")?;
    let timestamp = needed(header, "x-zendesk-webhook-signature-timestamp")?;
    let signed = [timestamp.as_bytes(), body];
    by_any(hook, &signature, |secret| STANDARD.encode(sha256(secret.expose().as_bytes(), &signed)))?;
    // Signed by Zendesk: a time that cannot be read is none of these days.
    within(hook, timestamp.parse().ok(), now)
}

/// `sha1=` and the HMAC-SHA1 of the body in hexadecimal. Source:
/// <https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html>.
fn zammad(hook: &HookSettings, header: Headers<'_>, body: &[u8]) -> Result<(), Mistrust> {
    let signature = needed(header, "x-hub-signature")?;
    by_any(hook, &signature, |secret| {
        // A key may have any length.
        let mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes());
        let digest = mac.map(|mac| mac.chain_update(body).finalize().into_bytes().to_vec());
        format!("sha1={}", hex(&digest.unwrap_or_default()))
    })
}

/// Freshdesk signs nothing; it sends a header that the rule sets.
fn freshdesk(hook: &HookSettings, header: Headers<'_>) -> Result<(), Mistrust> {
    let sent = needed(header, FRESHDESK_SECRET)?;
    by_any(hook, &sent, |secret| secret.expose().to_owned())
}

/// `v1,` and `base64(HMAC-SHA256(secret, id.timestamp.body))`, several of them with spaces between, the timestamp
/// in Unix seconds. Source:
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
fn standard(hook: &HookSettings, header: Headers<'_>, body: &[u8], now: Timestamp) -> Result<(), Mistrust> {
    let signatures = needed(header, "webhook-signature")?;
    let id = needed(header, "webhook-id")?;
    let timestamp = needed(header, "webhook-timestamp")?;
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let believed = signatures.split(' ').any(|signature| {
        let own = |secret: &Secret| format!("v1,{}", STANDARD.encode(sha256(&standard_key(secret), &signed)));
        by_any(hook, signature, own).is_ok()
    });
    if !believed {
        return Err(Mistrust::WrongSignature);
    }
    let seconds: Option<i64> = timestamp.parse().ok();
    within(hook, seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()), now)
}

/// `sha256=` and the HMAC-SHA256 of the body in hexadecimal.
fn generic(hook: &HookSettings, header: Headers<'_>, body: &[u8]) -> Result<(), Mistrust> {
    let name = hook.signature_header.as_deref().unwrap_or(GENERIC_SIGNATURE).to_ascii_lowercase();
    let signature = needed(header, &name)?;
    by_any(hook, &signature, |secret| format!("sha256={}", hex(&sha256(secret.expose().as_bytes(), &[body]))))
}

fn needed(header: Headers<'_>, name: &str) -> Result<String, Mistrust> {
    header(name).filter(|value| !value.is_empty()).ok_or_else(|| Mistrust::Unsigned(name.to_owned()))
}

/// Whether `sent` is what one of the secrets gives. All are tried, whichever fits.
fn by_any(hook: &HookSettings, sent: &str, own: impl Fn(&Secret) -> String) -> Result<(), Mistrust> {
    let fits = hook
        .secrets
        .iter()
        .fold(Choice::from(0), |fits, secret| fits | own(secret).as_bytes().ct_eq(sent.as_bytes()));
    if bool::from(fits) { Ok(()) } else { Err(Mistrust::WrongSignature) }
}

fn within(hook: &HookSettings, signed_at: Option<Timestamp>, now: Timestamp) -> Result<(), Mistrust> {
    let window = hook.replay_window_s;
    let off = signed_at.map(|at| now.duration_since(at).abs().as_secs());
    match off {
        Some(off) if off <= i64::from(window) => Ok(()),
        _ => Err(Mistrust::OldTimestamp(window)),
    }
}

fn standard_key(secret: &Secret) -> Vec<u8> {
    let word = secret.expose();
    let decoded = word.strip_prefix(STANDARD_SECRET).and_then(|rest| STANDARD.decode(rest).ok());
    decoded.unwrap_or_else(|| word.as_bytes().to_vec())
}

fn sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // A key may have any length, so this cannot fail; an empty digest would fit nothing that is sent.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hook(secret: &str) -> HookSettings {
        HookSettings { secrets: vec![Secret::from(secret.to_owned())], ..HookSettings::default() }
    }

    fn checked(
        product: Product,
        secret: &str,
        headers: &[(&str, &str)],
        body: &str,
        now: &str,
    ) -> Result<(), Mistrust> {
        let header = |name: &str| {
            headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        verify(product, &hook(secret), &header, body.as_bytes(), now.parse().unwrap())
    }

    /// The example of the specification, signed by its own reference library.
    #[test]
    fn the_example_of_standard_webhooks_is_believed_in_its_time() {
        let headers = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ];
        let check = |now| {
            let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
            checked(Product::Generic, secret, &headers, r#"{"test": 2432232314}"#, now)
        };
        assert_eq!(check("2021-02-25T15:02:10Z"), Ok(()));
        assert_eq!(check("2021-02-25T15:07:11Z"), Err(Mistrust::OldTimestamp(300)));
        assert_eq!(check("2021-02-25T14:57:09Z"), Err(Mistrust::OldTimestamp(300)));
    }

    /// RFC 2202, test case 2.
    #[test]
    fn hmac_sha1_is_that_of_its_test_cases() {
        let headers = [("x-hub-signature", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")];
        let now = "2026-11-22T00:00:00Z";
        assert_eq!(checked(Product::Zammad, "Jefe", &headers, "what do ya want for nothing?", now), Ok(()));
        let upper = [("x-hub-signature", "sha1=EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79")];
        let refused = checked(Product::Zammad, "Jefe", &upper, "what do ya want for nothing?", now);
        assert_eq!(refused, Err(Mistrust::WrongSignature));
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_sha256_is_that_of_its_test_cases() {
        let signature = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let headers = [("x-deskhand-signature", signature)];
        let now = "2026-11-22T00:00:00Z";
        assert_eq!(checked(Product::Generic, "Jefe", &headers, "what do ya want for nothing?", now), Ok(()));
    }

    #[test]
    fn a_header_that_is_missing_is_named() {
        let refused = checked(Product::Freshdesk, "a", &[], "", "2026-11-22T00:00:00Z");
        assert_eq!(refused, Err(Mistrust::Unsigned(FRESHDESK_SECRET.into())));
    }
}
