//! Requests to addresses that the site configured, and to no others.
//!
//! One client for all: with a limit on the time and on the size of an answer, without redirects, without a proxy
//! from the environment, and with a guard over the addresses that names stand for. Bodies are in no log and no error.

mod guard;

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, Method, redirect};
use serde_json::Value;
use url::Url;

use crate::config::OutgoingSettings;
use guard::Guard;

pub use guard::Forbidden;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait that another program may ask for: a day.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    client: Client,
    guard: Guard,
    max_bytes: usize,
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The file of certificates cannot be read.
    #[error("outgoing.ca_file: {} cannot be read: {}", .0.display(), .1)]
    NoCertificates(PathBuf, std::io::Error),
    /// It holds none.
    #[error("outgoing.ca_file: {} holds no certificate in PEM form", .0.display())]
    BadCertificates(PathBuf),
    /// TLS cannot be set up.
    #[error(
        "TLS cannot be set up: {0}; check that the system has root certificates (Debian: the package ca-certificates)"
    )]
    Tls(String),
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET, PUT or POST.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers beside the content type.
    pub headers: HeaderMap,
    /// JSON as it is sent, to the byte; signatures are over it.
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// How long the other side asks to wait, at most a day.
    pub wait: Option<Duration>,
    body: Vec<u8>,
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent: the address must not be reached.
    #[error(transparent)]
    Forbidden(Forbidden),
    /// Nothing was sent: nobody is there, or TLS failed.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Who.
        host: String,
        /// Why, in the system's words.
        why: String,
    },
    /// It is not known whether the request was carried out: no whole answer came in time.
    #[error("{host} gave no whole answer{}", if *.late { " in time" } else { "" })]
    Broken {
        /// Who.
        host: String,
        /// Whether the time was over.
        late: bool,
    },
    /// The answer was larger than `outgoing.max_response_bytes`.
    #[error("the answer of {host} is larger than outgoing.max_response_bytes")]
    TooLarge {
        /// Who.
        host: String,
    },
}

impl Answer {
    /// Whether it says that all went well.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Its body as JSON; of an empty one `Null`, of what is no JSON nothing.
    pub fn json(&self) -> Option<Value> {
        if self.body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&self.body).ok() }
    }
}

impl Outgoing {
    /// Sets TLS up, with the certificates of the system and those of the settings.
    ///
    /// # Errors
    /// [`OutgoingError`] with what to do.
    pub fn new(settings: &OutgoingSettings) -> Result<Self, OutgoingError> {
        // The second time it is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard::new(&settings.allow_networks);
        let mut builder = Client::builder()
            .user_agent(concat!("Deskhand/", env!("CARGO_PKG_VERSION")))
            .timeout(Duration::from_secs(settings.timeout_s))
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(guard.clone());
        if let Some(path) = &settings.ca_file {
            let pem = fs::read(path).map_err(|error| OutgoingError::NoCertificates(path.clone(), error))?;
            let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(OutgoingError::BadCertificates(path.clone()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| OutgoingError::Tls(innermost(&error)))?;
        Ok(Self { client, guard, max_bytes: settings.max_response_bytes })
    }

    /// Whether the address may be asked at all, as far as it says without its name being resolved.
    ///
    /// # Errors
    /// [`Forbidden`] with what to do.
    pub fn check(&self, url: &Url) -> Result<(), Forbidden> {
        self.guard.check(url)
    }

    /// Sends a request and reads the answer; `now` is for a wait that is told as a time of day.
    ///
    /// # Errors
    /// [`SendError`]; it says whether the request may have been carried out.
    #[tracing::instrument(name = "outgoing.send", target = "span", skip_all)]
    pub async fn send(&self, request: Request, now: Timestamp) -> Result<Answer, SendError> {
        self.check(&request.url).map_err(SendError::Forbidden)?;
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut sending = self.client.request(request.method, request.url).headers(request.headers);
        if let Some(body) = request.body {
            sending = sending.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = sending.send().await.map_err(|error| failed(&host, &error))?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?, now));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&host, &error))? {
            if body.len() + chunk.len() > self.max_bytes {
                return Err(SendError::TooLarge { host });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, wait, body })
    }
}

/// Why a request failed. The guard's own word lies at the bottom of what the client tells.
fn failed(host: &str, error: &reqwest::Error) -> SendError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(forbidden) = inner.downcast_ref::<Forbidden>() {
            return match forbidden {
                // A name server that does not answer now may do so later.
                Forbidden::Unknown(_) => {
                    SendError::Unreachable { host: host.to_owned(), why: forbidden.to_string() }
                }
                _ => SendError::Forbidden(forbidden.clone()),
            };
        }
        cause = inner.source();
    }
    if error.is_connect() || error.is_builder() {
        return SendError::Unreachable { host: host.to_owned(), why: innermost(error) };
    }
    SendError::Broken { host: host.to_owned(), late: error.is_timeout() }
}

/// The words of the cause at the bottom, which name no address and no body.
fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else { return "the request could not be made".to_owned() };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The wait that `Retry-After` asks for: seconds, or a time of day (RFC 9110, 10.2.3).
fn wait(header: &str, now: Timestamp) -> Option<Duration> {
    let wait = match header.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTimeParser::new().parse_timestamp(header.trim()).ok()?;
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_time_and_is_never_longer_than_a_day() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        assert_eq!(wait("93", now), Some(Duration::from_secs(93)));
        assert_eq!(wait("Sun, 22 Nov 2026 10:01:30 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(wait("Sun, 22 Nov 2026 09:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("99999999999", now), Some(LONGEST_WAIT));
        assert_eq!(wait("soon", now), None);
    }

    #[test]
    fn a_file_without_certificates_is_refused_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own-ca.pem");
        let with = |path: &PathBuf| {
            Outgoing::new(&OutgoingSettings { ca_file: Some(path.clone()), ..OutgoingSettings::default() })
        };
        assert!(with(&path).unwrap_err().to_string().contains("own-ca.pem cannot be read"));
        fs::write(&path, "no certificate").unwrap();
        assert!(with(&path).unwrap_err().to_string().contains("holds no certificate"));
    }
}
