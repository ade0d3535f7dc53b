//! What the audits of tickets are asked: which tickets, from where, and where the answer goes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use super::super::rows::{Lines, Progress};
use super::super::{Common, Data, Outcome};
use crate::audit::gaps::GapTicket;
use crate::audit::{Base, Filter, Observations, Question, Rules, Voices, Window};
use crate::config::Settings;
use crate::knowledge::Knowledge;
use crate::store::Store;
use crate::triage::{Also, AuditRow, Triage};

/// Rows that are worked on at a time.
const BATCH: usize = 64;
/// Refused rows that are named.
const MOST_NAMED: usize = 10;

#[derive(Args)]
pub(super) struct Asked {
    /// Past tickets, one JSON object a line, read by the model and searched in the articles of today;
    /// without it, the tickets of the data folder as they were answered
    #[arg(long, value_name = "FILE")]
    pub(super) tickets: Option<PathBuf>,
    #[command(flatten)]
    pub(super) data: Data,
    /// Beginning of the window, a day or a time [default: of a file its first ticket, else 90 days before
    /// the end]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// End of the window, not part of it [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
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
    /// Write here instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Tickets of a file as they were read.
pub(super) struct Read {
    pub(super) base: Base,
    pub(super) seen: Observations,
    /// Those that nothing answers.
    pub(super) unanswered: Vec<GapTicket>,
    pub(super) outcome: Outcome,
}

/// A day (its beginning in UTC) or a time.
pub(in crate::cli) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    day.map(|day| day.timestamp())
        .ok_or_else(|| "give a day such as 2026-07-01 or a time such as 2026-07-01T08:00:00Z".into())
}

impl Asked {
    pub(super) fn question(&self, top: usize, reviewed_since: Option<Timestamp>) -> anyhow::Result<Question> {
        let to = self.to.unwrap_or_else(Timestamp::now);
        let window = match (self.from, &self.tickets) {
            (None, None) => Window::quarter_before(to),
            (from, _) => Window::new(from, to)?,
        };
        if !self.data.data.join("deskhand.db").exists() {
            let folder = self.data.data.display();
            bail!("there is no knowledge base in {folder}; give the right folder with --data");
        }
        let filter = Filter {
            category: self.category.clone(),
            channel: self.channel.clone(),
            organization: self.organization.clone(),
            agent_group: self.agent_group.clone(),
        };
        Ok(Question { window, filter, top, reviewed_since })
    }

    /// Writes the answer where it is to go.
    pub(super) fn print(&self, text: &str) -> anyhow::Result<()> {
        match &self.output {
            None => std::io::stdout().write_all(text.as_bytes())?,
            Some(path) => {
                std::fs::write(path, text)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
        Ok(())
    }

    /// The data folder with its search.
    pub(super) async fn open(&self, settings: &Settings) -> anyhow::Result<(Store, Knowledge, Triage)> {
        let model = self.data.model(&self.common, settings).await?;
        let desk = self.data.desk(&model, settings).await?;
        let (store, knowledge) = (desk.store.clone(), desk.knowledge.clone());
        Ok((store, knowledge, Triage::for_batches(model, settings.triage.clone(), Some(desk))))
    }
}

/// When flags are raised.
pub(super) fn rules(settings: &Settings) -> Rules {
    Rules { settings: settings.audit.clone(), answer_threshold: settings.search.answer_threshold }
}

/// Reads the file as of the time `to`; rows that cannot be used are named on stderr and left out.
pub(super) async fn read(
    file: &Path,
    (store, knowledge): (&Store, &Knowledge),
    triage: &Triage,
    rules: &Rules,
    to: Timestamp,
) -> anyhow::Result<Read> {
    let mut lines = Lines::open(file)?;
    let (base, voices) = (Base::load(store).await?, Voices::load(store).await?);
    let withdrawn = knowledge.archive().withdrawn(&base.withdrawn(), to).await?;
    let also = Also { expired: base.any_expired(to), withdrawn };
    let progress = Progress::new("tickets", None);
    let (mut seen, mut unanswered, mut refused) = (Observations::new(to), Vec::new(), Vec::new());
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
        for (mut ticket, line) in triage.observe(&rows, to, &also).await?.into_iter().zip(numbers) {
            if ticket.id.is_empty() {
                ticket.id = format!("line {line}");
            }
            voices.tell(&mut ticket);
            seen.add(&ticket, &base);
            if ticket.answer_confidence.is_some_and(|confidence| confidence < rules.answer_threshold) {
                unanswered.push(ticket.into());
            }
        }
        progress.add(rows.len() as u64);
    }
    voices.tell_rest(&mut seen);
    progress.finish();
    name(&refused, file)?;
    let outcome = if refused.is_empty() { Outcome::Clean } else { Outcome::SomeRefused };
    Ok(Read { base, seen, unanswered, outcome })
}

/// Names rows that were refused.
fn name(refused: &[String], file: &Path) -> anyhow::Result<()> {
    let mut err = std::io::stderr().lock();
    for refusal in refused.iter().take(MOST_NAMED) {
        writeln!(err, "refused: {}, {refusal}", file.display())?;
    }
    if refused.len() > MOST_NAMED {
        writeln!(err, "… and {} more", refused.len() - MOST_NAMED)?;
    }
    Ok(())
}
