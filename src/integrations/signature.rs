//! Signatures of what is sent, by the Standard Webhooks specification 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use crate::config::{Secret, signing_key};

/// Signs with one key or, while a receiver changes over, with several.
#[derive(Clone)]
pub struct Signer(Vec<Vec<u8>>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer with {} keys", self.0.len())
    }
}

impl Signer {
    /// With the keys in these secrets, each as it stands or in the file that it names.
    ///
    /// # Errors
    /// A sentence that says what is wrong with a secret and shows nothing of it.
    pub fn new(secrets: &[Secret]) -> Result<Self, String> {
        let key = |secret: &Secret| {
            let secret = secret.resolved().map_err(|error| format!("a secret cannot be read: {error}"))?;
            signing_key(&secret).map_err(|problem| format!("a secret {problem}"))
        };
        secrets.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// `v1,` and the signature in base64, one for each key, with a space between.
    pub fn signatures(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signature = |key: &Vec<u8>| {
            // A key of any length will do.
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        };
        self.0.iter().filter_map(signature).collect::<Vec<_>>().join(" ")
    }

    /// The three headers of a delivery at the time `now`; `None` if `id` cannot stand in one.
    pub fn headers(&self, id: &str, now: Timestamp, body: &[u8]) -> Option<HeaderMap> {
        let timestamp = now.as_second();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", self.signatures(id, timestamp, body)),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).ok()?);
        }
        Some(headers)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn signer(secrets: &[&str]) -> Signer {
        Signer::new(&secrets.iter().map(|secret| Secret::from((*secret).to_owned())).collect::<Vec<_>>())
            .unwrap()
    }

    /// The vectors that the reference libraries of the specification are tested with.
    #[test]
    fn signatures_are_those_of_the_reference_libraries() {
        let one = signer(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
        assert_eq!(
            one.signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        let other = signer(&["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]);
        assert_eq!(
            other.signatures(
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                b"{\"email\":\"test@example.com\",\"username\":\"test_user\"}"
            ),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn while_a_receiver_changes_over_there_is_a_signature_for_each_secret() {
        let (new, old) = ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let both = signer(&[new, old]).signatures("m", 1, b"{}");
        let each = [signer(&[new]), signer(&[old])].map(|signer| signer.signatures("m", 1, b"{}"));
        assert_eq!(both, each.join(" "));
        assert!(!format!("{:?}", signer(&[new])).contains("C2FV"));
    }
}
