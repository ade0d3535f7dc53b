//! `deskhand audit drift`: what was so in the window before and is no longer so.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::super::{Data, Outcome, bundle_of, export};
use super::Format;
use crate::audit::drift::drift;
use crate::config::Settings;
use crate::learn::site::CATEGORY;
use crate::model::Bundle;

#[derive(Args)]
#[command(after_help = "Example:\n  deskhand audit drift --data kb --format json")]
pub(super) struct DriftFlags {
    #[command(flatten)]
    data: Data,
    /// End of the window, not part of it, such as 2026-11-01T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// A table, or JSON
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl DriftFlags {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = Settings::load(self.config.as_deref())?;
        let store = export::open(&self.data, &settings).await?;
        let bundle = Bundle::open(&bundle_of(Some(&self.data.data))?)?;
        let head = bundle.manifest().heads.iter().find(|head| head.task == CATEGORY);
        let known = head.map(|head| head.labels.clone()).unwrap_or_default();
        let now = self.to.unwrap_or_else(Timestamp::now);
        let report = drift(&store, &settings.drift, &known, bundle.encoder_id(), now).await;
        store.close().await?;
        let report = report?;
        let mut out = std::io::stdout().lock();
        match self.format {
            Format::Text => write!(out, "{}", report.text())?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &report)?;
                writeln!(out)?;
            }
        }
        Ok(Outcome::Clean)
    }
}
