//! The fields of a row under any of the names that other products give them.

use std::collections::HashMap;

use serde_json::Value;

pub(super) const ID: &[&str] = &["id"];
pub(super) const TITLE: &[&str] = &["title"];
/// `html_body` last: who gives both means the first.
pub(super) const BODY: &[&str] = &["body", "content", "text", HTML_BODY];
/// The one name of the body that also says how it is written.
pub(super) const HTML_BODY: &str = "html_body";
pub(super) const BODY_FORMAT: &[&str] = &["body_format"];
/// `url` last: in a Zendesk export it is the address of the API, and `html_url` that of the page.
pub(super) const URL: &[&str] = &["html_url", "canonical_url", "link", "url"];
pub(super) const AUDIENCE: &[&str] = &["audience"];
pub(super) const STATUS: &[&str] = &["status"];
pub(super) const DRAFT: &[&str] = &["draft"];
pub(super) const CATEGORY: &[&str] = &["category", "section", "classification"];
pub(super) const TAGS: &[&str] = &["tags", "labels", "label_names"];
pub(super) const LANGUAGE: &[&str] = &["language", "locale"];
/// `edited_at` first: in a Zendesk export it is when the text changed, and `updated_at` moves with
/// every vote.
pub(super) const UPDATED_AT: &[&str] = &["edited_at", "updated_at", "last_updated", MS_DATE, "lastmod"];
/// `brand_id` of a Zendesk export is a number that says nothing by itself, and is not read.
pub(super) const PRODUCT: &[&str] = &["product", "brand"];
pub(super) const EXPIRES_AT: &[&str] = &["expires_at", "expires", "expiry_date"];
pub(super) const REVIEW_AT: &[&str] = &["review_at", "review_by", "next_review", "review_date"];
pub(super) const ATTACHMENTS: &[&str] = &["attachments"];
pub(super) const VERSION: &[&str] = &["version"];
pub(super) const KEPT_AT: &[&str] = &["kept_at"];
/// The one date that is written `MM/DD/YYYY` by convention.
pub(super) const MS_DATE: &str = "ms.date";

/// The fields of a row or of a front matter. Names are compared in lower case and with `_` for
/// blanks, so that a column may be called `Updated at`.
#[derive(Debug, Default)]
pub(super) struct Fields(HashMap<String, Value>);

impl Fields {
    /// Takes fields in; of two with one name the first counts, and empty ones count as absent.
    pub(super) fn new(fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut map = HashMap::new();
        for (name, value) in fields {
            if !is_blank(&value) {
                map.entry(folded(&name)).or_insert(value);
            }
        }
        Self(map)
    }

    /// The first of these fields that is there, with its name.
    pub(super) fn get(&self, names: &[&'static str]) -> Option<(&'static str, &Value)> {
        names.iter().find_map(|&name| Some((name, self.0.get(name)?)))
    }

    /// Takes the first of these fields out.
    pub(super) fn take(&mut self, names: &[&'static str]) -> Option<(&'static str, Value)> {
        names.iter().find_map(|&name| Some((name, self.0.remove(name)?)))
    }
}

/// Whether a name, folded, is that of a field which is read.
pub(super) fn is_known(name: &str) -> bool {
    let all = [
        ID,
        TITLE,
        BODY,
        BODY_FORMAT,
        URL,
        AUDIENCE,
        STATUS,
        DRAFT,
        CATEGORY,
        TAGS,
        LANGUAGE,
        UPDATED_AT,
        PRODUCT,
        EXPIRES_AT,
        REVIEW_AT,
        ATTACHMENTS,
        VERSION,
        KEPT_AT,
    ];
    all.concat().contains(&name)
}

/// A field's name as it is compared.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace(' ', "_")
}

/// The text of a value; a number counts as text. An error names what it is instead.
pub(super) fn text(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(kind(other)),
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The texts of a list, or the parts of a text between `,` or `;`; blanks and repetitions left out.
/// An error names what the value or one of its items is instead.
pub(super) fn list(value: &Value) -> Result<Vec<String>, &'static str> {
    // As our own export writes a list into a cell.
    let in_a_cell = value.as_str().filter(|text| text.trim_start().starts_with('['));
    let in_a_cell = in_a_cell.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let items: Vec<String> = match in_a_cell.as_ref().unwrap_or(value) {
        Value::Array(items) => items.iter().map(text).collect::<Result<_, _>>()?,
        other => text(other)?.split([',', ';']).map(|item| item.trim().to_owned()).collect(),
    };
    let mut kept: Vec<String> = Vec::new();
    for item in items {
        if !item.is_empty() && !kept.contains(&item) {
            kept.push(item);
        }
    }
    Ok(kept)
}

/// Whether a value says yes: `true`, `yes` or 1.
pub(super) fn yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        other => text(other).is_ok_and(|text| matches!(text.to_lowercase().as_str(), "true" | "yes" | "1")),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_is_found_under_its_name_as_people_write_it() {
        let fields = Fields::new([("Last Updated ".to_owned(), json!("2026-01-01"))]);
        assert_eq!(fields.get(UPDATED_AT).unwrap().0, "last_updated");
    }

    #[test]
    fn an_empty_field_gives_way_to_the_next_name() {
        let fields = Fields::new([("body".to_owned(), json!(" ")), ("content".to_owned(), json!("text"))]);
        assert_eq!(fields.get(BODY).unwrap().0, "content");
    }

    #[test]
    fn tags_are_a_list_or_a_text_with_separators() {
        assert_eq!(list(&json!(["vpn", " vpn ", "", 8])).unwrap(), ["vpn", "8"]);
        assert_eq!(list(&json!("vpn; remote access ,vpn")).unwrap(), ["vpn", "remote access"]);
        assert_eq!(list(&json!([["vpn"]])), Err("a list"));
    }
}
