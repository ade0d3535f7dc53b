//! `deskhand import`: articles and tickets into the data folder.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{Common, Data, Outcome, rows};
use crate::knowledge::import as reader;
use crate::store::TicketRecord;
use crate::triage::{HistoryRow, Triage};

/// Flags of `deskhand import`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand import articles samples/articles --data kb")]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Articles: .jsonl, .csv, a folder of Markdown or HTML, or a help centre's JSON export
    Articles(Source),
    /// Past tickets with their outcome, .jsonl
    Tickets(Source),
}

#[derive(Args)]
struct Source {
    /// File or folder to read
    path: PathBuf,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    common: Common,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        match self.what {
            What::Articles(source) => source.articles().await,
            What::Tickets(source) => source.tickets().await,
        }
    }
}

impl Source {
    async fn articles(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let model = self.common.model(&settings)?;
        let rows = reader::read(&self.path)?;
        let (store, knowledge) = self.data.open(&model, &settings).await?;
        let progress = rows::Progress::new("articles", None);
        let report = knowledge.import(rows, &|done| progress.set(done, done)).await;
        progress.finish();
        store.close().await?;
        let report = report?;
        let mut out = std::io::stdout().lock();
        let mut err = std::io::stderr().lock();
        for warning in &report.warnings {
            writeln!(err, "warning: {warning}")?;
        }
        for refusal in &report.rejected {
            writeln!(err, "refused: {refusal}")?;
        }
        writeln!(
            out,
            "{} articles in {} passages are kept and can be found; {} refused, {} warnings",
            report.articles,
            report.passages,
            report.rejected.len(),
            report.warnings.len(),
        )?;
        Ok(if report.rejected.is_empty() { Outcome::Clean } else { Outcome::SomeRefused })
    }

    async fn tickets(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let model = self.common.model(&settings)?;
        let (rows, refused) = rows::read_all::<HistoryRow>(&self.path)?;
        let (store, knowledge) = self.data.open(&model, &settings).await?;
        let triage = Triage::for_batches(model, settings.triage, None);
        let progress = rows::Progress::new("tickets", Some(rows.len() as u64));
        for batch in rows.chunks(64) {
            let records: Vec<TicketRecord> =
                triage.remember(batch.to_vec()).await.context("the tickets could not be read")?;
            store.save_tickets(&records).await?;
            records.iter().for_each(|record| knowledge.remember(record));
            progress.add(batch.len() as u64);
        }
        progress.finish();
        store.close().await?;
        let mut err = std::io::stderr().lock();
        for refusal in &refused {
            writeln!(err, "refused: {refusal}")?;
        }
        writeln!(std::io::stdout(), "{} tickets are kept; {} refused", rows.len(), refused.len())?;
        Ok(if refused.is_empty() { Outcome::Clean } else { Outcome::SomeRefused })
    }
}
