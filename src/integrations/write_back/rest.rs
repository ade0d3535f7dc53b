//! Requests to a helpdesk's REST interface, and what its answers mean.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;
use url::Url;

use super::credentials::{SetupError, authorization};
use crate::config::ApiSettings;
use crate::integrations::outgoing::{Answer, Outgoing, Request, SendError};
use crate::integrations::update::Product;

/// Why a request did not do what it was to do, in words for the person who looks after the settings; never in those
/// of the answer, which may hold a customer's.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::integrations) enum Trouble {
    /// It may go better later.
    Later {
        /// Why.
        error: String,
        /// How long the helpdesk asks to wait.
        wait: Option<Duration>,
    },
    /// It would fail again.
    Hopeless(String),
}

impl Trouble {
    /// The sentence.
    pub(in crate::integrations) fn told(&self) -> &str {
        match self {
            Self::Later { error, .. } | Self::Hopeless(error) => error,
        }
    }
}

/// The interface of one helpdesk.
#[derive(Debug, Clone)]
pub(in crate::integrations) struct Rest {
    pub(super) product: Product,
    outgoing: Outgoing,
    base: String,
    headers: HeaderMap,
    clock: fn() -> Timestamp,
}

impl Rest {
    pub(in crate::integrations) fn new(
        product: Product,
        api: &ApiSettings,
        outgoing: Outgoing,
        clock: fn() -> Timestamp,
    ) -> Result<Self, SetupError> {
        let wrong = |problem: String| SetupError { product, problem };
        let url = Url::parse(&api.url).map_err(|error| wrong(format!("api.url is no address: {error}")))?;
        outgoing.check(&url).map_err(|error| wrong(format!("api.url cannot be used: {error}")))?;
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization(product, api)? {
            headers.insert(AUTHORIZATION, value);
        }
        let base = api.url.trim_end_matches('/').to_owned();
        Ok(Self { product, outgoing, base, headers, clock })
    }

    /// What time it is.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Asks for `what`, which stands at `path`.
    pub(in crate::integrations) async fn get(&self, path: &str, what: &str) -> Result<Value, Trouble> {
        self.send(Method::GET, &format!("{}{path}", self.base), what, None, HeaderMap::new()).await
    }

    /// Changes `what`, which stands at `path`.
    pub(super) async fn put(&self, path: &str, what: &str, body: &Value) -> Result<Value, Trouble> {
        let body = Some(body.to_string().into_bytes());
        self.send(Method::PUT, &format!("{}{path}", self.base), what, body, HeaderMap::new()).await
    }

    /// Adds `what` at `path`.
    pub(super) async fn post(&self, path: &str, what: &str, body: &Value) -> Result<Value, Trouble> {
        let body = Some(body.to_string().into_bytes());
        self.send(Method::POST, &format!("{}{path}", self.base), what, body, HeaderMap::new()).await
    }

    /// Sends a request to an address of the interface, with headers beside the credentials.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        what: &str,
        body: Option<Vec<u8>>,
        mut headers: HeaderMap,
    ) -> Result<Value, Trouble> {
        let url = Url::parse(url)
            .map_err(|_| Trouble::Hopeless(format!("{} is no address; check it", self.setting("api.url"))))?;
        headers.extend(self.headers.clone());
        let sent = self.outgoing.send(Request { method, url, headers, body }, self.now()).await;
        match sent {
            // What any program says beside 2xx is its own affair.
            Ok(answer) if answer.is_success() && self.product == Product::Generic => Ok(Value::Null),
            Ok(answer) if answer.is_success() => answer.json().ok_or_else(|| Trouble::Later {
                error: format!(
                    "{} answered the request for {what} with something that is not JSON",
                    self.product
                ),
                wait: answer.wait,
            }),
            Ok(answer) => Err(self.refused(&answer, what)),
            Err(SendError::Forbidden(why)) => {
                Err(Trouble::Hopeless(format!("{} cannot be used: {why}", self.setting("api.url"))))
            }
            Err(error @ SendError::TooLarge { .. }) => Err(Trouble::Hopeless(error.to_string())),
            Err(error) => Err(Trouble::Later { error: error.to_string(), wait: None }),
        }
    }

    fn refused(&self, answer: &Answer, what: &str) -> Trouble {
        let (product, status) = (self.product, answer.status);
        let later = |why: &str| Trouble::Later { error: format!("{product} {why}"), wait: answer.wait };
        let (api, fields) = (self.setting("api"), self.setting("fields"));
        let why = match status {
            300..=399 => {
                format!("a redirect, which is not followed; set {api}.url to the address that it leads to")
            }
            401 => format!(
                "that the credentials are wrong or have expired; check {api}.user, .token and the like"
            ),
            403 => format!("that these credentials may not do this; give the agent of {api} the right to it"),
            404 => format!(
                "that there is no such thing; check {api}.url and the fields it names, and whether it was deleted"
            ),
            400 | 422 => format!(
                "that it takes no such value; check {fields}.category, .category_values and .priority_values (`deskhand doctor` compares them)"
            ),
            409 => return later("says that the ticket was changed at the same moment"),
            429 => return later("asks for a pause: too many requests"),
            408 | 425 | 500..=599 => return later(&format!("has trouble of its own (status {status})")),
            _ => format!("status {status}; check {api}.url"),
        };
        Trouble::Hopeless(format!("{product} answered the request for {what} with {status}: {why}"))
    }

    /// The name of a setting of this interface.
    pub(super) fn setting(&self, name: &str) -> String {
        format!("integrations.{}.{name}", self.product)
    }

    /// The ticket's number. What is none is no id of this helpdesk, and must not end in an address.
    pub(super) fn number(&self, ticket_id: &str) -> Result<u64, Trouble> {
        ticket_id.parse().map_err(|_| {
            Trouble::Hopeless(format!("the ticket's id is no number, as those of {} are", self.product))
        })
    }
}

/// A text that every answer of this kind has.
pub(super) fn text<'a>(answer: &'a Value, field: &str) -> Result<&'a str, Trouble> {
    answer[field].as_str().ok_or_else(|| missing(field))
}

/// A list that every answer of this kind has.
pub(super) fn list<'a>(answer: &'a Value, field: &str) -> Result<&'a Vec<Value>, Trouble> {
    answer[field].as_array().ok_or_else(|| missing(field))
}

fn missing(field: &str) -> Trouble {
    Trouble::Later {
        error: format!("the answer has no field {field}; is the address really the helpdesk's?"),
        wait: None,
    }
}
