//! `deskhand export`: articles out of the data folder.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Data, Outcome, rows};
use crate::config::Settings;
use crate::knowledge::export::Export as Writer;
use crate::store::Store;

/// Articles read from the store at a time.
const PAGE: u32 = 128;

/// Flags of `deskhand export`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand export articles --data kb --output articles.jsonl")]
pub(super) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// All articles with every field; former versions stay behind
    #[command(after_help = "Example:\n  deskhand export articles --data kb --output articles.jsonl")]
    Articles(Target),
}

#[derive(Args)]
struct Target {
    #[command(flatten)]
    data: Data,
    /// File (.jsonl, .ndjson or .csv), or a new folder for one file an article
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let What::Articles(target) = self.what;
        target.articles().await
    }
}

impl Target {
    async fn articles(self) -> anyhow::Result<Outcome> {
        let store = open(&self.data, &Settings::load(self.config.as_deref())?).await?;
        let mut writer = Writer::begin(&self.output)?;
        let total = store.article_count().await?;
        let progress = rows::Progress::new("articles", Some(total));
        let mut after: Option<String> = None;
        let mut count = 0;
        loop {
            let page = store.articles_page(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            tokio::task::block_in_place(|| page.iter().try_for_each(|article| writer.add(article)))?;
            count += page.len();
            progress.add(page.len() as u64);
        }
        writer.finish()?;
        progress.finish();
        store.close().await?;
        writeln!(std::io::stdout(), "{count} articles are in {}", self.output.display())?;
        Ok(Outcome::Clean)
    }
}

/// The store of a data folder that is there; a wrong path must not make an empty one.
pub(super) async fn open(data: &Data, settings: &Settings) -> anyhow::Result<Store> {
    if !data.is_shared(settings) && !data.data.join("deskhand.db").exists() {
        bail!("there is no knowledge base in {}; give the right folder with --data", data.data.display());
    }
    Ok(data.store(settings).await?.masking(&settings.privacy))
}
