//! What can go wrong.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the service is none.
    #[error("the address of the service cannot be used: {0}")]
    Address(String),
    /// The service could not be reached, or its answer not be read.
    #[error("the service did not answer: {0}")]
    Transport(#[from] reqwest::Error),
    /// The service refused.
    #[error("{}: {}", .0.code, .0.title)]
    Refused(Box<Problem>),
}

/// A refusal, as RFC 9457 has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: String,
    /// What happened.
    pub title: String,
    /// What to do.
    #[serde(default)]
    pub detail: Option<String>,
    /// What is wrong, by field.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// How long to wait before the request is sent again, where the service says so.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Deserialize)]
pub struct FieldError {
    /// The field, as a JSON pointer or the name of a parameter.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Error {
    /// What an answer that is no success says.
    pub(crate) async fn of(answer: Response) -> Self {
        let status = answer.status().as_u16();
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let retry_after = seconds.map(Duration::from_secs);
        // What stands between, such as a proxy, answers in its own words.
        let problem = answer.json::<Problem>().await.unwrap_or_else(|_| Problem {
            status,
            code: "unknown".into(),
            title: format!("the address answered with status {status}"),
            detail: None,
            errors: Vec::new(),
            retry_after: None,
        });
        Self::Refused(Box::new(Problem { retry_after, ..problem }))
    }
}
