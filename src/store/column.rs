//! How values are written in columns, both ways.
//!
//! An error names the column and never the value: the value may be what a person wrote.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::sql::{Json, Row};

/// A word of a closed set, such as a status, as the HTTP API writes it.
pub(super) fn word_text<T: Serialize>(value: &T) -> Result<String, sqlx::Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(sqlx::Error::Encode("a value of a closed set has to be one word".into())),
    }
}

/// Reads what [`word_text`] wrote; `None` for NULL.
pub(super) fn optional_word<T: DeserializeOwned>(row: &Row, column: &str) -> Result<Option<T>, sqlx::Error> {
    let Some(word) = row.try_get::<Option<&str>>(column)? else {
        return Ok(None);
    };
    let reader: StrDeserializer<'_, WordError> = word.into_deserializer();
    match T::deserialize(reader) {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(unreadable(column, "a word of its set")),
    }
}

/// Reads what [`word_text`] wrote.
pub(super) fn word<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, sqlx::Error> {
    optional_word(row, column)?.ok_or_else(|| unreadable(column, "a word of its set"))
}

/// A time as RFC 3339 in UTC with all nine digits of the nanosecond: it comes back exactly as it
/// was, it sorts as text (from the year 0 on), and a person can read it in any SQLite browser,
/// none of which integer milliseconds give.
pub(super) fn time_text(time: Timestamp) -> String {
    format!("{time:.9}")
}

/// Reads what [`time_text`] wrote; `None` for NULL.
pub(super) fn optional_time(row: &Row, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| unreadable(column, "a time"))).transpose()
}

/// Reads what [`time_text`] wrote.
pub(super) fn time(row: &Row, column: &str) -> Result<Timestamp, sqlx::Error> {
    optional_time(row, column)?.ok_or_else(|| unreadable(column, "a time"))
}

/// A list of ids or tags, or an answer, as JSON.
pub(super) fn json_text<T: Serialize + ?Sized>(value: &T) -> Result<Json, sqlx::Error> {
    serde_json::to_string(value).map(Json).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Reads what [`json_text`] wrote.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(row.try_get(column)?).map_err(|_| unreadable(column, "JSON of its shape"))
}

/// An embedding as little-endian 32-bit floats, four bytes each.
pub(super) fn vector_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Reads what [`vector_bytes`] wrote; `None` for NULL.
pub(super) fn optional_vector(row: &Row, column: &str) -> Result<Option<Vec<f32>>, sqlx::Error> {
    let Some(bytes) = row.try_get::<Option<&[u8]>>(column)? else {
        return Ok(None);
    };
    match bytes.as_chunks::<4>() {
        (floats, []) => Ok(Some(floats.iter().copied().map(f32::from_le_bytes).collect())),
        _ => Err(unreadable(column, "a whole number of 32-bit floats")),
    }
}

/// Reads what [`vector_bytes`] wrote.
pub(super) fn vector(row: &Row, column: &str) -> Result<Vec<f32>, sqlx::Error> {
    optional_vector(row, column)?.ok_or_else(|| unreadable(column, "an embedding"))
}

/// A SHA-256 hash.
pub(super) fn digest(row: &Row, column: &str) -> Result<[u8; 32], sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| unreadable(column, "a hash of 32 bytes"))
}

/// A count or a sequence number; SQLite's integers are signed, ours are not.
pub(super) fn unsigned(number: i64, column: &str) -> Result<u64, sqlx::Error> {
    u64::try_from(number).map_err(|_| unreadable(column, "a number from 0"))
}

/// The error for a column that does not hold what it has to.
pub(super) fn unreadable(column: &str, expected: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("it does not hold {expected}").into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_from_the_year_0_on_sort_as_text(
            one in (-62_167_219_200_i64..253_402_207_200, 0..1_000_000_000),
            other in (-62_167_219_200_i64..253_402_207_200, 0..1_000_000_000),
        ) {
            let [one, other] =
                [one, other].map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap());
            prop_assert_eq!(one.cmp(&other), time_text(one).cmp(&time_text(other)));
        }
    }
}
