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
mod zammad;
mod zendesk;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use super::outgoing::Outgoing;
use super::update::{Product, Update, WRITE_BACK};
use crate::config::{ApiSettings, IntegrationSettings, Priority};
use crate::jobs::{Attempt, Backoff, Pace, Work};
use crate::store::Job;

pub use credentials::SetupError;
pub(super) use rest::Trouble;

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
#[derive(Debug)]
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
            let Some(api) = api(settings, product) else { continue };
            let rest = rest::Rest::new(product, api, outgoing.clone(), clock)?;
            let helpdesk = match product {
                Product::Zendesk => Any::Zendesk(Zendesk::new(api, rest)?),
                Product::Zammad => Any::Zammad(Zammad::new(api, rest)),
                Product::Freshdesk => Any::Freshdesk(Freshdesk::new(api, rest)),
                Product::Generic => Any::Generic(Generic::new(api, rest)?),
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

/// The settings of a product's interface.
pub(super) fn api(settings: &IntegrationSettings, product: Product) -> Option<&ApiSettings> {
    match product {
        Product::Zendesk => settings.zendesk.api.as_ref(),
        Product::Zammad => settings.zammad.api.as_ref(),
        Product::Freshdesk => settings.freshdesk.api.as_ref(),
        Product::Generic => settings.generic.api.as_ref(),
    }
}

/// What the helpdesk calls a priority: as the settings say, else as it comes out of the box.
pub(super) fn priority_name(api: &ApiSettings, product: Product, priority: Priority) -> &str {
    if let Some(name) = api.priorities.get(&priority) {
        return name;
    }
    let names = match product {
        // https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format
        Product::Zendesk => ["urgent", "high", "normal", "low"],
        // https://docs.zammad.org/en/latest/api/ticket/priorities.html; there are three.
        Product::Zammad => ["3 high", "3 high", "2 normal", "1 low"],
        // https://developers.freshdesk.com/api/#ticket-properties: 1 low, 2 medium, 3 high, 4 urgent
        Product::Freshdesk => ["4", "3", "2", "1"],
        Product::Generic => ["P1", "P2", "P3", "P4"],
    };
    names[priority as usize]
}

/// What the helpdesk calls a category: as the settings say, else as the bundle does.
pub(super) fn category_name<'a>(api: &'a ApiSettings, label: &'a str) -> &'a str {
    api.categories.get(label).map_or(label, String::as_str)
}

/// The fields that an update sets and the settings name, with the value in the bundle's words.
fn wanted<'a>(api: &'a ApiSettings, update: &'a Update) -> Vec<(&'a str, &'a str)> {
    let category = update.category.as_deref().map(|label| category_name(api, label));
    [
        (&api.category_field, category),
        (&api.impact_field, update.impact.map(|level| level.label())),
        (&api.urgency_field, update.urgency.map(|level| level.label())),
    ]
    .into_iter()
    .filter_map(|(field, value)| Some((field.as_deref()?, value?)))
    .collect()
}
