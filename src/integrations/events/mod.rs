//! Events, told to addresses of the site as Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, version 1.0.0).
//!
//! In come jobs of kind `event`; each becomes a job of kind `event_delivery` for every endpoint that wants it, so that
//! one that is down holds up no other. Each event has the same `webhook-id` in all attempts.

mod deliver;
mod fan_out;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::signature::Signer;
use crate::config::EventSettings;
use crate::jobs::{Backoff, Pace};
use crate::store::EventType;

pub use deliver::{Deliver, SentTest};
pub use fan_out::FanOut;

/// The kind of the jobs that tell one event to one endpoint.
pub const DELIVERY: &str = "event_delivery";

/// How fast events become deliveries.
pub const FAN_OUT_PACE: Pace = Pace { at_once: 16, lease: Duration::from_secs(30), backoff: Backoff::PROMPT };
/// How fast deliveries are made.
pub const DELIVERY_PACE: Pace =
    Pace { at_once: 8, lease: Duration::from_secs(90), backoff: Backoff::WEBHOOKS };

/// An event, as it stands in the payload of its job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: EventType,
    data: serde_json::Value,
}

/// A delivery, as it stands in the payload of its job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Delivery {
    /// The endpoint's name in the settings.
    endpoint: String,
    /// The same for all endpoints and attempts.
    id: String,
    /// What is sent, to the byte.
    body: String,
}

/// Who hears of events. Clones share what was learnt of them.
#[derive(Debug, Clone)]
pub struct Endpoints {
    known: Arc<BTreeMap<String, Endpoint>>,
    gone: Arc<Mutex<BTreeSet<String>>>,
}

#[derive(Debug)]
struct Endpoint {
    url: Url,
    types: Vec<EventType>,
    signer: Signer,
}

/// An endpoint that cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
#[error("events.endpoints.{name}: {problem}")]
pub struct EndpointError {
    /// Its name in the settings.
    pub name: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl Endpoints {
    /// Those of the settings.
    ///
    /// # Errors
    /// [`EndpointError`] for an address or a secret that cannot be used.
    pub fn new(settings: &EventSettings) -> Result<Self, EndpointError> {
        let mut known = BTreeMap::new();
        for (name, endpoint) in &settings.endpoints {
            let wrong = |problem: String| EndpointError { name: name.clone(), problem };
            let url =
                Url::parse(&endpoint.url).map_err(|error| wrong(format!("url is no address: {error}")))?;
            let signer =
                Signer::new(&endpoint.secrets).map_err(|problem| wrong(format!("secrets: {problem}")))?;
            known.insert(name.clone(), Endpoint { url, types: endpoint.types.clone(), signer });
        }
        Ok(Self { known: Arc::new(known), gone: Arc::default() })
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// Who wants to hear of this, without those who said that they are gone.
    fn wanting(&self, kind: EventType) -> Vec<&str> {
        let gone = self.gone();
        let wants = |endpoint: &Endpoint| endpoint.types.is_empty() || endpoint.types.contains(&kind);
        let wanting = self.known.iter().filter(|(name, endpoint)| wants(endpoint) && !gone.contains(*name));
        wanting.map(|(name, _)| name.as_str()).collect()
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
