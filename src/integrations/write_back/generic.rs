//! Any helpdesk that takes JSON: the update is posted to an address of the settings.
//!
//! Nothing can be read there, so who receives it tells repetitions by the header `Idempotency-Key`, which is the same
//! for every attempt (as in <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>). With
//! secrets in the settings it is signed as Standard Webhooks are.

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::credentials::SetupError;
use super::rest::{Rest, Trouble};
use super::{Helpdesk, Wording, note};
use crate::config::ApiSettings;
use crate::integrations::signature::Signer;
use crate::integrations::update::{Product, Update};

/// What stands for the ticket's id in the address.
const TICKET_ID: &str = "{ticket_id}";

#[derive(Debug)]
pub(super) struct Generic {
    url: String,
    wording: Wording,
    rest: Rest,
    signer: Option<Signer>,
}

impl Generic {
    pub(super) fn new(api: &ApiSettings, wording: Wording, rest: Rest) -> Result<Self, SetupError> {
        let signer =
            if api.signing_secrets.is_empty() { None } else { Some(Signer::new(&api.signing_secrets)) };
        let signer = signer.transpose().map_err(|error| SetupError {
            product: Product::Generic,
            problem: format!("api.signing_secrets: {error}"),
        })?;
        Ok(Self { url: api.url.clone(), wording, rest, signer })
    }

    /// The update in the words of the helpdesk, with the note as HTML beside its parts.
    fn body(&self, update: &Update) -> Result<Value, serde_json::Error> {
        let mut told = update.clone();
        told.category = told.category.map(|label| self.wording.category(&label).to_owned());
        let mut body = serde_json::to_value(told)?;
        if let Some(priority) = update.priority {
            body["priority"] = self.wording.priority(priority).into();
        }
        if let Some(html) = note::html(update) {
            body["note"]["html"] = html.into();
        }
        Ok(body)
    }

    fn headers(&self, update: &Update, body: &[u8], now: Timestamp) -> Result<HeaderMap, Trouble> {
        let id = update.key();
        let unfit =
            || Trouble::Hopeless("the ticket's id holds characters that no header can carry".to_owned());
        let mut headers = HeaderMap::new();
        let key = HeaderValue::from_str(&id).map_err(|_| unfit())?;
        headers.insert(HeaderName::from_static("idempotency-key"), key);
        if let Some(signer) = &self.signer {
            headers.extend(signer.headers(&id, now, body).ok_or_else(unfit)?);
        }
        Ok(headers)
    }
}

impl Helpdesk for Generic {
    async fn write(&self, update: &Update) -> Result<(), Trouble> {
        let id: String = url::form_urlencoded::byte_serialize(update.ticket_id.as_bytes()).collect();
        // A form's plus is a space nowhere else.
        let url = self.url.replace(TICKET_ID, &id.replace('+', "%20"));
        let body = self
            .body(update)
            .map_err(|_| Trouble::Hopeless("the update is no JSON; please report this".into()))?;
        let body = body.to_string().into_bytes();
        let headers = self.headers(update, &body, self.rest.now())?;
        self.rest.send(Method::POST, &url, "the update", Some(body), headers).await.map(drop)
    }
}
