//! Helpdesks on loopback, for tests: real HTTP, in the forms of their documentation (`tests/fixtures/rest`), keeping
//! what they are told and failing as they are told to.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod products;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deskhand::config::{ApiSettings, Settings};
use deskhand::integrations::Product;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// How a stub fails the next request that writes.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// 429 with so many seconds to wait.
    TooMany(u64),
    /// This status, with nothing done.
    Status(u16),
    /// This status, although it was done.
    DoneThen(u16),
    /// The connection ends without an answer, with nothing done.
    Close,
    /// It is done, and the connection ends without an answer.
    DoneThenClose,
    /// Nothing is done and nothing answered.
    Hang,
    /// It is done, and nothing answered.
    DoneThenHang,
    /// It is done, after so long that nobody waits any more.
    DoneLate(Duration),
    /// Done, slowly.
    Slow(Duration),
    /// Answered with a redirect to another host.
    Redirect,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// What a stub holds.
#[derive(Debug)]
pub struct State {
    pub got: Vec<Got>,
    pub faults: VecDeque<Fault>,
    /// The ticket as its interface shows it.
    pub ticket: Value,
    /// Comments, articles or conversations, the oldest first.
    pub notes: Vec<Value>,
    /// Zammad's tags, which stand elsewhere.
    pub tags: Vec<String>,
    /// How often the ticket was changed.
    pub changes: u32,
}

/// A helpdesk.
#[derive(Debug, Clone)]
pub struct Stub {
    pub product: Product,
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What the credentials are.
pub const TOKEN: &str = "sesame-open-the-door";

impl Stub {
    /// Starts on the current runtime.
    pub async fn start(product: Product) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ticket, notes) = products::beginning(product);
        let state = State {
            got: Vec::new(),
            faults: VecDeque::new(),
            ticket,
            notes,
            tags: vec!["enterprise".into()],
            changes: 0,
        };
        let address = listener.local_addr().unwrap();
        let stub = Self { product, address, state: Arc::new(Mutex::new(state)) };
        let serving = stub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stub = serving.clone();
                let service = service_fn(move |request| stub.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        stub
    }

    /// A stub that fails like this, one write after another, and then works.
    pub async fn failing(product: Product, faults: &[Fault]) -> Self {
        let stub = Self::start(product).await;
        stub.state().faults.extend(faults);
        stub
    }

    pub fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The notes with this text in them.
    pub fn notes_with(&self, text: &str) -> Vec<Value> {
        self.state().notes.iter().filter(|note| note.to_string().contains(text)).cloned().collect()
    }

    /// Requests that write, without those that were told to fail before anything was done.
    pub fn writes(&self) -> Vec<Got> {
        self.state().got.iter().filter(|got| got.method != "GET").cloned().collect()
    }

    /// Settings under which Deskhand writes here.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.outgoing.timeout_s = 1;
        settings.outgoing.allow_networks = vec!["127.0.0.1".parse().unwrap()];
        let api = Some(ApiSettings {
            url: self.url(),
            user: (self.product == Product::Zendesk).then(|| "deskhand@acme.example".into()),
            token: Some(TOKEN.to_owned().into()),
            ..ApiSettings::default()
        });
        let category = |name: &str| Some(name.to_owned());
        match self.product {
            Product::Zendesk => {
                settings.integrations.zendesk.api = api;
                settings.integrations.zendesk.fields.category = category("360001");
            }
            Product::Zammad => {
                settings.integrations.zammad.api = api;
                settings.integrations.zammad.fields.category = category("category");
            }
            Product::Freshdesk => {
                settings.integrations.freshdesk.api = api;
                settings.integrations.freshdesk.fields.category = category("cf_category");
            }
            Product::Generic => settings.integrations.generic.api = api,
        }
        settings
    }

    fn url(&self) -> String {
        match self.product {
            Product::Generic => format!("http://{}/tickets/{{ticket_id}}", self.address),
            _ => format!("http://{}", self.address),
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes().to_vec();
        let got = Got {
            method: parts.method.to_string(),
            path: parts.uri.to_string(),
            headers: parts.headers,
            body,
            at: Instant::now(),
        };
        self.state().got.push(got.clone());
        let fault = if got.method == "GET" { None } else { self.state().faults.pop_front() };
        let gone = || Err(std::io::Error::other("told to close"));
        match fault {
            None => Ok(self.done(&got)),
            Some(Fault::TooMany(seconds)) => {
                let mut answer = shown(429, &Value::Null);
                answer.headers_mut().insert("retry-after", seconds.to_string().parse().unwrap());
                Ok(answer)
            }
            Some(Fault::Status(status)) => {
                Ok(shown(status, &serde_json::json!({"error": "a sentence of the helpdesk"})))
            }
            Some(Fault::DoneThen(status)) => {
                self.done(&got);
                Ok(shown(status, &Value::Null))
            }
            Some(Fault::Close) => gone(),
            Some(Fault::DoneThenClose) => {
                self.done(&got);
                gone()
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::DoneThenHang) => {
                self.done(&got);
                std::future::pending().await
            }
            Some(Fault::DoneLate(time)) => {
                // Done although who asked has gone, as real servers do.
                let stub = self.clone();
                let late = tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    stub.done(&got)
                });
                Ok(late.await.unwrap())
            }
            Some(Fault::Slow(time)) => {
                tokio::time::sleep(time).await;
                Ok(self.done(&got))
            }
            Some(Fault::Redirect) => {
                let mut answer = shown(307, &Value::Null);
                answer.headers_mut().insert("location", "http://169.254.169.254/".parse().unwrap());
                Ok(answer)
            }
        }
    }

    fn done(&self, got: &Got) -> Response<Full<Bytes>> {
        let (status, body) = if products::authorized(self.product, got) {
            products::answer(self.product, &mut self.state(), got)
        } else {
            (401, serde_json::json!({"error": "Couldn't authenticate you"}))
        };
        shown(status, &body)
    }
}

fn shown(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::from(body))
        .unwrap()
}
