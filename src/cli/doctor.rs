//! `deskhand doctor`: is everything in order?

mod data;

use std::io::Write as _;
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::{Common, Data, Outcome, test_ticket};
use crate::config::Settings;
use crate::integrations::examine::{Check, Verdict, examine};
use crate::model::{Input, Model};

/// Flags of `deskhand doctor`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand doctor --data deskhand-data --config deskhand.toml\n  deskhand doctor --config deskhand.toml --send-test-ticket zendesk:81 --service http://127.0.0.1:8080"
)]
pub(super) struct Doctor {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    common: Common,
    /// Check nothing else, but send a signed delivery about this ticket to the running service, as the helpdesk would,
    /// and wait for what comes of it: the helpdesk and the ticket's id there, such as zendesk:81. Unless dry_run is
    /// on the ticket is written into, so take one made for the purpose
    #[arg(long, value_name = "TICKET")]
    send_test_ticket: Option<String>,
    /// Where the running service is
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "http://127.0.0.1:8080",
        requires = "send_test_ticket"
    )]
    service: Url,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        if let Some(ticket) = &self.send_test_ticket {
            return test_ticket::send(&self.common.settings()?, ticket, &self.service).await;
        }
        let mut checks = Checks::default();
        let settings =
            checks.report("settings", self.common.settings().map(|s| ("can be read".into(), s)))?;
        let settings = settings.unwrap_or_default();
        let model = self.common.model(&settings, Some(&self.data.data)).await.and_then(|model| {
            let started = Instant::now();
            tokio::task::block_in_place(|| model.read_blocking(&[Input::text("a short text")]))?;
            let name = model.manifest();
            let told = format!(
                "{} {}, {} heads, checksums agree, one text in {} ms on {} workers",
                name.name,
                name.version,
                name.heads.len(),
                started.elapsed().as_millis(),
                settings.inference.worker_count(),
            );
            Ok((told, model))
        });
        let model = checks.report("bundle", model)?;
        checks.integrations(&settings, model.as_deref()).await?;
        if self.data.data.exists() {
            self.data_folder(&mut checks, &settings, model).await?;
        } else {
            checks.report::<()>(
                "data folder",
                Ok((format!("{} is not there yet; `deskhand serve` makes it", self.data.data.display()), ())),
            )?;
        }
        Ok(if checks.failed == 0 { Outcome::Clean } else { Outcome::SomeRefused })
    }
}

#[derive(Default)]
struct Checks {
    failed: usize,
}

impl Checks {
    fn report<T>(&mut self, what: &str, result: anyhow::Result<(String, T)>) -> anyhow::Result<Option<T>> {
        let mut out = std::io::stdout().lock();
        match result {
            Ok((told, value)) => {
                writeln!(out, "ok    {what}: {told}")?;
                Ok(Some(value))
            }
            Err(error) => {
                self.failed += 1;
                writeln!(out, "WRONG {what}: {error:#}")?;
                Ok(None)
            }
        }
    }
}

impl Checks {
    /// The helpdesks and endpoints of the settings, if there are any.
    async fn integrations(&mut self, settings: &Settings, model: Option<&Model>) -> anyhow::Result<()> {
        let labels = model.and_then(|model| model.head("category")).map(|head| head.spec().labels.clone());
        let checks = examine(settings, &labels.unwrap_or_default(), Timestamp::now).await;
        let mut out = std::io::stdout().lock();
        for Check { what, verdict } in checks {
            match verdict {
                Verdict::Good(told) => writeln!(out, "ok    {what}: {told}")?,
                Verdict::Note(told) => writeln!(out, "note  {what}: {told}")?,
                Verdict::Wrong(told) => {
                    self.failed += 1;
                    writeln!(out, "WRONG {what}: {told}")?;
                }
            }
        }
        Ok(())
    }
}
