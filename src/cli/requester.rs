//! `deskhand requester`: everything that is kept of one requester, read or forgotten.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{Data, Outcome};
use crate::config::Settings;
use crate::privacy::Forgetter;
use crate::store::{Store, backup};

/// Flags of `deskhand requester`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand requester export 8 --data kb > requester-8.json\n  deskhand requester erase 8 --data kb\n  deskhand requester erase 8 --yes --data kb --config deskhand.toml\n\nA data folder belongs to one process: while the service runs, use GET and DELETE /v1/requesters/8 of its HTTP API.\nGive the settings of the service, so that helpdesks with a ticket_prefix are known. docs/privacy.md tells what\nbackups, bundles and the helpdesk keep."
)]
pub(super) struct Requester {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print everything that is kept, as JSON
    Export(Whom),
    /// Forget everything; it cannot be had back
    Erase {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        whom: Whom,
    },
}

#[derive(Args)]
struct Whom {
    /// The ticket system's id of the requester
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    data: Data,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl Requester {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        match self.what {
            What::Export(whom) => whom.export().await,
            What::Erase { yes, whom } => whom.erase(yes).await,
        }
    }
}

impl Whom {
    async fn open(&self) -> anyhow::Result<(Forgetter, Store)> {
        let settings = Settings::load(self.config.as_deref())?;
        // A folder that is made only to say that nothing is in it would be in the way.
        if !self.data.data.is_dir() {
            bail!("{} is no data folder; name it with --data", self.data.data.display());
        }
        let store = self.data.store(&settings).await?;
        Ok((Forgetter::new(store.clone(), None, &settings.integrations), store))
    }

    async fn export(self) -> anyhow::Result<Outcome> {
        let (forgetter, store) = self.open().await?;
        let found = forgetter.export(&self.id, Timestamp::now()).await?;
        store.close().await?;
        let found = found.context(NOTHING)?;
        let mut out = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &found)?;
        writeln!(out)?;
        Ok(Outcome::Clean)
    }

    async fn erase(self, yes: bool) -> anyhow::Result<Outcome> {
        let (forgetter, store) = self.open().await?;
        let found = forgetter.export(&self.id, Timestamp::now()).await?.context(NOTHING)?;
        let what = format!(
            "{} tickets, {} surveys, {} signals and {} jobs",
            found.tickets.len(),
            found.surveys.len(),
            found.signals.len(),
            found.jobs.len(),
        );
        if !yes && !asked(&what)? {
            bail!("nothing is forgotten: answer yes, or give --yes");
        }
        let erased = forgetter.erase(&self.id).await?.context(NOTHING)?;
        store.close().await?;
        // The file may hold what was moved within it before it was overwritten.
        backup::rewrite(&self.data.data).await?;
        writeln!(std::io::stdout(), "{what} are forgotten. The trail names them {}.", erased.trail_subject)?;
        Ok(Outcome::Clean)
    }
}

const NOTHING: &str = "nothing is kept of this requester; check the id";

fn asked(what: &str) -> anyhow::Result<bool> {
    write!(std::io::stderr(), "{what} will be forgotten and cannot be had back. Forget them? [yes/no] ")?;
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().eq_ignore_ascii_case("yes"))
}
