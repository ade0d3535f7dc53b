//! The part of an address behind the question mark: read, or refused with the name of the parameter.

use std::fmt;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::reason;

/// What serde says before what was wrong with the parameters.
const PREFIX: &str = "Failed to deserialize query string: ";

/// Parameters that fit `T`. One without a value, as forms send it, is as if it were not there.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Params<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.uri.query().unwrap_or_default().split('&');
        let filled: Vec<&str> =
            given.filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty())).collect();
        let uri = Uri::builder().path_and_query(format!("/?{}", filled.join("&"))).build();
        let uri =
            uri.map_err(|_| Problem::field("", "cannot be read as parameters; encode them with % signs"))?;
        let Query(value) = Query::try_from_uri(&uri).map_err(|rejection| {
            let told = rejection.body_text();
            reason::parameter(told.strip_prefix(PREFIX).unwrap_or(&told))
        })?;
        Ok(Self(value))
    }
}

/// A time: RFC 3339, or a date, which means its beginning in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a time as RFC 3339 has it, such as 2026-11-21T09:40:00Z, or a date such as 2026-11-21",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
                if let Ok(at) = text.parse() {
                    return Ok(Moment(at));
                }
                let start = text.parse::<Date>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
                start
                    .map(|start| Moment(start.timestamp()))
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// Words of a closed set with commas between them.
#[derive(Debug, Clone)]
pub(super) struct Words<T>(pub(super) Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let word = |word: &str| {
            let reader: StrDeserializer<'_, WordError> = word.trim().into_deserializer();
            T::deserialize(reader).map_err(D::Error::custom)
        };
        text.split(',').map(word).collect::<Result<_, _>>().map(Self)
    }
}

/// How an answer that is a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TableFormat)]
pub(super) enum Format {
    /// As an object.
    Json,
    /// As the table alone.
    Csv,
}

impl Format {
    /// The one asked for by name, else by `Accept`, else JSON.
    pub(super) fn wanted(named: Option<Self>, headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut kinds = accepts
            .flat_map(|value| value.split(','))
            .map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        let first = kinds.find(|kind| kind == "text/csv" || kind == "application/json" || kind == "*/*");
        named.unwrap_or(if first.as_deref() == Some("text/csv") { Self::Csv } else { Self::Json })
    }
}

/// A table as a file of this name.
pub(super) fn csv_file(name: &str, table: Vec<u8>) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::VARY, "accept".to_owned()),
    ];
    (headers, table).into_response()
}
