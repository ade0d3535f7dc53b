//! `deskhand import`: articles, tickets and surveys into the data folder.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::audit::table;
use super::import_items::ItemFile;
use super::import_surveys::SurveyFile;
use super::import_tickets::TicketFile;
use super::{Common, Data, Outcome, rows};
use crate::knowledge::duplicates::{Thresholds, duplicates};
use crate::knowledge::import as reader;

/// Articles of a base that an import looks through for duplicates; it takes seconds. A larger one is for
/// `deskhand audit duplicates`.
const MOST_COMPARED: u64 = 20_000;
/// Groups and pairs of duplicates that an import tells of.
const MOST_DUPLICATES: usize = 10;

/// Flags of `deskhand import`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand import articles samples/articles --data kb")]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Articles: .jsonl, .csv, a folder of Markdown or HTML; exports of Zendesk (.json), Zammad (.json),
    /// MediaWiki (.xml) and Confluence (HTML folder)
    Articles(Source),
    /// Past tickets with their outcome: .csv, .jsonl or .json; exports of Zendesk, Zammad, Freshdesk,
    /// ServiceNow and Jira Service Management among them
    Tickets(TicketFile),
    /// Answered surveys, .jsonl or .csv
    Surveys(SurveyFile),
    /// Configuration items: services, machines, programs that tickets name, .csv or .jsonl
    Items(ItemFile),
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
            What::Tickets(file) => file.run().await,
            What::Surveys(file) => file.run().await,
            What::Items(file) => file.run().await,
        }
    }
}

impl Source {
    async fn articles(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let model = self.data.model(&self.common, &settings).await?;
        let rows = reader::read(&self.path)?.kept_at(Timestamp::now());
        let (store, knowledge) = self.data.open(&model, &settings).await?;
        let skipped = rows.skipped();
        let progress = rows::Progress::new("articles", None);
        let report = knowledge.import(rows, &|done| progress.set(done as u64, done as u64)).await;
        progress.finish();
        let found = match &report {
            Ok(report) if report.articles > 0 && store.article_count().await? <= MOST_COMPARED => {
                Some(duplicates(&store, Thresholds::default()).await?)
            }
            _ => None,
        };
        store.close().await?;
        let report = report?;
        let mut err = std::io::stderr().lock();
        if let Some(found) = found.filter(|found| !found.groups.is_empty() || !found.near.is_empty()) {
            write!(err, "duplicates: {}", table(&found, MOST_DUPLICATES))?;
        }
        for warning in &report.warnings {
            writeln!(err, "warning: {warning}")?;
        }
        for refusal in &report.rejected {
            writeln!(err, "refused: {refusal}")?;
        }
        for (what, count) in skipped.counts() {
            writeln!(err, "passed over: {count} × {what}")?;
        }
        writeln!(
            std::io::stdout(),
            "{} articles in {} passages are kept and can be found; {} refused, {} warnings",
            report.articles,
            report.passages,
            report.rejected.len(),
            report.warnings.len(),
        )?;
        Ok(if report.rejected.is_empty() { Outcome::Clean } else { Outcome::SomeRefused })
    }
}

/// Names a row that is not kept.
pub(super) fn refuse(path: &std::path::Path, line: usize, why: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "refused: {}, line {line}: {why}", path.display())
}
