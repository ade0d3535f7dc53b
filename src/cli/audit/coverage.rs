//! `deskhand audit coverage`: what the tickets ask for and the articles do not answer.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;

use super::super::rows::{Lines, Progress};
use super::super::{Common, Data, Outcome};
use crate::audit::{self, Base, Coverage, Filter, Observations, Question, Rules, Voices, Window};
use crate::config::Settings;
use crate::store::Store;
use crate::triage::{AuditRow, Desk, Triage};

/// Rows that are worked on at a time.
const BATCH: usize = 64;
/// Refused rows that are named.
const MOST_NAMED: usize = 10;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  deskhand import articles samples/articles --data kb\n  deskhand audit coverage --tickets samples/tickets.jsonl --data kb\n  deskhand audit coverage --data kb --from 2026-07-01 --to 2026-10-01 --format html --output coverage.html"
)]
pub(super) struct CoverageFlags {
    /// Past tickets, one JSON object a line, read by the model and searched in the articles of today;
    /// without it, the tickets of the data folder as they were answered
    #[arg(long, value_name = "FILE")]
    tickets: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
    /// Beginning of the window, a day or a time [default: of a file its first ticket, else 90 days before
    /// the end]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// End of the window, not part of it [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
    /// Categories to show, those with most tickets first
    #[arg(long, default_value_t = audit::DEFAULT_TOP as u64, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    top: u64,
    /// Only this category, or those whose path begins with it
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only tickets that came in so
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Only tickets of this organization
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Only tickets that went to this group
    #[arg(long, value_name = "NAME")]
    agent_group: Option<String>,
    /// Articles that have not changed since are outdated [default: 365 days before the end of the window]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    reviewed_since: Option<Timestamp>,
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
    Csv,
    Html,
}

/// A day (its beginning in UTC) or a time.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    day.map(|day| day.timestamp())
        .ok_or_else(|| "give a day such as 2026-07-01 or a time such as 2026-07-01T08:00:00Z".into())
}

impl CoverageFlags {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let to = self.to.unwrap_or_else(Timestamp::now);
        let window = match (self.from, &self.tickets) {
            (None, None) => Window::quarter_before(to),
            (from, _) => Window::new(from, to)?,
        };
        let question = Question {
            window,
            filter: Filter {
                category: self.category.clone(),
                channel: self.channel.clone(),
                organization: self.organization.clone(),
                agent_group: self.agent_group.clone(),
            },
            top: self.top as usize,
            reviewed_since: self.reviewed_since,
        };
        if !self.data.data.join("deskhand.db").exists() {
            bail!(
                "there is no knowledge base in {}; give the right folder with --data",
                self.data.data.display()
            );
        }
        let rules =
            Rules { settings: settings.audit.clone(), answer_threshold: settings.search.answer_threshold };
        let (store, base, seen, outcome) = self.observe(&settings, to).await?;
        let report = audit::coverage(&seen, &base, &question, &rules);
        store.close().await?;
        self.print(&report?)?;
        Ok(outcome)
    }

    async fn observe(
        &self,
        settings: &Settings,
        to: Timestamp,
    ) -> anyhow::Result<(Store, Base, Observations, Outcome)> {
        let Some(file) = &self.tickets else {
            let store = Store::open(&self.data.data, &settings.store).await?;
            let base = Base::load(&store).await?;
            let seen = audit::from_store(&store, &base, Timestamp::now()).await?;
            return Ok((store, base, seen, Outcome::Clean));
        };
        let mut lines = Lines::open(file)?;
        let model = self.common.model(settings, Some(&self.data.data)).await?;
        let (store, knowledge) = self.data.open(&model, settings).await?;
        let base = Base::load(&store).await?;
        let desk = Desk { store: store.clone(), knowledge };
        let triage = Triage::for_batches(model, settings.triage.clone(), Some(desk));
        let voices = Voices::load(&store).await?;
        let (seen, outcome) = read(&mut lines, file, &triage, &base, &voices, to).await?;
        Ok((store, base, seen, outcome))
    }

    fn print(&self, report: &Coverage) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Text => report.text(),
            Format::Json => serde_json::to_string_pretty(report)? + "\n",
            Format::Csv => report.csv(),
            Format::Html => report.html()?,
        };
        match &self.output {
            None => std::io::stdout().write_all(text.as_bytes())?,
            Some(path) => {
                std::fs::write(path, text)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Reads the file; rows that cannot be used are named on stderr and left out.
async fn read(
    lines: &mut Lines,
    file: &Path,
    triage: &Triage,
    base: &Base,
    voices: &Voices,
    to: Timestamp,
) -> anyhow::Result<(Observations, Outcome)> {
    let expired = base.any_expired(to);
    let progress = Progress::new("tickets", None);
    let (mut seen, mut refused) = (Observations::new(to), Vec::new());
    loop {
        let batch = lines.batch::<AuditRow>(BATCH)?;
        if batch.is_empty() {
            break;
        }
        let (mut rows, mut numbers) = (Vec::new(), Vec::new());
        for row in batch {
            match row.content {
                Ok(content) if content.has_words() => {
                    rows.push(content);
                    numbers.push(row.line);
                }
                Ok(_) => refused.push(format!("line {}: subject and body are both empty", row.line)),
                Err(error) => refused.push(format!("line {}: {error}", row.line)),
            }
        }
        for (mut ticket, line) in triage.observe(&rows, to, expired).await?.into_iter().zip(numbers) {
            if ticket.id.is_empty() {
                ticket.id = format!("line {line}");
            }
            voices.tell(&mut ticket);
            seen.add(&ticket, base);
        }
        progress.add(rows.len() as u64);
    }
    voices.tell_rest(&mut seen);
    progress.finish();
    let mut err = std::io::stderr().lock();
    for refusal in refused.iter().take(MOST_NAMED) {
        writeln!(err, "refused: {}, {refusal}", file.display())?;
    }
    if refused.len() > MOST_NAMED {
        writeln!(err, "… and {} more", refused.len() - MOST_NAMED)?;
    }
    Ok((seen, if refused.is_empty() { Outcome::Clean } else { Outcome::SomeRefused }))
}
