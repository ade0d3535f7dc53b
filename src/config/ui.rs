//! Settings of the pages, and of what other sites show of them.

use std::fmt;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// The pages, and what other sites show of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct UiSettings {
    /// With it links to a ticket's panel are signed: 32 characters at least, by chance, such as
    /// `openssl rand -hex 32` gives. Absent: there are no such links.
    #[garde(custom(long_enough))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_secret: Option<Secret>,
    /// Sites that may show a ticket's panel in a frame, such as `https://desk.example`.
    #[garde(custom(origins))]
    pub frame_ancestors: Vec<String>,
    /// Sites whose pages may hold the widget, such as `https://help.example`. Absent: there is no widget.
    #[garde(custom(origins))]
    pub widget_origins: Vec<String>,
    /// How many of the texts that customers typed without finding an answer are kept, the newest ones: for
    /// the owners of the knowledge base. 0 keeps none of them, only how many there were.
    #[garde(range(max = 1_000_000))]
    pub keep_unanswered: u32,
}

/// A word that nobody else must know: never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The word itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(word: String) -> Self {
        Self(word)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

fn long_enough(secret: &Option<Secret>, (): &()) -> garde::Result {
    match secret {
        Some(Secret(word)) if word.chars().count() < 32 => {
            Err(garde::Error::new("is too short to be a secret; give 32 characters at least, by chance"))
        }
        _ => Ok(()),
    }
}

/// Scheme, host and port and no more, as browsers name a site: what goes into a header must hold nothing else.
fn origins(origins: &[String], (): &()) -> garde::Result {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    let fits = |origin: &String| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && host.chars().all(plain))
    };
    match origins.iter().find(|origin| !fits(origin)) {
        Some(origin) => Err(garde::Error::new(format!(
            "{origin:?} is not a site; write scheme and host, and the port if it has one, like https://help.example"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problem(settings: &str) -> Option<String> {
        let settings: UiSettings = toml::from_str(settings).unwrap();
        settings.validate().err().map(|report| report.to_string())
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_none_is_ever_shown() {
        let told = problem("link_secret = \"hunter2\"").unwrap();
        assert!(told.contains("link_secret") && told.contains("32 characters") && !told.contains("hunter2"));
        let long = "0123456789abcdef0123456789abcdef";
        assert_eq!(problem(&format!("link_secret = \"{long}\"")), None);
        assert!(!format!("{:?}", Secret::from(long.to_owned())).contains(long));
    }

    #[test]
    fn a_site_is_scheme_and_host_and_no_more() {
        for good in ["https://help.example", "http://127.0.0.1:8081", "https://a-b.example:8443"] {
            assert_eq!(problem(&format!("widget_origins = [\"{good}\"]")), None, "{good}");
        }
        for bad in
            ["help.example", "https://help.example/", "https://", "*", "https://a.example; script-src *"]
        {
            assert!(
                problem(&format!("frame_ancestors = [\"{bad}\"]")).unwrap().contains("is not a site"),
                "{bad}"
            );
        }
    }
}
