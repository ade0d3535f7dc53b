//! `deskhand retention`: what has been kept for as long as the site wants, and forgetting it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;

use super::{Data, Outcome};
use crate::config::Settings;
use crate::privacy::Forgetter;
use crate::steady::Steady;
use crate::store::{Store, backup};

/// Flags of `deskhand retention`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand retention --data kb --config deskhand.toml\n  deskhand retention --apply --data kb --config deskhand.toml\n\nThe periods are in the settings, in days ([privacy.retention]); what has none is kept. A running service forgets\nby itself once a day; a data folder belongs to one process, so this is for one on which no service runs."
)]
pub(super) struct Retention {
    /// Forget what the table shows; without it nothing changes
    #[arg(long)]
    apply: bool,
    /// The clock of this machine is right, although it jumped or nothing has run for days
    #[arg(long)]
    clock_is_right: bool,
    #[command(flatten)]
    data: Data,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl Retention {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = Settings::load(self.config.as_deref())?;
        let store = self.data.store(&settings).await?;
        let forgetter = Forgetter::new(store.clone(), None, &settings.integrations);
        let retention = &settings.privacy.retention;
        let now = Timestamp::now();
        let due = forgetter.due(retention, now).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{:<12} {:>6} {:>10}  oldest", "kind", "days", "rows")?;
        for due in &due {
            let oldest = due.oldest.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
            writeln!(out, "{:<12} {:>6} {:>10}  {oldest}", due.kind.name(), due.days, due.rows)?;
        }
        if due.is_empty() {
            writeln!(out, "Everything is kept: the settings name no period in [privacy.retention].")?;
        }
        let undated = forgetter.undated_tickets().await?;
        if undated > 0 && retention.tickets.is_some() {
            writeln!(out, "{undated} tickets have no date; they are kept.")?;
        }
        if self.apply {
            self.believe_clock(&store, now).await?;
            let swept = forgetter.sweep(retention, now, Duration::ZERO).await?;
            let rows: u64 = swept.iter().map(|swept| swept.rows).sum();
            store.close().await?;
            if rows > 0 {
                backup::rewrite(&self.data.data).await?;
            }
            writeln!(out, "{rows} rows are forgotten.")?;
        } else {
            store.close().await?;
        }
        Ok(Outcome::Clean)
    }

    /// Refuses a clock that may be wrong: what is forgotten by it is gone for good.
    async fn believe_clock(&self, store: &Store, now: Timestamp) -> anyhow::Result<()> {
        let data = &self.data.data;
        let mut steady = match Steady::read(data) {
            _ if self.clock_is_right => Steady::new(now),
            Some(steady) => steady,
            None => Steady::new(store.written_last().await?.unwrap_or(now)),
        };
        steady.look(now, None);
        if let Some(doubt) = steady.doubt() {
            bail!(
                "nothing is forgotten: the clock says {now:.0}, but the last that is known of it is {:.0}; if it is right, say so with --clock-is-right",
                doubt.expected
            );
        }
        let place = Steady::place(data);
        steady.write(data).with_context(|| format!("{} cannot be written", place.display()))
    }
}
