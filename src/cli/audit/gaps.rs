//! `deskhand audit gaps`: unanswered tickets, put together by what they mean.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::Outcome;
use super::asked::{Asked, read, rules};
use crate::audit::gaps::Gap;
use crate::audit::{Audits, DEFAULT_TOP, gaps_of};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  deskhand audit gaps --data kb\n  deskhand audit gaps --tickets samples/tickets.jsonl --data kb --format json"
)]
pub(super) struct GapFlags {
    #[command(flatten)]
    asked: Asked,
    /// Groups to list, the costliest first
    #[arg(long, default_value_t = DEFAULT_TOP as u64, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    top: u64,
    /// A list, or JSON with the ids of all tickets
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl GapFlags {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.asked.common.settings()?;
        let (question, rules) = (self.asked.question(self.top as usize, None)?, rules(&settings));
        let (store, knowledge, triage) = self.asked.open(&settings).await?;
        let (gaps, outcome) = match &self.asked.tickets {
            Some(file) => {
                let tickets = read(file, (&store, &knowledge), &triage, &rules, question.window.to).await?;
                (gaps_of(&tickets.seen, tickets.unanswered, &question, &rules)?, tickets.outcome)
            }
            None => {
                let report = Audits::new(store.clone(), None, rules)
                    .gaps(&question, &knowledge, Timestamp::now())
                    .await?;
                (report.groups.into_iter().map(|kept| kept.gap).collect(), Outcome::Clean)
            }
        };
        store.close().await?;
        let shown = &gaps[..gaps.len().min(self.top as usize)];
        self.asked.print(&match self.format {
            Format::Text => text(shown, gaps.len()),
            Format::Json => serde_json::to_string_pretty(shown)? + "\n",
        })?;
        Ok(outcome)
    }
}

fn text(gaps: &[Gap], all: usize) -> String {
    let mut out = format!("{all} groups of unanswered tickets, the costliest first\n");
    for gap in gaps {
        let _ = writeln!(out, "\n{}  {} tickets, {:.0} minutes: {}", gap.id, gap.tickets, gap.cost, gap.name);
        let _ = writeln!(out, "  for instance {}: {}", gap.typical.id, gap.typical.subject);
        let _ = writeln!(out, "  proposed article: {}", gap.outline.title);
        for question in &gap.outline.questions {
            let _ = writeln!(out, "    asked: {question}");
        }
        for step in &gap.outline.steps {
            let _ = writeln!(out, "    helped: {step}");
        }
    }
    out
}
