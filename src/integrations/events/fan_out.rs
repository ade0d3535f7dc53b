//! An event becomes a delivery for each endpoint.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{DELIVERY, Delivery, Endpoints, Event};
use crate::jobs::{Attempt, Work};
use crate::store::{EVENT, Job, NewJob};

/// Bytes of the hash in an event's id: enough that no two are the same.
const ID_BYTES: usize = 16;

/// Does the jobs of kind `event`.
#[derive(Debug)]
pub struct FanOut(pub Endpoints);

impl Work for FanOut {
    fn kind(&self) -> &'static str {
        EVENT
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        let event = match serde_json::from_value::<Event>(job.payload.clone()) {
            Ok(event) => event,
            Err(error) => {
                let error = format!("the job holds no event (column {}); please report this", error.column());
                return Attempt::Hopeless { error };
            }
        };
        let id = id(&job.key);
        // The time of the event is when it was kept; an attempt has a time of its own in its header.
        let body = json!({"type": event.kind, "timestamp": job.created_at, "data": event.data}).to_string();
        let delivery = |endpoint: &str| {
            let delivery = Delivery { endpoint: endpoint.to_owned(), id: id.clone(), body: body.clone() };
            Ok(NewJob {
                kind: DELIVERY,
                key: format!("{id}:{endpoint}"),
                subject: None,
                payload: serde_json::to_value(delivery)?,
                run_at: job.created_at,
            })
        };
        let deliveries: Result<Vec<NewJob>, serde_json::Error> =
            self.0.wanting(event.kind).into_iter().map(delivery).collect();
        match deliveries {
            Ok(deliveries) => Attempt::Done(deliveries),
            Err(_) => Attempt::Hopeless { error: "the delivery is no JSON; please report this".to_owned() },
        }
    }
}

/// The event's id, from what it is: the same each time, and without a full stop, which the signature forbids.
pub(super) fn id(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    let hex: String = hash.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{hex}")
}
