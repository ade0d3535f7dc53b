//! A delivery to one endpoint.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::fan_out::id;
use super::{DELIVERY, Delivery, Endpoints};
use crate::integrations::outgoing::{Answer, Outgoing, Request, SendError};
use crate::jobs::{Attempt, Work};
use crate::store::{EventType, Job};

/// The status by which an endpoint says that it wants nothing more, ever.
const GONE: u16 = 410;

/// Does the jobs of kind `event_delivery`.
#[derive(Debug)]
pub struct Deliver {
    endpoints: Endpoints,
    outgoing: Option<Outgoing>,
    clock: fn() -> Timestamp,
}

/// What came of a test event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTest {
    /// The endpoint's name in the settings.
    pub endpoint: String,
    /// Its status code, or why there is none.
    pub answer: Result<u16, String>,
}

impl Deliver {
    /// To these endpoints, by this client; `clock` says what time it is. Without a client nothing is sent.
    pub fn new(endpoints: Endpoints, outgoing: Option<Outgoing>, clock: fn() -> Timestamp) -> Self {
        Self { endpoints, outgoing, clock }
    }

    /// Sends a test event to every endpoint, or to that of this name; nothing if there is none.
    pub async fn test(&self, only: Option<&str>) -> Vec<SentTest> {
        let id = id(&format!("test:{}", Uuid::now_v7()));
        let body = json!({"type": EventType::Test, "timestamp": (self.clock)(), "data": {}}).to_string();
        let mut sent = Vec::new();
        for endpoint in self.endpoints.names().filter(|name| only.is_none_or(|only| only == *name)) {
            let delivery = Delivery { endpoint: endpoint.to_owned(), id: id.clone(), body: body.clone() };
            let answer = match self.send(&delivery).await {
                Ok(answer) => Ok(answer.status),
                Err(trouble) => Err(trouble.told()),
            };
            sent.push(SentTest { endpoint: endpoint.to_owned(), answer });
        }
        sent
    }

    async fn send(&self, delivery: &Delivery) -> Result<Answer, Unsent> {
        let name = &delivery.endpoint;
        let (Some(endpoint), Some(outgoing)) = (self.endpoints.known.get(name), &self.outgoing) else {
            return Err(Unsent::NoEndpoint(name.clone()));
        };
        let now = (self.clock)();
        let body = delivery.body.clone().into_bytes();
        // The id is our own hash, which any header takes.
        let headers = endpoint.signer.headers(&delivery.id, now, &body).unwrap_or_default();
        let request = Request { method: Method::POST, url: endpoint.url.clone(), headers, body: Some(body) };
        outgoing.send(request, now).await.map_err(Unsent::Failed)
    }
}

enum Unsent {
    NoEndpoint(String),
    Failed(SendError),
}

impl Unsent {
    fn told(&self) -> String {
        match self {
            Self::NoEndpoint(name) => format!("there is no events.endpoints.{name} in the settings any more"),
            Self::Failed(error) => error.to_string(),
        }
    }
}

impl Work for Deliver {
    fn kind(&self) -> &'static str {
        DELIVERY
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        let delivery = match serde_json::from_value::<Delivery>(job.payload.clone()) {
            Ok(delivery) => delivery,
            Err(error) => {
                let error =
                    format!("the job holds no delivery (column {}); please report this", error.column());
                return Attempt::Hopeless { error };
            }
        };
        let name = &delivery.endpoint;
        let gone = || Attempt::Hopeless {
            error: format!("{name} answered 410 Gone and hears of nothing until the next start"),
        };
        if self.endpoints.gone().contains(name) {
            return gone();
        }
        match self.send(&delivery).await {
            Ok(answer) if answer.is_success() => Attempt::Done(Vec::new()),
            Ok(answer) if answer.status == GONE => {
                tracing::warn!(
                    endpoint = name,
                    "an endpoint of events is gone; it hears of nothing until the next start"
                );
                self.endpoints.gone().insert(name.clone());
                gone()
            }
            Ok(answer) => Attempt::Failed {
                error: format!("{name} answered {}, not 2xx", answer.status),
                wait: answer.wait,
            },
            Err(unsent @ (Unsent::NoEndpoint(_) | Unsent::Failed(SendError::Forbidden(_)))) => {
                Attempt::Hopeless { error: unsent.told() }
            }
            Err(unsent) => Attempt::Failed { error: unsent.told(), wait: None },
        }
    }
}
