//! `deskhand replay`: an export through the engine before anything is switched on.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::audit::moment;
use super::history::{HistoryFlags, next};
use super::import::refuse;
use super::{Common, Outcome, rows};
use crate::audit::replay::{self, Assumptions, ReplayReport};
use crate::history::History;
use crate::triage::Triage;

/// Tickets that are read at a time.
const BATCH: usize = 64;
/// Refused rows that are named.
const MOST_NAMED: u64 = 10;

/// Flags of `deskhand replay`.
#[derive(Args)]
#[command(after_help = "Examples:\n  deskhand replay --input samples/tickets.jsonl\n  \
    deskhand replay --input export.csv --time-zone Europe/Berlin --from 2026-07-01 --to 2026-10-01 \
    --format html --output replay.html\n\n\
    Reads what `deskhand import tickets` reads, with the same flags; nothing is kept. What people settled on in the \
    export is what is right. docs/history.md says how to read the report.")]
pub(super) struct Replay {
    /// Export of past tickets: .csv, .jsonl (one JSON object a line) or .json
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    #[command(flatten)]
    history: HistoryFlags,
    /// Use the bundle promoted in this data folder; nothing else of it is read or written
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only tickets that came in from here on, a day or a time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Only tickets that came in before
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
    /// Seconds that it takes a person to set one label
    #[arg(long, value_name = "N", default_value_t = Assumptions::default().seconds_per_label, value_parser = amount)]
    seconds_per_label: f64,
    /// Minutes that a wrong label costs: the ticket is handled at the wrong desk first
    #[arg(long, value_name = "N", default_value_t = Assumptions::default().handling_minutes, value_parser = amount)]
    handling_minutes: f64,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write here instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Html,
}

/// A number from 0 to 10,000.
fn amount(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .filter(|number| (0.0..=10_000.0).contains(number))
        .ok_or_else(|| "give a number from 0 to 10000".to_owned())
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            anyhow::bail!("--to must be later than --from");
        }
        let (history, rows) = self.history.open(&self.input).await?;
        let settings = self.common.settings()?;
        let model = self.common.model(&settings, self.data.as_deref()).await?;
        let triage = Triage::for_batches(model, settings.triage, None);
        let counted = self.count(&triage, history, rows).await?;
        let outcome = if counted.refused == 0 { Outcome::Clean } else { Outcome::SomeRefused };
        let assumptions = Assumptions {
            seconds_per_label: self.seconds_per_label,
            handling_minutes: self.handling_minutes,
        };
        let name = self.input.file_name().unwrap_or_default().to_string_lossy();
        let report = counted.report(triage.replayer(), &name, &triage.known_labels(), assumptions);
        self.print(&report)?;
        Ok(outcome)
    }

    async fn count(
        &self,
        triage: &Triage,
        mut history: History,
        rows: u64,
    ) -> anyhow::Result<replay::Replay> {
        let progress = rows::Progress::new("tickets", Some(rows));
        let mut counted = replay::Replay::default();
        loop {
            let (read, batch) = next(history, BATCH).await?;
            history = read;
            if batch.is_empty() {
                break;
            }
            let (all, mut records) = (batch.len() as u64, Vec::with_capacity(batch.len()));
            for row in batch {
                match row.ticket {
                    Ok(ticket) if self.asks_for(ticket.record.created_at) => records.push(ticket.record),
                    Ok(_) => counted.left_out += 1,
                    Err(why) => {
                        counted.refused += 1;
                        if counted.refused <= MOST_NAMED {
                            refuse(&self.input, row.line, &why)?;
                        }
                    }
                }
            }
            if !records.is_empty() {
                triage.replay(&records).await?.into_iter().for_each(|replayed| counted.add(replayed));
            }
            progress.add(all);
        }
        progress.finish();
        if counted.refused > MOST_NAMED {
            writeln!(std::io::stderr(), "… and {} more", counted.refused - MOST_NAMED)?;
        }
        Ok(counted)
    }

    fn asks_for(&self, created_at: Option<Timestamp>) -> bool {
        let Some(at) = created_at else { return self.from.is_none() && self.to.is_none() };
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    fn print(&self, report: &ReplayReport) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Text => report.text(),
            Format::Json => serde_json::to_string_pretty(report)? + "\n",
            Format::Html => report.html()?,
        };
        match &self.output {
            None => std::io::stdout().write_all(text.as_bytes())?,
            Some(path) => {
                std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?
            }
        }
        Ok(())
    }
}
