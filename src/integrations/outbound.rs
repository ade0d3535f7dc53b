//! All that goes out while the service runs: updates of tickets, and events.

use std::sync::Arc;

use jiff::Timestamp;

use super::events::{DELIVERY_PACE, Deliver, EndpointError, Endpoints, FAN_OUT_PACE, FanOut};
use super::outgoing::{Outgoing, OutgoingError};
use super::write_back::{PACE, SetupError, WriteBack};
use crate::config::Settings;
use crate::jobs::Runner;
use crate::store::Store;

/// Who does what goes out, ready to start.
#[derive(Debug)]
pub struct Outbound {
    write_back: Arc<WriteBack>,
    fan_out: Arc<FanOut>,
    deliver: Arc<Deliver>,
    clock: fn() -> Timestamp,
}

/// Settings by which nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The client cannot be made.
    #[error("settings: {0}")]
    Client(#[from] OutgoingError),
    /// A helpdesk's interface cannot be used.
    #[error("settings: {0}")]
    Helpdesk(#[from] SetupError),
    /// An endpoint of events cannot be used.
    #[error("settings: {0}")]
    Endpoint(#[from] EndpointError),
}

impl Outbound {
    /// Makes everything ready; `clock` says what time it is. A site that sends nothing needs no certificates.
    ///
    /// # Errors
    /// [`OutboundError`], which names the setting.
    pub fn new(settings: &Settings, clock: fn() -> Timestamp) -> Result<Self, OutboundError> {
        let endpoints = Endpoints::new(&settings.events)?;
        let helpdesks = &settings.integrations;
        let sends = endpoints.names().next().is_some()
            || super::Product::ALL.iter().any(|product| helpdesks.of(*product).api.is_some());
        let outgoing = sends.then(|| Outgoing::new(&settings.outgoing)).transpose()?;
        let write_back = match &outgoing {
            Some(outgoing) => WriteBack::new(helpdesks, outgoing, clock)?,
            None => WriteBack::default(),
        };
        Ok(Self {
            write_back: Arc::new(write_back),
            fan_out: Arc::new(FanOut(endpoints.clone())),
            deliver: Arc::new(Deliver::new(endpoints, outgoing, clock)),
            clock,
        })
    }

    /// Begins to work jobs off, on the current runtime.
    pub fn start(&self, store: &Store) -> Running {
        let clock = self.clock;
        Running([
            Runner::start(store.clone(), Arc::clone(&self.write_back), PACE, clock),
            Runner::start(store.clone(), Arc::clone(&self.fan_out), FAN_OUT_PACE, clock),
            Runner::start(store.clone(), Arc::clone(&self.deliver), DELIVERY_PACE, clock),
        ])
    }

    /// Who sends events.
    pub fn deliver(&self) -> &Deliver {
        &self.deliver
    }
}

/// What works jobs off until it is stopped or dropped.
#[derive(Debug)]
pub struct Running([Runner; 3]);

impl Running {
    /// Begins no further job, and returns when those at work have ended.
    pub async fn stop(self) {
        for runner in self.0 {
            runner.stop().await;
        }
    }
}
