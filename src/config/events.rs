//! Settings of the events that are sent to addresses of the site.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::Secret;
use crate::store::EventType;

/// What the secret of a receiver begins with, before its base64.
const PREFIX: &str = "whsec_";
/// Fewest and most bytes of a secret, by the Standard Webhooks specification.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Events, sent as Standard Webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct EventSettings {
    /// Who hears of them, by a name that the site chooses.
    #[garde(dive)]
    pub endpoints: BTreeMap<String, EndpointSettings>,
}

/// One who hears of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct EndpointSettings {
    /// Where events are posted to.
    #[garde(custom(address))]
    pub url: String,
    /// Which events; none named: all.
    #[garde(skip)]
    #[serde(default)]
    pub types: Vec<EventType>,
    /// What they are signed with, each `whsec_` and 24 to 64 bytes in base64, or `file:` and the path of a file with
    /// it. While two are there, each delivery has two signatures, so that the receiver can change over.
    #[garde(length(min = 1, max = 4), custom(can_sign))]
    pub secrets: Vec<Secret>,
}

/// The key in a secret `whsec_…`.
///
/// # Errors
/// A sentence that says what is wrong with it and shows nothing of it.
pub fn signing_key(secret: &Secret) -> Result<Vec<u8>, &'static str> {
    let wrong = "is no secret; write whsec_ and 24 to 64 bytes in base64, as `echo whsec_$(openssl rand -base64 32)` gives";
    let text = secret.expose().strip_prefix(PREFIX).ok_or(wrong)?;
    let key = STANDARD.decode(text).map_err(|_| wrong)?;
    if BYTES.contains(&key.len()) { Ok(key) } else { Err(wrong) }
}

fn can_sign(secrets: &[Secret], (): &()) -> garde::Result {
    // Files are read when the service starts, which tells what is wrong with them.
    for secret in secrets.iter().filter(|secret| !secret.expose().starts_with("file:")) {
        signing_key(secret).map_err(garde::Error::new)?;
    }
    Ok(())
}

fn address(url: &str, (): &()) -> garde::Result {
    match url::Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.username().is_empty() => Ok(()),
        _ => Err(garde::Error::new("is no address such as https://pager.example/deskhand")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problem(text: &str) -> Option<String> {
        let settings: EventSettings = toml::from_str(text).unwrap();
        settings.validate().err().map(|report| report.to_string())
    }

    #[test]
    fn an_endpoint_has_an_address_and_secrets_that_can_sign() {
        let endpoint = |url: &str, secret: &str| {
            format!(
                "[endpoints.pager]\nurl = \"{url}\"\ntypes = [\"survey.low\"]\nsecrets = [\"{secret}\"]\n"
            )
        };
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(problem(&endpoint("https://pager.example/x", good)), None);
        assert_eq!(problem(&endpoint("https://pager.example/x", "file:/run/secrets/pager")), None);
        let told = problem(&endpoint("pager.example/x", good)).unwrap();
        assert!(told.contains("is no address"), "{told}");
        for bad in ["hunter2", "whsec_c2hvcnQ=", "whsec_???"] {
            let told = problem(&endpoint("https://pager.example", bad)).unwrap();
            assert!(told.contains("is no secret") && !told.contains(bad), "{told}");
        }
        assert!(problem("[endpoints.a]\nurl = \"https://a.example\"\nsecrets = []\n").is_some());
        assert!(
            toml::from_str::<EventSettings>(
                "[endpoints.a]\nurl = \"https://a.example\"\nsecrets = []\ntypes = [\"x\"]\n"
            )
            .is_err()
        );
    }
}
