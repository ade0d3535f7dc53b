//! Bodies: read whole, within a limit of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use tokio::time::{Instant, timeout_at};

use super::admission::{Admission, LARGE_BODY, Pace, Place};
use super::error::{Code, Problem};

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
        let Pace { start, bytes_a_second } = admission.pace;
        let earned = Duration::from_secs(collected.bytes.len() as u64 / bytes_a_second);
        let frame = timeout_at(started + start + earned, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)));
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
            match admission.large() {
                Ok(place) => collected.place = Some(place),
                Err(problem) => return Err(refuse_unread(headers, body, problem).await),
            }
        }
        collected.bytes.extend_from_slice(&data);
    }
}

/// Refuses a body of another kind than `wanted`, or an encoded one. `essence` is the media type
/// without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap, wanted: &str) -> Result<String, Problem> {
    let refuse = |what: String| Err(Problem::because(Code::UnsupportedMediaType, what));
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return refuse("The request has a Content-Encoding.".into());
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll};

    use axum::body::Bytes;
    use hyper::body::Frame;

    /// A byte now, and then nothing more.
    struct Stalled(bool);

    impl HttpBody for Stalled {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Pending;
            }
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"{")))))
        }
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let mut admission = Admission::default();
        admission.pace.start = Duration::from_millis(20);
        let body = Body::new(Stalled(false));
        let refused = collect(&HeaderMap::new(), body, 1_024, "max_body_bytes", &admission).await;
        assert_eq!(refused.map(|_| ()).map_err(|problem| problem.code()), Err(Code::SlowBody));
    }
}
