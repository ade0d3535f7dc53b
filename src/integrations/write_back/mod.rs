//! Write-back: an update goes into its ticket, once.
//!
//! In come jobs with an [`Update`]; out go requests to the helpdesk's REST interface, one file each. Setting a field
//! twice is as good as once; a note is not. So a note carries the marker of its update, and before it is added the
//! notes of the ticket are read: an attempt whose end nobody knows (no answer, a crash) is never repeated blindly.

mod credentials;
mod freshdesk;
mod generic;
mod note;
mod rest;
mod wording;
mod zammad;
mod zendesk;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use super::outgoing::Outgoing;
use super::update::{Product, Update, WRITE_BACK};
use crate::config::IntegrationSettings;
use crate::jobs::{Attempt, Backoff, Pace, Work};
use crate::store::Job;

pub use credentials::SetupError;
pub(super) use rest::{Rest, Trouble};
pub(super) use wording::Wording;
pub(super) use zendesk::field_options;

use freshdesk::Freshdesk;
use generic::Generic;
use zammad::Zammad;
use zendesk::Zendesk;

/// How fast updates are written: a helpdesk takes some hundred requests a minute, and an update is three or four.
pub const PACE: Pace = Pace { at_once: 4, lease: Duration::from_secs(240), backoff: Backoff::PROMPT };

/// A helpdesk that an update can be written into.
trait Helpdesk {
    /// Writes the update, unless it is there already.
    fn write(&self, update: &Update) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// One of those that are set up.
#[derive(Debug)]
enum Any {
    Zendesk(Zendesk),
    Zammad(Zammad),
    Freshdesk(Freshdesk),
    Generic(Generic),
}

/// Does the jobs of kind `write_back`.
#[derive(Debug, Default)]
pub struct WriteBack {
    helpdesks: BTreeMap<Product, Any>,
}

impl WriteBack {
    /// Into the helpdesks whose interface is set; `clock` says what time it is.
    ///
    /// # Errors
    /// [`SetupError`], which says which setting is missing or wrong.
    pub fn new(
        settings: &IntegrationSettings,
        outgoing: &Outgoing,
        clock: fn() -> Timestamp,
    ) -> Result<Self, SetupError> {
        let mut helpdesks = BTreeMap::new();
        for product in Product::ALL {
            let set = settings.of(product);
            let Some(api) = set.api else { continue };
            let rest = Rest::new(product, api, outgoing.clone(), clock)?;
            let wording = Wording::new(product, set.fields, api);
            let helpdesk = match product {
                Product::Zendesk => Any::Zendesk(Zendesk::new(wording, rest)?),
                Product::Zammad => Any::Zammad(Zammad { wording, rest }),
                Product::Freshdesk => Any::Freshdesk(Freshdesk { wording, rest }),
                Product::Generic => Any::Generic(Generic::new(api, wording, rest)?),
            };
            helpdesks.insert(product, helpdesk);
        }
        Ok(Self { helpdesks })
    }

    async fn write(&self, update: &Update) -> Result<(), Trouble> {
        match self.helpdesks.get(&update.product) {
            Some(Any::Zendesk(helpdesk)) => helpdesk.write(update).await,
            Some(Any::Zammad(helpdesk)) => helpdesk.write(update).await,
            Some(Any::Freshdesk(helpdesk)) => helpdesk.write(update).await,
            Some(Any::Generic(helpdesk)) => helpdesk.write(update).await,
            None => Err(Trouble::Hopeless(format!(
                "integrations.{}.api is not set, so nothing can be written there; set it, start again and replay this job",
                update.product
            ))),
        }
    }
}

impl Work for WriteBack {
    fn kind(&self) -> &'static str {
        WRITE_BACK
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        let update = match serde_json::from_value::<Update>(job.payload.clone()) {
            Ok(update) => update,
            // What is wrong is told by its place; its words may be a customer's.
            Err(error) => {
                let error =
                    format!("the job holds no update (column {}); please report this", error.column());
                return Attempt::Hopeless { error };
            }
        };
        match self.write(&update).await {
            Ok(()) => Attempt::Done(Vec::new()),
            Err(Trouble::Later { error, wait }) => Attempt::Failed { error, wait },
            Err(Trouble::Hopeless(error)) => Attempt::Hopeless { error },
        }
    }
}
