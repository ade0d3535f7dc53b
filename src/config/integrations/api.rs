//! Settings of a helpdesk's REST interface, by which updates are written into its tickets.

use std::collections::BTreeMap;
use std::fmt;

use garde::Validate;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::{Priority, Secret};

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
    /// Field that holds the category: Zendesk the number of the field, Zammad its name, Freshdesk `cf_…` or `type`.
    /// Absent: the category is not written.
    #[serde(deserialize_with = "name_or_number", skip_serializing_if = "Option::is_none")]
    pub category_field: Option<String>,
    /// Field that holds the impact, whose options are called high, medium and low.
    #[serde(deserialize_with = "name_or_number", skip_serializing_if = "Option::is_none")]
    pub impact_field: Option<String>,
    /// Field that holds the urgency, likewise.
    #[serde(deserialize_with = "name_or_number", skip_serializing_if = "Option::is_none")]
    pub urgency_field: Option<String>,
    /// What the helpdesk calls a category that it calls otherwise than Deskhand: label = value of the option.
    pub categories: BTreeMap<String, String>,
    /// What the helpdesk calls a priority, where it is not what `docs/integrations` says: P1 = "urgent".
    pub priorities: BTreeMap<Priority, String>,
}

fn address(url: &str, (): &()) -> garde::Result {
    match url::Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.username().is_empty() => Ok(()),
        _ => Err(garde::Error::new(
            "is no address such as https://acme.zendesk.com; credentials have fields of their own",
        )),
    }
}

/// Zendesk's fields have numbers, and who writes one should not have to put it in quotes.
fn name_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    struct Name;
    impl Visitor<'_> for Name {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name or number of a field")
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
            Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
    }
    from.deserialize_any(Name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_field_is_named_or_numbered_and_an_address_holds_no_credentials() {
        let read = |text: &str| toml::from_str::<ApiSettings>(text).unwrap();
        assert_eq!(read("category_field = 360001").category_field.as_deref(), Some("360001"));
        assert_eq!(read("category_field = \"cf_topic\"").category_field.as_deref(), Some("cf_topic"));
        let names = read("[priorities]\nP1 = \"urgent\"\n");
        assert_eq!(names.priorities.get(&Priority::P1).map(String::as_str), Some("urgent"));
        for bad in ["", "acme.zendesk.com", "ftp://acme.example", "https://kim:pw@acme.example"] {
            let settings = ApiSettings { url: bad.into(), ..ApiSettings::default() };
            let told = settings.validate().unwrap_err().to_string();
            assert!(told.contains("url") && !told.contains("kim"), "{told}");
        }
    }
}
