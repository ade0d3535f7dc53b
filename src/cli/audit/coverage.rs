//! `deskhand audit coverage`: what the tickets ask for and the articles do not answer.

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::Outcome;
use super::asked::{Asked, moment, read, rules};
use crate::audit::{self, Base, DEFAULT_TOP};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  deskhand import articles samples/articles --data kb\n  deskhand audit coverage --tickets samples/tickets.jsonl --data kb\n  deskhand audit coverage --data kb --from 2026-07-01 --to 2026-10-01 --format html --output coverage.html"
)]
pub(super) struct CoverageFlags {
    #[command(flatten)]
    asked: Asked,
    /// Categories to show, those with most tickets first
    #[arg(long, default_value_t = DEFAULT_TOP as u64, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    top: u64,
    /// Articles that have not changed since are outdated [default: 365 days before the end of the window]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    reviewed_since: Option<Timestamp>,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
    Html,
}

impl CoverageFlags {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.asked.common.settings()?;
        let question = self.asked.question(self.top as usize, self.reviewed_since)?;
        let rules = rules(&settings);
        let (report, outcome) = if let Some(file) = &self.asked.tickets {
            let (store, knowledge, triage) = self.asked.open(&settings).await?;
            let tickets = read(file, (&store, &knowledge), &triage, &rules, question.window.to).await?;
            store.close().await?;
            (audit::coverage(&tickets.seen, &tickets.base, &question, &rules)?, tickets.outcome)
        } else {
            let store = self.asked.data.store(&settings).await?;
            let (base, now) = (Base::load(&store).await?, Timestamp::now());
            let mut seen = audit::from_store(&store, &base, now).await?;
            store.close().await?;
            if !base.withdrawn().is_empty() {
                let (store, knowledge, _) = self.asked.open(&settings).await?;
                audit::look_back(&store, &knowledge.archive(), &base, &mut seen, now).await?;
                store.close().await?;
            }
            (audit::coverage(&seen, &base, &question, &rules)?, Outcome::Clean)
        };
        self.asked.print(&match self.format {
            Format::Text => report.text(),
            Format::Json => serde_json::to_string_pretty(&report)? + "\n",
            Format::Csv => report.csv(),
            Format::Html => report.html()?,
        })?;
        Ok(outcome)
    }
}
