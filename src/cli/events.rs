//! `deskhand events`: is who is told of events listening?

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::Outcome;
use crate::config::Settings;
use crate::integrations::outbound::Outbound;

/// Flags of `deskhand events`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand events test --config deskhand.toml --endpoint pager")]
pub(super) struct Events {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Send a signed event of the type `test` now, and show what each endpoint answers
    Test(Test),
}

#[derive(Args)]
#[command(after_help = "Example:\n  deskhand events test --config deskhand.toml --endpoint pager")]
struct Test {
    /// Only to the endpoint of this name; otherwise to all
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Settings file, with events.endpoints
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl Events {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let What::Test(test) = self.what;
        let settings = Settings::load(test.config.as_deref())?;
        let outbound = Outbound::new(&settings, Timestamp::now)?;
        let sent = outbound.deliver().test(test.endpoint.as_deref()).await;
        if sent.is_empty() {
            match test.endpoint {
                Some(name) => bail!("there is no events.endpoints.{name} in the settings"),
                None => bail!("there is no events.endpoints in the settings; docs/events.md shows one"),
            }
        }
        let mut outcome = Outcome::Clean;
        let mut out = std::io::stdout().lock();
        for test in sent {
            match test.answer {
                Ok(status @ 200..=299) => writeln!(out, "ok    {}: answered {status}", test.endpoint)?,
                Ok(status) => {
                    outcome = Outcome::SomeRefused;
                    writeln!(out, "WRONG {}: answered {status}, not 2xx", test.endpoint)?;
                }
                Err(why) => {
                    outcome = Outcome::SomeRefused;
                    writeln!(out, "WRONG {}: {why}", test.endpoint)?;
                }
            }
        }
        Ok(outcome)
    }
}
