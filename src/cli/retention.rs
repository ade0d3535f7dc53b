//! `deskhand retention`: what has been kept for as long as the site wants, and forgetting it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::{Data, Outcome};
use crate::config::Settings;
use crate::privacy::Forgetter;
use crate::store::backup;

/// Flags of `deskhand retention`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand retention --data kb --config deskhand.toml\n  deskhand retention --apply --data kb --config deskhand.toml\n\nThe periods are in the settings, in days ([privacy.retention]); what has none is kept. A running service forgets\nby itself once a day; a data folder belongs to one process, so this is for one on which no service runs."
)]
pub(super) struct Retention {
    /// Forget what the table shows; without it nothing changes
    #[arg(long)]
    apply: bool,
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
}
