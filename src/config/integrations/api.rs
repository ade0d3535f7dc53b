//! Settings of a helpdesk's REST interface, by which updates are written into its tickets.

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// A helpdesk's REST interface. Which of the credentials it takes is its own; `docs/integrations` says which.
/// A secret may be `file:` and the path of a file that it stands in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct ApiSettings {
    /// Where it is, without a path: `https://acme.zendesk.com`. Of a generic helpdesk the whole address that an
    /// update is posted to; `{ticket_id}` in it stands for the ticket's id.
    #[garde(custom(address))]
    pub url: String,
    /// Who writes: Zendesk's e-mail address that the token belongs to; with a password the user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Token or key for the interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// OAuth token instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth_token: Option<Secret>,
    /// Password of `user` instead, where the helpdesk still takes passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// With them updates to a generic helpdesk are signed as Standard Webhooks are: `whsec_…`, the newest first.
    pub signing_secrets: Vec<Secret>,
    /// Field that holds the impact, whose options are called high, medium and low; named as that of the category
    /// (`fields.category`). Absent: the impact is not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact_field: Option<String>,
    /// Field that holds the urgency, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency_field: Option<String>,
}

fn address(url: &str, (): &()) -> garde::Result {
    match url::Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.username().is_empty() => Ok(()),
        _ => Err(garde::Error::new(
            "is no address such as https://acme.zendesk.com; credentials have fields of their own",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_holds_no_credentials() {
        let problem = |url: &str| ApiSettings { url: url.into(), ..ApiSettings::default() }.validate().err();
        assert!(problem("https://acme.zendesk.com").is_none() && problem("http://127.0.0.1:9000").is_none());
        for bad in ["", "acme.zendesk.com", "ftp://acme.example", "https://kim:pw@acme.example"] {
            let told = problem(bad).unwrap().to_string();
            assert!(told.contains("url") && !told.contains("kim"), "{told}");
        }
    }
}
