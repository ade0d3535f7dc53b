//! Hooks: deliveries of a helpdesk come in, are believed or not, and are kept to be worked on.

mod delivery;
mod freshdesk;
mod generic;
mod reader;
mod signature;
mod zammad;
mod zendesk;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use delivery::{About, Delivery, Reply, Standing};
pub use reader::FieldProblem;
pub use signature::{Headers, Mistrust};

use super::Product;
use crate::config::{FieldMapping, IntegrationSettings, ProductSettings};
use crate::store::{NewJob, Store, StoreError};

/// The kind of the jobs whose payload is a [`Delivery`].
pub const HOOK: &str = "hook";
/// Longest delivery id that is taken over.
const ID_LENGTH: usize = 200;
/// Freshdesk gives its deliveries no id and no time. The same body counts as the same delivery for so long, in
/// seconds; later it may well be that a ticket stands where it stood before.
const SAME_DELIVERY_S: i64 = 600;

/// A delivery that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its key among all deliveries.
    pub delivery: String,
    /// Whether it had come before, and changes nothing.
    pub duplicate: bool,
}

/// A delivery that was not kept.
#[derive(Debug)]
pub enum Refusal {
    /// The settings name no secret for this helpdesk.
    NotSetUp,
    /// It is not believed.
    Mistrust(Mistrust),
    /// It is no JSON.
    NotJson(serde_json::Error),
    /// A field is not as it has to be.
    Field(FieldProblem),
    /// It could not be kept.
    Store(StoreError),
}

impl IntegrationSettings {
    /// The settings of one helpdesk.
    pub fn of(&self, product: Product) -> ProductSettings<'_> {
        match product {
            Product::Zendesk => self.zendesk.common(),
            Product::Zammad => self.zammad.common(),
            Product::Freshdesk => self.freshdesk.common(),
            Product::Generic => self.generic.common(),
        }
    }

    /// The helpdesks from which something is taken.
    pub fn set_up(&self) -> impl Iterator<Item = Product> {
        Product::ALL.into_iter().filter(|product| !self.of(*product).hook.secrets.is_empty())
    }
}

/// Takes a delivery on: when this returns, it survives a crash and will be worked on. `now` is when it came.
///
/// # Errors
/// [`Refusal`]; then nothing is kept.
pub async fn receive(
    store: &Store,
    settings: &IntegrationSettings,
    product: Product,
    header: Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Receipt, Refusal> {
    let (delivery, key) = read(settings, product, header, body, now)?;
    let job = NewJob {
        kind: HOOK,
        key: key.clone(),
        subject: Some(delivery.subject_key()),
        payload: serde_json::to_value(&delivery).map_err(Refusal::NotJson)?,
        run_at: now,
    };
    let added = store.enqueue(vec![job], now).await.map_err(Refusal::Store)?;
    Ok(Receipt { delivery: key, duplicate: !added.contains(&true) })
}

/// Believes a delivery or not, and reads it: what it says, and its key. Nothing is kept.
///
/// # Errors
/// [`Refusal`], other than those of the store.
pub fn read(
    settings: &IntegrationSettings,
    product: Product,
    header: Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<(Delivery, String), Refusal> {
    let of_product = settings.of(product);
    let hook = of_product.hook;
    if hook.secrets.is_empty() {
        return Err(Refusal::NotSetUp);
    }
    // Before a word of it is read.
    signature::verify(product, hook, header, body, now).map_err(Refusal::Mistrust)?;
    let value: Value = serde_json::from_slice(body).map_err(Refusal::NotJson)?;
    let mapping = hook.mapping.clone().unwrap_or_default();
    let delivery = match product {
        Product::Zendesk => zendesk::read(&value, of_product.fields),
        Product::Zammad => zammad::read(&value, of_product.fields),
        Product::Freshdesk => freshdesk::read(&value, of_product.fields),
        Product::Generic => generic::read(&value, &mapping),
    };
    let delivery = delivery.map_err(Refusal::Field)?;
    let id = delivery_id(product, header, &value, &mapping);
    let id = id.filter(|id| id.len() <= ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_graphic()));
    let id = id.unwrap_or_else(|| by_body(product, body, now));
    Ok((delivery, format!("{product}:{id}")))
}

/// The id that the sender gave the delivery, the same when it is sent again.
fn delivery_id(
    product: Product,
    header: Headers<'_>,
    value: &Value,
    mapping: &FieldMapping,
) -> Option<String> {
    match product {
        Product::Zendesk => header("x-zendesk-webhook-invocation-id"),
        Product::Zammad => header("x-zammad-delivery"),
        Product::Freshdesk => None,
        Product::Generic => generic::delivery_id(value, mapping).or_else(|| header("webhook-id")),
    }
}

fn by_body(product: Product, body: &[u8], now: Timestamp) -> String {
    let hash = signature::hex(&Sha256::digest(body));
    match product {
        Product::Freshdesk => format!("{hash}:{}", now.as_second().div_euclid(SAME_DELIVERY_S)),
        _ => hash,
    }
}
