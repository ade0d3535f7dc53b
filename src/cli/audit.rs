//! `deskhand audit`: what the owners of the knowledge base should look at.

mod articles;
mod asked;
mod coverage;
mod drift;
mod gaps;

use std::io::Write;

use clap::{Args, Subcommand, ValueEnum};

pub(super) use asked::moment;

use super::audit_mismatches::MismatchFlags;
use super::{Data, Outcome, export};
use crate::config::Settings;
use crate::knowledge::duplicates::{Duplicates, Thresholds, duplicates};

/// Flags of `deskhand audit`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  deskhand audit coverage --tickets samples/tickets.jsonl --data kb\n  deskhand audit duplicates --data kb"
)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// By category, how many tickets have an adequate article, and what is missing, outdated or does not
    /// resolve
    Coverage(Box<coverage::CoverageFlags>),
    /// Tickets that no article answers, put together by what they mean
    Gaps(Box<gaps::GapFlags>),
    /// Articles that are never suggested, often refused, expired, said twice or contradict each other
    Articles(articles::ArticleFlags),
    /// What was so a month ago and is no longer: labels that agents correct, new ones, vanished ones
    Drift(drift::DriftFlags),
    /// Articles that say the same, or nearly
    #[command(after_help = "Example:\n  deskhand audit duplicates --data kb --format json")]
    Duplicates(Flags),
    /// Whose labels are wrong: submitted against settled and predicted, the most costly first
    Mismatches(Box<MismatchFlags>),
}

#[derive(Args)]
struct Flags {
    #[command(flatten)]
    data: Data,
    /// A table, or JSON
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Share of common words from which articles are near duplicates, 0 to 1
    #[arg(long, default_value_t = Thresholds::default().overlap)]
    overlap: f32,
    /// Cosine of their passages from which they are
    #[arg(long, default_value_t = Thresholds::default().cosine)]
    cosine: f32,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let flags = match self.what {
            What::Mismatches(flags) => return flags.run().await,
            What::Coverage(flags) => return flags.run().await,
            What::Drift(flags) => return flags.run().await,
            What::Gaps(flags) => return flags.run().await,
            What::Articles(flags) => return flags.run().await,
            What::Duplicates(flags) => flags,
        };
        let store = export::open(&flags.data, &Settings::load(flags.config.as_deref())?).await?;
        let thresholds = Thresholds { overlap: flags.overlap, cosine: flags.cosine };
        let found = duplicates(&store, thresholds).await;
        store.close().await?;
        let mut out = std::io::stdout().lock();
        match flags.format {
            Format::Text => write!(out, "{}", table(&found?, usize::MAX))?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &found?)?;
                writeln!(out)?;
            }
        }
        Ok(Outcome::Clean)
    }
}

/// The findings as a table; of the groups and the pairs at most `most` each.
pub(super) fn table(found: &Duplicates, most: usize) -> String {
    let Duplicates { articles, thresholds, groups, near } = found;
    let mut lines = vec![format!("{articles} articles compared")];
    lines.push(format!("{} groups with the same words", groups.len()));
    for group in groups.iter().take(most) {
        let names: Vec<String> = group.iter().map(|name| format!("{} ({})", name.id, name.title)).collect();
        lines.push(format!("  {}", names.join(" = ")));
    }
    lines.push(format!(
        "{} pairs nearly the same (common words from {}, cosine from {})",
        near.len(),
        thresholds.overlap,
        thresholds.cosine
    ));
    if !near.is_empty() {
        lines.push("  words  cosine  articles".to_owned());
    }
    for pair in near.iter().take(most) {
        lines.push(format!(
            "  {:5.2}  {:6.2}  {} ({}) ~ {} ({})",
            pair.overlap, pair.cosine, pair.first.id, pair.first.title, pair.second.id, pair.second.title
        ));
    }
    if groups.len() > most || near.len() > most {
        lines.push("  … `deskhand audit duplicates` lists all".to_owned());
    }
    lines.join("\n") + "\n"
}
