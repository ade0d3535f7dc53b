//! What a row says about its article beside id, title and body.

use serde_json::Value;

use super::article::Row;
use super::dates;
use super::error::{Problem, RowError};
use super::fields;
use crate::store::{ArticleStatus, Attachment, Audience};

impl Row {
    /// A field that an article can do without: one of the wrong type is left out with a warning.
    pub(super) fn optional_text(
        &mut self,
        field: &'static str,
        names: &[&'static str],
    ) -> Option<(&'static str, String)> {
        let (name, value) = self.fields.get(names).or_else(|| self.front.get(names))?;
        match fields::text(value) {
            Ok(text) => Some((name, text)),
            Err(kind) => {
                self.warn(field, format_args!("is {kind}, not text, and was left out"));
                None
            }
        }
    }

    /// The address, unless a browser would do something else with it than open a page.
    pub(super) fn url(&mut self) -> Option<String> {
        let (_, url) = self.optional_text("url", fields::URL)?;
        let scheme = url.split(['/', '?', '#']).next().and_then(|start| start.split_once(':'));
        match scheme {
            Some((scheme, _)) if !["http", "https"].contains(&scheme.to_lowercase().as_str()) => {
                self.warn("url", "is no web address (http:// or https://) and was left out");
                None
            }
            _ => Some(url),
        }
    }

    pub(super) fn audience(&mut self) -> Result<Audience, RowError> {
        let known = |name: &str| match name {
            "customer" => Some(Audience::Customer),
            "agent" => Some(Audience::Agent),
            _ => None,
        };
        let found = self.closed("audience", fields::AUDIENCE, "customer, agent", known, Audience::Agent)?;
        Ok(found.unwrap_or_default())
    }

    pub(super) fn status(&mut self) -> Result<ArticleStatus, RowError> {
        let known = |name: &str| match name {
            "published" => Some(ArticleStatus::Published),
            "draft" => Some(ArticleStatus::Draft),
            "archived" => Some(ArticleStatus::Archived),
            _ => None,
        };
        let allowed = "published, draft, archived";
        let given = self.closed("status", fields::STATUS, allowed, known, ArticleStatus::Draft)?;
        let draft = self.fields.get(fields::DRAFT).or_else(|| self.front.get(fields::DRAFT));
        let draft = draft.is_some_and(|(_, value)| fields::yes(value));
        Ok(match given {
            None | Some(ArticleStatus::Published) if draft => ArticleStatus::Draft,
            given => given.unwrap_or_default(),
        })
    }

    /// A field with a closed set of values. In the row itself another value is an error. Front matter
    /// is written for other programs as well, so there it is read as `narrower`, with a warning.
    fn closed<T>(
        &mut self,
        field: &'static str,
        names: &[&'static str],
        allowed: &'static str,
        known: impl Fn(&str) -> Option<T>,
        narrower: T,
    ) -> Result<Option<T>, RowError> {
        let read = |value: &Value| fields::text(value).ok().and_then(|name| known(&name.to_lowercase()));
        if let Some((_, value)) = self.fields.get(names) {
            return match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.error(Some(field), unknown(value, allowed))),
            };
        }
        let Some((_, value)) = self.front.get(names) else {
            return Ok(None);
        };
        let found = read(value);
        if found.is_none() {
            let problem = unknown(value, allowed);
            self.warn(field, format_args!("{problem}; the narrower reading was taken"));
        }
        Ok(Some(found.unwrap_or(narrower)))
    }

    pub(super) fn tags(&mut self) -> Vec<String> {
        let found = self.fields.get(fields::TAGS).or_else(|| self.front.get(fields::TAGS));
        match found.map(|(_, value)| fields::list(value)) {
            None => Vec::new(),
            Some(Ok(tags)) => tags,
            Some(Err(kind)) => {
                self.warn("tags", format_args!("holds {kind} where text was expected, and was left out"));
                Vec::new()
            }
        }
    }

    /// `en-US` is `en`: articles are told apart by language, not by country.
    pub(super) fn language(&mut self) -> Option<String> {
        let (_, locale) = self.optional_text("language", fields::LANGUAGE)?;
        let code = locale.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        if code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_lowercase()) {
            return Some(code);
        }
        self.warn("language", "is no language code such as en or en-US, and was left out");
        None
    }

    /// A date; one that cannot be read, or in two ways, is left out with a warning.
    pub(super) fn date(&mut self, field: &'static str, names: &[&'static str]) -> Option<jiff::Timestamp> {
        let (name, text) = self.optional_text(field, names)?;
        let slashes = match name {
            fields::MS_DATE => dates::Slashes::MonthFirst,
            _ => dates::Slashes::Unknown,
        };
        let moment = dates::parse(&text, slashes);
        if moment.is_none() {
            self.warn(field, "is no date that can be read in one way only; write 2026-11-21");
        }
        moment
    }
}

impl Row {
    /// The number that our own export gave the version; 0 where there is none. Other programs say by
    /// `version` something else, and nothing by `kept_at`.
    pub(super) fn version(&self) -> u32 {
        let get = |names| self.fields.get(names).or_else(|| self.front.get(names));
        let version = get(fields::VERSION).filter(|_| get(fields::KEPT_AT).is_some());
        let version = version.and_then(|(_, value)| fields::text(value).ok());
        version.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The list that the row gives: addresses, or objects with `address` and `alt`; in a cell of a table
    /// the same as JSON.
    pub(super) fn attachments(&mut self) -> Vec<Attachment> {
        let found = self.fields.get(fields::ATTACHMENTS).or_else(|| self.front.get(fields::ATTACHMENTS));
        let Some((_, value)) = found else { return Vec::new() };
        let in_a_cell = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let list = match in_a_cell.as_ref().unwrap_or(value) {
            Value::Array(items) => items.iter().map(attachment).collect::<Option<Vec<_>>>(),
            other => attachment(other).map(|one| vec![one]),
        };
        list.unwrap_or_else(|| {
            self.warn("attachments", "is no list of addresses, and was left out");
            Vec::new()
        })
    }
}

fn attachment(value: &Value) -> Option<Attachment> {
    match value {
        Value::String(address) => Some(Attachment { address: address.clone(), alt: String::new() }),
        other => serde_json::from_value(other.clone()).ok(),
    }
}

/// The refusal of a value that is not one of `allowed`.
pub(super) fn unknown(value: &Value, allowed: &'static str) -> Problem {
    let text = fields::text(value).unwrap_or_else(|kind| kind.to_owned());
    Problem::UnknownValue { value: text.chars().take(40).collect(), allowed }
}
