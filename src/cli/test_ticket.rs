//! `deskhand doctor --send-test-ticket`: one delivery through a running service, to see what comes of it.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::Outcome;
use crate::config::{Allowed, Settings};
use crate::integrations::Product;
use crate::integrations::outgoing::{Answer, Outgoing, Request};
use crate::integrations::sample::sample;

/// How long what came of it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(200);

/// The running service.
struct Service {
    client: Outgoing,
    address: Url,
}

/// Sends a signed delivery about `ticket`, such as `zendesk:81`, to the service at `address`, and tells what came of it.
pub(super) async fn send(settings: &Settings, ticket: &str, address: &Url) -> anyhow::Result<Outcome> {
    let (product, id) = ticket
        .split_once(':')
        .and_then(|(product, id)| Some((product.parse::<Product>().ok()?, id)))
        .with_context(|| {
            format!("{ticket:?} is no ticket; write the helpdesk and the id there, like zendesk:81")
        })?;
    let mut outgoing = settings.outgoing.clone();
    // Who calls this has named the address, and the service is mostly on this machine.
    outgoing
        .allow_networks
        .extend(["127.0.0.0/8", "::1"].iter().filter_map(|own| own.parse::<Allowed>().ok()));
    let service = Service { client: Outgoing::new(&outgoing)?, address: address.clone() };
    let sample = sample(product, settings.integrations.of(product), id, Timestamp::now()).with_context(|| {
        format!("integrations.{product}.hook.secrets holds no secret that can sign; set the one that the service has")
    })?;
    let answer = service.ask(Method::POST, &sample.path, sample.headers, Some(sample.body)).await?;
    let kept = answer.json().unwrap_or_default();
    let Some(delivery) = kept["delivery"].as_str().filter(|_| answer.status == 202) else {
        bail!(
            "the service answered {}: {}",
            answer.status,
            kept["detail"].as_str().unwrap_or("no reason given")
        );
    };
    tell("ok   ", &format!("test ticket: kept as the delivery {delivery}"))?;
    let subject = format!("{product}:{id}");
    match service.ended("hook", &subject, Some(delivery)).await? {
        Ok(()) => tell("ok   ", "test ticket: the delivery was worked off")?,
        Err(why) => {
            tell("WRONG", &format!("test ticket: the delivery was given up: {why}"))?;
            return Ok(Outcome::SomeRefused);
        }
    }
    service.update(product, id, &subject).await
}

fn tell(verdict: &str, told: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{verdict} {told}")?;
    Ok(())
}

impl Service {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        let url = self.address.join(path).context("the address of the service cannot be used")?;
        Ok(self.client.send(Request { method, url, headers, body }, Timestamp::now()).await?)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.ask(Method::GET, path, HeaderMap::new(), None).await?;
        if !answer.is_success() {
            bail!("the service answered {} to GET {path}", answer.status);
        }
        answer
            .json()
            .with_context(|| format!("the service answered GET {path} with something that is not JSON"))
    }

    /// Waits for the end of the newest job about the ticket, or of that with this key; why it was given up.
    async fn ended(
        &self,
        kind: &str,
        subject: &str,
        key: Option<&str>,
    ) -> anyhow::Result<Result<(), String>> {
        let begun = Instant::now();
        let subject: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
        let path = format!("/v1/jobs?kind={kind}&subject={subject}&limit=50");
        loop {
            let page = self.get(&path).await?;
            let jobs = page["jobs"].as_array().map(Vec::as_slice).unwrap_or_default();
            let job =
                jobs.iter().find(|job| key.is_none_or(|key| job["key"] == key)).cloned().unwrap_or_default();
            let why = job["error"].as_str().unwrap_or("it is still waiting for its turn").to_owned();
            match job["state"].as_str() {
                Some("done") => return Ok(Ok(())),
                Some("dead") => return Ok(Err(why)),
                _ if begun.elapsed() > PATIENCE => {
                    return Ok(Err(format!("not done after {} seconds: {why}", PATIENCE.as_secs())));
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// What is written into the ticket, and whether it was.
    async fn update(&self, product: Product, id: &str, subject: &str) -> anyhow::Result<Outcome> {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let page = self.get(&format!("/v1/updates?product={product}&ticket_id={id}&limit=1")).await?;
        let update = &page["updates"][0];
        let label = |field: &str| update["update"][field].as_str().unwrap_or("left as it is").to_owned();
        let found = format!("category {}, priority {}", label("category"), label("priority"));
        match update["state"].as_str() {
            None => tell("note ", "test ticket: nothing is to be written")?,
            Some("dry_run") => {
                tell("note ", &format!("test ticket: dry_run is on; it would have been written: {found}"))?;
            }
            Some("nothing") => tell("note ", "test ticket: there was nothing to write")?,
            Some(_) => match self.ended("write_back", subject, None).await? {
                Ok(()) => tell("ok   ", &format!("test ticket: written into the helpdesk: {found}"))?,
                Err(why) => {
                    tell("WRONG", &format!("test ticket: not written: {why}"))?;
                    return Ok(Outcome::SomeRefused);
                }
            },
        }
        Ok(Outcome::Clean)
    }
}
