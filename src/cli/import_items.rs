//! `deskhand import items`: configuration items into the data folder.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::import::refuse;
use super::{Data, Outcome, rows};
use crate::config::Settings;
use crate::inventory::{Inventory, ItemReader};
use crate::store::{ConfigurationItem, Store};

/// Flags of `deskhand import items`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand import items assets.csv --data kb\n\n\
    Columns: id, name, kind, aliases and tag_patterns (several with ; between them), match_case, url, agent_group. \
    A column asset_tag holds the very tag, not a pattern. A row whose id is known takes the place of that item.")]
pub(super) struct ItemFile {
    /// File to read: .csv (with a header) or .jsonl (one JSON object a line)
    path: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl ItemFile {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = Settings::load(self.config.as_deref())?;
        let mut reader = ItemReader::open(&self.path)?;
        let store = self.data.store(&settings).await?;
        let taken = self.take(&mut reader, &store).await;
        store.close().await?;
        let (kept, refused) = taken?;
        let unused: Vec<&str> = reader.unused().collect();
        if !unused.is_empty() {
            writeln!(std::io::stderr(), "columns that were not read: {}", unused.join(", "))?;
        }
        writeln!(std::io::stdout(), "{kept} configuration items are kept; {refused} refused")?;
        Ok(if refused == 0 { Outcome::Clean } else { Outcome::SomeRefused })
    }

    /// Keeps the good rows together, since each change reads the whole list anew.
    async fn take(&self, reader: &mut ItemReader, store: &Store) -> anyhow::Result<(usize, usize)> {
        let progress = rows::Progress::new("configuration items", None);
        let (mut items, mut refused): (Vec<ConfigurationItem>, usize) = (Vec::new(), 0);
        while let Some(row) = reader.next_row()? {
            match row.item {
                Ok(item) => items.push(item),
                Err(why) => {
                    refused += 1;
                    refuse(&self.path, row.line, &why)?;
                }
            }
            progress.add(1);
        }
        progress.finish();
        let kept = items.len();
        Inventory::open(store.clone()).await?.put(items).await?;
        Ok((kept, refused))
    }
}
