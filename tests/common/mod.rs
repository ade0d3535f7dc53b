//! What the tests of the service share: a small bundle, a data folder, and requests through the real
//! router.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used)]

pub mod served;
pub mod tiny_bundle;

use std::collections::VecDeque;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use deskhand::config::Settings;
use deskhand::http::{App, AppState, router};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The service over an empty data folder and the small bundle.
pub struct TestApp {
    pub app: AppState,
    router: Router,
    /// Removed at the end.
    pub dir: TempDir,
}

impl TestApp {
    /// With default settings and one worker.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With settings changed by `change`.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundle");
        tiny_bundle::write(&bundle);
        Self::over(dir, &bundle, change).await
    }

    /// The same with the bundle that ships, where it counts which article is near to a text.
    pub async fn shipped(change: impl FnOnce(&mut Settings)) -> Self {
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default");
        Self::over(tempfile::tempdir().unwrap(), &bundle, change).await
    }

    async fn over(dir: TempDir, bundle: &Path, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.inference.threads = std::num::NonZeroUsize::new(1);
        change(&mut settings);
        let app = App::open(settings, &dir.path().join("data"), bundle).await.unwrap();
        let app = AppState::new(app);
        Self { router: router(app.clone()), app, dir }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, json: Value) -> Answer {
        self.post_as(path, "application/json", json.to_string()).await
    }

    /// Posts a body of any kind.
    pub async fn post_as(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        self.send(request(Method::POST, path, Some(content_type), body)).await
    }

    /// Puts JSON.
    pub async fn put(&self, path: &str, json: Value) -> Answer {
        self.send(request(Method::PUT, path, Some("application/json"), json.to_string())).await
    }

    /// Gets.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, None, Body::empty())).await
    }

    /// Keeps the service from writing until it is released.
    pub async fn lock_database(&self) -> Locked {
        let path = self.dir.path().join("data/deskhand.db");
        let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        Locked(connection)
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, None, Body::empty())).await
    }
}

/// A database that another program is writing to.
pub struct Locked(SqliteConnection);

impl Locked {
    pub async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
    }
}

/// A request.
pub fn request(
    method: Method,
    path: &str,
    content_type: Option<&str>,
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    request.body(body.into()).unwrap()
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A refusal as a person would read it, for a snapshot; what every refusal must have is checked.
    pub fn refusal(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        let part = |name: &str| problem[name].as_str().unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(part("type"), format!("/docs/errors#{}", part("code")));
        let mut shown = format!("{} {}\n", self.status.as_u16(), part("code"));
        for name in ["retry-after", "allow"] {
            if let Some(value) = self.header(name) {
                shown += &format!("{name}: {value}\n");
            }
        }
        shown += &format!("{}: {}\n", part("title"), part("detail"));
        for error in problem["errors"].as_array().unwrap() {
            shown += &format!("{} {}\n", error["field"], error["message"].as_str().unwrap());
        }
        shown
    }
}

/// A body that comes in these pieces, without a length beforehand.
pub fn pieces(pieces: impl IntoIterator<Item = Result<Vec<u8>, std::io::Error>>) -> Body {
    Body::new(Pieces { rest: pieces.into_iter().collect(), ends: true })
}

/// A body whose first bytes come, as many as said, and then nothing more.
pub fn endless(bytes: usize) -> Body {
    Body::new(Pieces { rest: [Ok(vec![b' '; bytes])].into(), ends: false })
}

struct Pieces {
    rest: VecDeque<Result<Vec<u8>, std::io::Error>>,
    ends: bool,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.rest.pop_front() {
            Some(piece) => Poll::Ready(Some(piece.map(|bytes| Frame::data(bytes.into())))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
