//! Which jobs are about a requester.

use std::collections::HashSet;

use serde_json::Value;

use crate::integrations::events::DELIVERY;
use crate::integrations::hooks::HOOK;
use crate::integrations::{Product, WRITE_BACK};
use crate::store::{EVENT, Job, Prefixes, RequesterRows};

/// What tells that something is about a requester.
pub(super) struct Traces<'a> {
    requester: &'a str,
    tickets: HashSet<&'a str>,
    surveys: HashSet<&'a str>,
    /// Their tickets as the helpdesks have them: `product:id`.
    subjects: HashSet<String>,
}

/// What a job says of a requester.
pub(super) enum Trace {
    /// Nothing.
    None,
    /// It is about them.
    All,
    /// It is about others too; without them it holds this.
    Some(Value),
}

impl Trace {
    fn all(all: bool) -> Self {
        if all { Self::All } else { Self::None }
    }
}

impl<'a> Traces<'a> {
    pub(super) fn new(requester: &'a str, rows: &'a RequesterRows, prefixes: &Prefixes) -> Self {
        let mut subjects = HashSet::new();
        for (product, prefix) in prefixes {
            let own = rows.tickets.iter().filter_map(|id| id.strip_prefix(prefix.as_str()));
            subjects.extend(own.map(|id| format!("{product}:{id}")));
        }
        Self {
            requester,
            tickets: rows.tickets.iter().map(String::as_str).collect(),
            surveys: rows.surveys.iter().map(String::as_str).collect(),
            subjects,
        }
    }

    /// What the job says of the requester: a delivery of their ticket or by them, an update of it, or an event about
    /// it, about their survey or about them.
    pub(super) fn in_job(&self, job: &Job) -> Trace {
        let about = job.subject.as_ref().is_some_and(|subject| self.subjects.contains(subject));
        match job.kind.as_str() {
            HOOK => {
                let requester = job.payload.get("requester_id").and_then(Value::as_str);
                Trace::all(about || requester == Some(self.requester))
            }
            WRITE_BACK if about => Trace::All,
            WRITE_BACK => self.in_update(job.payload.clone()),
            EVENT if self.lead_to_key(&job.key) => Trace::All,
            EVENT => self.in_event(job.payload.clone()),
            DELIVERY => {
                let body = job.payload.get("body").and_then(Value::as_str);
                let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) else {
                    return Trace::None;
                };
                match self.in_event(body) {
                    Trace::Some(body) => {
                        let mut payload = job.payload.clone();
                        payload["body"] = body.to_string().into();
                        Trace::Some(payload)
                    }
                    trace => trace,
                }
            }
            _ => Trace::None,
        }
    }

    /// What an update of another one's ticket says: its note names tickets like it.
    fn in_update(&self, mut update: Value) -> Trace {
        let similar = update.pointer_mut("/note/similar").and_then(Value::as_array_mut);
        if similar.is_some_and(|similar| take_out(similar, &self.tickets)) {
            return Trace::Some(update);
        }
        Trace::None
    }

    /// What an event says. One about many, such as an incident, names ids: it goes on without theirs.
    fn in_event(&self, mut event: Value) -> Trace {
        let Some(data) = event.get_mut("data") else { return Trace::None };
        if self.tell(data) {
            return Trace::All;
        }
        let mut named = false;
        for (list, ids) in [("ticket_ids", &self.tickets), ("survey_ids", &self.surveys)] {
            let list = data.pointer_mut(&format!("/evidence/{list}")).and_then(Value::as_array_mut);
            named |= list.is_some_and(|list| take_out(list, ids));
        }
        // An incident has the id of its first ticket.
        let theirs =
            data.pointer("/subject/id").and_then(Value::as_str).is_some_and(|id| self.tickets.contains(id));
        if theirs && data.pointer("/subject/kind").is_some_and(|kind| kind == "incident") {
            let first = data.pointer("/evidence/ticket_ids/0").cloned();
            match (first, data.pointer_mut("/subject/id")) {
                (Some(first), Some(id)) => *id = first,
                _ => return Trace::All,
            }
            named = true;
        }
        if named { Trace::Some(event) } else { Trace::None }
    }

    /// Of an event that was sent nothing is kept but its key.
    fn lead_to_key(&self, key: &str) -> bool {
        let of_survey = key.strip_prefix("survey.low:").or_else(|| key.strip_prefix("follow_up.due:"));
        if let Some(survey) = of_survey {
            return self.surveys.contains(survey);
        }
        // The version behind the last colon has none itself.
        let update = key.strip_prefix("triage.completed:").and_then(|update| update.rsplit_once(':'));
        update.is_some_and(|(subject, _)| self.subjects.contains(subject))
    }

    /// Whether the data of an event is about the requester alone.
    fn tell(&self, data: &Value) -> bool {
        let text = |field: &str| data.get(field).and_then(Value::as_str);
        let of_ticket = text("ticket_id").is_some_and(|id| match text("product") {
            // There it is the helpdesk's id or our own.
            Some(product) if product.parse::<Product>().is_ok() => {
                self.subjects.contains(&format!("{product}:{id}")) || self.tickets.contains(id)
            }
            _ => self.tickets.contains(id),
        });
        let subject = |field: &str| data.pointer(&format!("/subject/{field}")).and_then(Value::as_str);
        let about = match (subject("kind"), subject("id")) {
            (Some("requester"), Some(id)) => id == self.requester,
            (Some("ticket"), Some(id)) => self.tickets.contains(id),
            _ => false,
        };
        of_ticket
            || about
            || text("requester_id") == Some(self.requester)
            || text("survey_id").is_some_and(|id| self.surveys.contains(id))
    }
}

/// Takes ids out of a list; whether any was there.
fn take_out(list: &mut Vec<Value>, ids: &HashSet<&str>) -> bool {
    let before = list.len();
    list.retain(|id| !id.as_str().is_some_and(|id| ids.contains(id)));
    list.len() < before
}
