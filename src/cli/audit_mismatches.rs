//! `deskhand audit mismatches`: whose labels are wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::rows::Progress;
use super::{Common, Data, Outcome, export};
use crate::audit::mismatches::{self, By, DEFAULT_LIMIT, Ledger, LedgerGroup, MAX_LIMIT, Question, Task};
use crate::knowledge::import::date;
use crate::model::Bundle;

/// Tickets that a line of the table names.
const MAX_IDS: usize = 3;

/// Flags of `deskhand audit mismatches`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand audit mismatches --data kb --from 2026-08-01 --by form\n\n\
    A wrong label weighs by what it costs: an under-prioritised P1 8 to 16, a P2 4 or 6, a P3 2, an \
    over-prioritised ticket 1 for each level, a wrong category 2. Where agents have not settled a label, the \
    model's is taken if it is sure, and counts half.")]
pub(super) struct MismatchFlags {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    common: Common,
    /// Tickets from this time on: a date, or a time such as 2026-11-21T09:40:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Tickets before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// By whom or what
    #[arg(long, value_enum, default_value = "submitter")]
    by: Whom,
    /// Only this label
    #[arg(long, value_enum)]
    task: Option<Label>,
    /// Groups to show, the worst first
    #[arg(long, default_value_t = DEFAULT_LIMIT)]
    limit: usize,
    /// A table, JSON or CSV
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write here instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Whom {
    Submitter,
    Form,
    Channel,
}

#[derive(Clone, Copy, ValueEnum)]
enum Label {
    Category,
    Priority,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
}

impl MismatchFlags {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let question = Question {
            from: self.from.as_deref().map(|text| time("--from", text)).transpose()?,
            to: self.to.as_deref().map(|text| time("--to", text)).transpose()?,
            by: match self.by {
                Whom::Submitter => By::Submitter,
                Whom::Form => By::Form,
                Whom::Channel => By::Channel,
            },
            task: self.task.map(|label| match label {
                Label::Category => Task::Category,
                Label::Priority => Task::Priority,
            }),
            limit: self.limit.clamp(1, MAX_LIMIT),
            categories: self.categories()?,
            matrix: settings.triage.matrix.clone(),
        };
        let store = export::open(&self.data, &settings).await?;
        let progress = Progress::new("tickets", Some(store.ticket_count().await?));
        let ledger = mismatches::ledger(&store, &question, &|read| progress.to(read)).await;
        progress.finish();
        store.close().await?;
        self.print(&ledger?)?;
        Ok(Outcome::Clean)
    }

    /// The categories of the bundle that answers, of which a submitter could have chosen one.
    fn categories(&self) -> anyhow::Result<BTreeSet<String>> {
        let bundle = Bundle::open(&self.common.bundle_dir(Some(&self.data.data))?)?;
        let heads = &bundle.manifest().heads;
        let category = heads.iter().find(|head| head.task == "category");
        Ok(category.map(|head| head.labels.iter().cloned().collect()).unwrap_or_default())
    }

    fn print(&self, ledger: &Ledger) -> anyhow::Result<()> {
        let told = match self.format {
            Format::Text => text(ledger)?.into_bytes(),
            Format::Csv => mismatches::csv(ledger)?,
            Format::Json => {
                let mut json = serde_json::to_vec_pretty(ledger)?;
                json.push(b'\n');
                json
            }
        };
        match &self.output {
            None => std::io::stdout().write_all(&told)?,
            Some(path) => {
                std::fs::write(path, told)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
        Ok(())
    }
}

fn time(flag: &str, text: &str) -> anyhow::Result<Timestamp> {
    match date(text) {
        Some(at) => Ok(at),
        None => bail!("{flag} is no time; write a date such as 2026-11-21, or 2026-11-21T09:40:00Z"),
    }
}

/// The ledger as a table for people.
fn text(ledger: &Ledger) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let end = |at: Option<Timestamp>, open: &str| at.map_or_else(|| open.to_owned(), |at| at.to_string());
    let window = (end(ledger.from, "the first ticket"), end(ledger.to, "the last"));
    writeln!(
        out,
        "{} tickets with labels to compare, from {} to {}",
        ledger.total.tickets, window.0, window.1
    )?;
    writeln!(out, "{} groups, the most costly first", ledger.groups_total)?;
    writeln!(
        out,
        "     cost  tickets  priority wrong (under, P1)  category wrong  suspected  who, worst tickets"
    )?;
    line(&mut out, &ledger.total, "(all)")?;
    for group in &ledger.groups {
        line(&mut out, group, group.name.as_deref().unwrap_or("(unknown)"))?;
    }
    for pair in &ledger.pairs {
        let task = if pair.task == Task::Category { "category" } else { "priority" };
        writeln!(out, "{task}: {} × {} instead of {}", pair.tickets, pair.submitted, pair.settled)?;
    }
    for warning in &ledger.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(out)
}

fn line(out: &mut String, group: &LedgerGroup, name: &str) -> std::fmt::Result {
    let (category, priority) =
        (group.category.clone().unwrap_or_default(), group.priority.clone().unwrap_or_default());
    let ids: Vec<&str> =
        group.evidence.iter().take(MAX_IDS).map(|evidence| evidence.ticket_id.as_str()).collect();
    writeln!(
        out,
        "{:9.1}  {:7}  {:6}/{:<6} ({:5}, {:3})  {:6}/{:<6}  {:9}  {name}: {}",
        group.cost,
        group.tickets,
        priority.wrong,
        priority.compared,
        priority.under,
        priority.under_p1,
        category.wrong,
        category.compared,
        category.suspected + priority.suspected,
        ids.join(", "),
    )
}
