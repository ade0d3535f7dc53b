//! Bodies: read whole, within a limit of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use tokio::time::{Instant, timeout_at};

use super::admission::{Admission, LARGE_BODY, Place};
use super::error::{Code, Problem};

/// A body may take this long, and a second more for each [`BYTES_A_SECOND`] of it. The rule is that of
/// Apache's mod_reqtimeout, whose defaults are 20 s and 500 bytes; a service beside the helpdesk can
/// ask for more.
const START: Duration = Duration::from_secs(10);
const BYTES_A_SECOND: usize = 64 * 1024;
/// A refused body is read on and thrown away for this long: a client that is still sending when the
/// connection closes would see that, and not the answer.
const LINGER: Duration = Duration::from_secs(3);

/// A body that was read.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) bytes: Vec<u8>,
    /// Held while a large body is worked on.
    pub(super) place: Option<Place>,
}

/// Reads a body of at most `limit` bytes. `setting` is the name of that limit.
pub(super) async fn collect(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    setting: &str,
    admission: &Admission,
) -> Result<Collected, Problem> {
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large(headers, body, limit, setting).await);
    }
    let started = Instant::now();
    let mut collected = Collected { bytes: Vec::new(), place: None };
    loop {
        let earned = Duration::from_secs((collected.bytes.len() / BYTES_A_SECOND) as u64);
        let frame = timeout_at(started + START + earned, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)));
        let data = match frame.await {
            Err(_) => return Err(slow(collected.bytes.len())),
            Ok(None) => return Ok(collected),
            Ok(Some(Err(_))) => return Err(broken(collected.bytes.len(), declared)),
            // Trailers say nothing here.
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        };
        let length = collected.bytes.len() + data.len();
        if length > limit {
            return Err(too_large(headers, body, limit, setting).await);
        }
        if length > LARGE_BODY && collected.place.is_none() {
            collected.place = Some(admission.large()?);
        }
        collected.bytes.extend_from_slice(&data);
    }
}

/// Refuses a body of another kind than `wanted`, or an encoded one. `essence` is the media type
/// without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap, wanted: &str) -> Result<String, Problem> {
    let refuse = |what: String| Err(Problem::because(Code::UnsupportedMediaType, what));
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return refuse("Compressed bodies are not read; send it without Content-Encoding.".into());
    }
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return refuse(format!("The request has no Content-Type; this address reads {wanted}."));
    };
    Ok(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Refuses a request before its body was read.
pub(super) async fn refuse_unread(headers: &HeaderMap, body: Body, problem: Problem) -> Problem {
    linger(headers, body).await;
    problem
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn too_large(headers: &HeaderMap, body: Body, limit: usize, setting: &str) -> Problem {
    linger(headers, body).await;
    Problem::because(Code::BodyTooLarge, format!("At most {limit} bytes are read here (server.{setting})."))
}

/// Reads the rest of a body and throws it away, unless the client waits for leave to send it.
async fn linger(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let rest = async { while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {} };
    // Whether it ended in time or not: the answer goes out now.
    let _ = tokio::time::timeout(LINGER, rest).await;
}

fn slow(received: usize) -> Problem {
    Problem::because(Code::SlowBody, format!("After {received} bytes the rest did not come in time."))
}

fn broken(received: usize, declared: Option<u64>) -> Problem {
    let announced = declared.map(|length| format!(" of {length}")).unwrap_or_default();
    Problem::because(Code::BrokenBody, format!("It ended after {received} bytes{announced}."))
}
