//! What the address of a page asks for, and addresses that ask for a little else.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::ui::view::escaped;

/// Most pairs of an address that are looked at, and most bytes of one value; what goes beyond is left out.
const PAIRS: usize = 40;
const BYTES: usize = 300;
/// What belongs to a table and not to the whole page.
const OF_TABLE: [&str; 5] = ["table", "sort", "dir", "page", "format"];

/// The path of a page and what stands behind the question mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    pub(in crate::ui) fn new(path: &str, query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).take(PAIRS).filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            // An empty field of a form asks for nothing.
            (!value.is_empty() && value.len() <= BYTES && name.len() <= BYTES).then_some((name, value))
        });
        Self { path: path.to_owned(), pairs: pairs.collect() }
    }

    /// The first value of this name.
    pub(in crate::ui) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What is asked of the table with this id: where no table is named, every one is meant.
    pub(super) fn of_table(&self, id: &str, name: &str) -> Option<&str> {
        if self.get("table").is_some_and(|named| named != id) { None } else { self.get(name) }
    }

    /// This address with other values for the table `id`, without `less`.
    pub(super) fn table_with(&self, id: &str, values: &[(&str, &str)], less: &str) -> String {
        let another = self.get("table").is_some_and(|named| named != id);
        let keep = |name: &str| {
            let replaced = values.iter().any(|(other, _)| *other == name);
            let fleeting = name == "format" || name == "table" || name == less;
            let of_another = another && OF_TABLE.contains(&name);
            !(replaced || fleeting || of_another)
        };
        let kept = self.pairs.iter().filter(|(name, _)| keep(name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<String> = kept
            .chain([("table", id)])
            .chain(values.iter().copied())
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect();
        let anchor = if values.iter().any(|(name, _)| *name == "format") { "" } else { id };
        let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
        format!("{}?{}{anchor}", self.path, pairs.join("&"))
    }

    /// This address with other values for some names, at `anchor`; what belongs to a table goes.
    pub(in crate::ui) fn with(&self, values: &[(&str, &str)], anchor: &str) -> String {
        let keep = |name: &str| !(OF_TABLE.contains(&name) || values.iter().any(|(other, _)| *other == name));
        let kept = self.pairs.iter().filter(|(name, _)| keep(name));
        let pairs: Vec<String> = kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(values.iter().copied().filter(|(_, value)| !value.is_empty()))
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect();
        let question = if pairs.is_empty() { "" } else { "?" };
        let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
        format!("{}{question}{}{anchor}", self.path, pairs.join("&"))
    }

    /// The path alone.
    pub(in crate::ui) fn path(&self) -> &str {
        &self.path
    }

    /// The order that was asked for, which a form of filters keeps.
    pub(super) fn order(&self) -> Vec<(String, String)> {
        let kept = ["table", "sort", "dir"];
        self.pairs.iter().filter(|(name, _)| kept.contains(&name.as_str())).cloned().collect()
    }
}

/// A part of a query in words; `None` where it is not UTF-8.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::new(parts.uri.path(), parts.uri.query().unwrap_or_default()))
    }
}
