//! A small typed client of Deskhand: what a helpdesk calls, with the fields that it needs.
//!
//! ```no_run
//! # async fn example() -> Result<(), deskhand_client::Error> {
//! use deskhand_client::{Client, Decision, Ticket};
//!
//! let client = Client::new("http://127.0.0.1:8080", None)?;
//! let answer = client.triage(&Ticket::new("81", "VPN drops", "Every ten minutes since the update.")).await?;
//! if let Some(category) = answer.predictions.get("category").filter(|it| it.decision == Decision::Auto) {
//!     println!("{} ({:.0} %)", category.label, 100.0 * category.confidence);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Fields that this client does not know are passed over, so that it goes on working with a newer service. Whatever
//! else the service can do is in its OpenAPI document (`/openapi.json`).

#![forbid(unsafe_code)]

mod answer;
mod error;
mod request;

use std::time::Duration;

pub use answer::{
    Decision, Prediction, Sentiment, SentimentAnswer, SimilarTicket, Suggested, Suggestions, Triage,
};
pub use error::{Error, FieldError, Problem};
pub use request::{Article, Audience, Comment, Outcome, Sla, Submitted, Suggest, Ticket};
use reqwest::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

/// Longest wait for an answer. The service itself gives up after 30 seconds unless it is set otherwise.
const PATIENCE: Duration = Duration::from_secs(35);

/// Calls one service. Cheap to clone; keeps its connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<String>,
}

impl Client {
    /// A client of the service at `base`, such as `http://127.0.0.1:8080`, with an API key where it asks for one.
    ///
    /// # Errors
    /// [`Error::Address`] for what is no address, [`Error::Transport`] where TLS cannot be set up.
    pub fn new(base: &str, key: Option<&str>) -> Result<Self, Error> {
        // Whoever has chosen a provider before keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = Url::parse(base).map_err(|error| Error::Address(error.to_string()))?;
        if base.cannot_be_a_base() {
            return Err(Error::Address("it has no host; write it like https://deskhand.example".into()));
        }
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { http, base, key: key.map(str::to_owned) })
    }

    /// Category, impact, urgency, priority, articles and similar tickets. A ticket with an id is kept.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn triage(&self, ticket: &Ticket) -> Result<Triage, Error> {
        self.post(&["v1", "triage"], &serde_json::json!({ "ticket": ticket })).await
    }

    /// Articles that answer a question.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suggest(&self, question: &Suggest) -> Result<Suggestions, Error> {
        self.post(&["v1", "suggest"], question).await
    }

    /// How the writer of a comment feels.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn sentiment(&self, comment: &Comment) -> Result<SentimentAnswer, Error> {
        self.post(&["v1", "sentiment"], comment).await
    }

    /// Keeps an article in place of the one with the same id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put_article(&self, id: &str, article: &Article) -> Result<(), Error> {
        self.send(Method::PUT, &["v1", "articles", id], Some(article)).await.map(drop)
    }

    /// Deletes an article.
    ///
    /// # Errors
    /// [`Error`]; of an article that is not there a problem with the code `article_not_found`.
    pub async fn delete_article(&self, id: &str) -> Result<(), Error> {
        self.send::<()>(Method::DELETE, &["v1", "articles", id], None).await.map(drop)
    }

    /// Tells what became of a ticket; what is not given stays.
    ///
    /// # Errors
    /// [`Error`]; of a ticket that is not kept a problem with the code `ticket_not_found`.
    pub async fn tell_outcome(&self, ticket_id: &str, outcome: &Outcome) -> Result<(), Error> {
        self.send(Method::POST, &["v1", "tickets", ticket_id, "outcome"], Some(outcome)).await.map(drop)
    }

    async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Error> {
        Ok(self.send(Method::POST, path, Some(body)).await?.json().await?)
    }

    async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&B>,
    ) -> Result<Response, Error> {
        let mut address = self.base.clone();
        if let Ok(mut segments) = address.path_segments_mut() {
            // Encodes what an id may have, such as a slash.
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.http.request(method, address);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        if answer.status().is_success() { Ok(answer) } else { Err(Error::of(answer).await) }
    }
}
