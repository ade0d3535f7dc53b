//! Values that a query is asked with.

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

/// A value of one of the four types that columns have, or NULL; PostgreSQL wants to know of which type.
#[derive(Debug, Clone)]
pub(in crate::store) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Bytes(Option<Vec<u8>>),
    /// A text that is JSON.
    Json(Option<String>),
}

/// A text that is JSON.
#[derive(Debug, Clone)]
pub(in crate::store) struct Json(pub(in crate::store) String);

impl Value {
    pub(super) fn add_to_sqlite(self, arguments: &mut SqliteArguments) -> Result<(), sqlx::Error> {
        match self {
            Self::Text(text) | Self::Json(text) => arguments.add(text),
            Self::Integer(number) => arguments.add(number),
            Self::Real(number) => arguments.add(number),
            Self::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)
    }

    pub(super) fn add_to_postgres(self, arguments: &mut PgArguments) -> Result<(), sqlx::Error> {
        match self {
            Self::Text(text) => arguments.add(text.map(without_nul)),
            Self::Json(text) => arguments.add(text.map(without_escaped_nul)),
            Self::Integer(number) => arguments.add(number),
            Self::Real(number) => arguments.add(number),
            Self::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)
    }
}

/// The text as PostgreSQL can keep it: it has no U+0000 in texts, so the character that stands for what cannot be
/// shown takes its place. What is looked up goes the same way, so that an id with one in it is found again.
pub(in crate::store) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The same for JSON, which PostgreSQL keeps with the character written out, but then does not look into.
fn without_escaped_nul(text: String) -> String {
    const NUL: &str = "\\u0000";
    if !text.contains(NUL) {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        // A backslash and what it is about: of an escaped backslash the second one begins nothing.
        let (before, escape) = rest.split_at(at);
        kept.push_str(before);
        if let Some(after) = escape.strip_prefix(NUL) {
            kept.push_str("\\ufffd");
            rest = after;
        } else {
            let (this, after) = escape.split_at(2.min(escape.len()));
            kept.push_str(this);
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

macro_rules! value_from {
    ($($kind:ident: $($from:ty => |$x:ident| $into:expr),+;)+) => {$($(
        impl From<$from> for Value {
            fn from($x: $from) -> Self {
                Self::$kind(Some($into))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map(|$x| $into))
            }
        }
    )+)+};
}

value_from! {
    Text: String => |x| x, &str => |x| x.to_owned(), &String => |x| x.clone();
    Integer: i64 => |x| x, u32 => |x| i64::from(x), u8 => |x| i64::from(x), bool => |x| i64::from(x);
    Real: f64 => |x| x, f32 => |x| f64::from(x);
    Bytes: Vec<u8> => |x| x, &[u8] => |x| x.to_vec();
}

impl From<Json> for Value {
    fn from(Json(text): Json) -> Self {
        Self::Json(Some(text))
    }
}

impl From<Option<Json>> for Value {
    fn from(text: Option<Json>) -> Self {
        Self::Json(text.map(|Json(text)| text))
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn json_without_the_zero_character_says_the_same_otherwise(text in "[\\\\u0a\"\0]{0,12}") {
            let written = serde_json::to_string(&text).unwrap();
            let read: String = serde_json::from_str(&without_escaped_nul(written)).unwrap();
            prop_assert_eq!(read, without_nul(text));
        }
    }
}
