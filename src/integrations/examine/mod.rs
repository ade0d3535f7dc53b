//! What `deskhand doctor` finds out about what is set up: addresses, credentials, fields and their options.
//!
//! In come settings and the bundle's labels; out come checks in words. Everything is read, nothing written.

mod freshdesk;
mod zammad;
mod zendesk;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use super::events::Endpoints;
use super::outgoing::{Outgoing, Request};
use super::update::Product;
use super::write_back::{Rest, Trouble, Wording};
use crate::config::{ApiSettings, Level, Priority, ProductSettings, Settings};

/// Options that are named when some are missing; of more, how many.
const NAMED: usize = 12;

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: String,
    /// What was found.
    pub verdict: Verdict,
}

/// What was found, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good(String),
    /// Worth knowing, or not to be seen with these credentials.
    Note(String),
    /// It will not work.
    Wrong(String),
}

use Verdict::{Good, Note, Wrong};

/// Looks at every helpdesk and endpoint of the settings. `labels` are the bundle's categories; `clock` says what time
/// it is.
pub async fn examine(settings: &Settings, labels: &[String], clock: fn() -> Timestamp) -> Vec<Check> {
    let mut checks = Checks::default();
    let set_up = |product: &Product| {
        let set = settings.integrations.of(*product);
        set.api.is_some() || !set.hook.secrets.is_empty()
    };
    let products: Vec<Product> = Product::ALL.into_iter().filter(set_up).collect();
    if products.is_empty() && settings.events.endpoints.is_empty() {
        return Vec::new();
    }
    let outgoing = match Outgoing::new(&settings.outgoing) {
        Ok(outgoing) => outgoing,
        Err(error) => {
            checks.add("outgoing requests", Wrong(error.to_string()));
            return checks.0;
        }
    };
    for product in products {
        helpdesk(product, settings.integrations.of(product), labels, &outgoing, clock, &mut checks).await;
    }
    endpoints(settings, &outgoing, clock, &mut checks).await;
    checks.0
}

/// Checks as they come.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, what: impl Into<String>, verdict: Verdict) {
        self.0.push(Check { what: what.into(), verdict });
    }
}

/// One helpdesk that is looked at.
struct Asked<'a> {
    rest: Rest,
    wording: Wording,
    labels: &'a [String],
}

async fn helpdesk(
    product: Product,
    set: ProductSettings<'_>,
    labels: &[String],
    outgoing: &Outgoing,
    clock: fn() -> Timestamp,
    checks: &mut Checks,
) {
    checks.add(
        format!("{product} hook"),
        match set.hook.secrets.len() {
            0 => Note(format!(
                "integrations.{product}.hook.secrets is empty, so POST /v1/hooks/{product} takes nothing"
            )),
            1 => Good("has a secret".to_owned()),
            several => Good(format!(
                "has {several} secrets; take the old ones out when the helpdesk uses the new one"
            )),
        },
    );
    let Some(api) = set.api else {
        let told = format!("integrations.{product}.api is not set, so nothing is written into tickets");
        checks.add(format!("{product} write-back"), Note(told));
        return;
    };
    if set.dry_run {
        let told = format!("integrations.{product}.dry_run is on: updates are kept and shown, not written");
        checks.add(format!("{product} write-back"), Note(told));
    }
    match Rest::new(product, api, outgoing.clone(), clock) {
        Err(error) => checks.add(format!("{product} interface"), Wrong(error.to_string())),
        Ok(rest) => {
            let asked = Asked { rest, wording: Wording::new(product, set.fields, api), labels };
            match product {
                Product::Zendesk => zendesk::examine(&asked, checks).await,
                Product::Zammad => zammad::examine(&asked, checks).await,
                Product::Freshdesk => freshdesk::examine(&asked, checks).await,
                Product::Generic => generic(api, outgoing, clock, checks).await,
            }
        }
    }
}

/// Of a generic helpdesk only its being there can be seen.
async fn generic(api: &ApiSettings, outgoing: &Outgoing, clock: fn() -> Timestamp, checks: &mut Checks) {
    let url = Url::parse(&api.url.replace("{ticket_id}", "0"));
    if let Ok(url) = url {
        checks.add("generic interface", reached(&url, outgoing, clock).await);
    }
}

async fn endpoints(settings: &Settings, outgoing: &Outgoing, clock: fn() -> Timestamp, checks: &mut Checks) {
    if let Err(error) = Endpoints::new(&settings.events) {
        checks.add("events", Wrong(error.to_string()));
    }
    for (name, endpoint) in &settings.events.endpoints {
        if let Ok(url) = Url::parse(&endpoint.url) {
            checks.add(format!("events to {name}"), reached(&url, outgoing, clock).await);
        }
    }
}

/// Whether anybody answers there. `OPTIONS` changes nothing, and any answer will do.
async fn reached(url: &Url, outgoing: &Outgoing, clock: fn() -> Timestamp) -> Verdict {
    let request =
        Request { method: Method::OPTIONS, url: url.clone(), headers: HeaderMap::new(), body: None };
    match outgoing.send(request, clock()).await {
        Ok(answer) => Good(format!("can be reached (it answered {})", answer.status)),
        Err(error) => Wrong(error.to_string()),
    }
}

impl Asked<'_> {
    /// What is to be said of a field whose options are these; none: it takes any text.
    fn options(&self, setting: &str, field: &str, options: &[String]) -> Verdict {
        if options.is_empty() {
            return Good(format!("{field} takes any text"));
        }
        let levels = Level::ALL.map(|level| level.label().to_owned());
        let needed: Vec<&str> = if setting == "fields.category" {
            self.labels.iter().map(|label| self.wording.category(label)).collect()
        } else {
            levels.iter().map(String::as_str).collect()
        };
        let has = |value: &&str| options.iter().any(|option| option.eq_ignore_ascii_case(value));
        let missing: Vec<&str> = needed.iter().filter(|value| !has(value)).copied().collect();
        if missing.is_empty() {
            return Good(format!("{field} has all {} options", needed.len()));
        }
        let more = missing.len().saturating_sub(NAMED);
        let named = missing[..missing.len() - more].join(", ");
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        Wrong(format!(
            "{field} has no option {named}{more}; add them in the helpdesk, or say in fields.category_values which ones are meant"
        ))
    }

    /// What is to be said of the priorities, of which the helpdesk knows these.
    fn priorities(&self, known: &[String]) -> Verdict {
        let ours = Priority::ALL.map(|priority| self.wording.priority(priority));
        let missing: Vec<&str> =
            ours.iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
        if missing.is_empty() {
            return Good(format!("all of ours are known: {}", ours.join(", ")));
        }
        Wrong(format!(
            "there is no {}; it has {}; say in fields.priority_values what P1 to P4 are called",
            missing.join(", "),
            known.join(", ")
        ))
    }
}

/// What could not be read; with `optional` it need not be readable with these credentials.
fn unread(trouble: &Trouble, optional: bool) -> Verdict {
    match trouble {
        Trouble::Hopeless(told) if optional => {
            Note(format!("cannot be seen with these credentials, which is no harm: {told}"))
        }
        _ => Wrong(trouble.told().to_owned()),
    }
}
