//! `deskhand audit articles`: articles that their owners should look at.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::{Data, Outcome, export};
use super::asked::{moment, rules};
use crate::audit::{Audits, TroubleReport, Troubled, Window};
use crate::config::Settings;

#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand audit articles --data kb --from 2026-07-01 --to 2026-10-01 --format json"
)]
pub(super) struct ArticleFlags {
    #[command(flatten)]
    data: Data,
    /// Beginning of the window, a day or a time [default: 90 days before the end]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// End of the window, not part of it [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
    /// A list, or JSON
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl ArticleFlags {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = Settings::load(self.config.as_deref())?;
        let now = Timestamp::now();
        let to = self.to.unwrap_or(now);
        let window = match self.from {
            Some(from) => Window::new(Some(from), to)?,
            None => Window::quarter_before(to),
        };
        let store = export::open(&self.data, &settings).await?;
        let report = Audits::new(store.clone(), None, rules(&settings)).articles(window, now).await;
        store.close().await?;
        let out = match self.format {
            Format::Text => text(&report?),
            Format::Json => serde_json::to_string_pretty(&report?)? + "\n",
        };
        std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?;
        Ok(Outcome::Clean)
    }
}

fn text(report: &TroubleReport) -> String {
    let mut out = format!("{} tickets in the window\n", report.tickets);
    let mut list = |title: &str, articles: &[Troubled]| {
        let _ = writeln!(out, "\n{title}: {}", articles.len());
        for article in articles {
            let reason =
                if article.reason.is_empty() { String::new() } else { format!(": {}", article.reason) };
            let _ = writeln!(out, "  {} ({}){reason}", article.id, article.title);
        }
    };
    list("never suggested", &report.never_suggested);
    list("expired", &report.expired);
    list("review overdue", &report.review_overdue);
    let _ = writeln!(out, "\noften dismissed: {}", report.often_dismissed.len());
    for article in &report.often_dismissed {
        let (share, tickets) = (100.0 * article.share.share, article.share.tickets);
        let _ = writeln!(out, "  {} ({}): {share:.0} % of {tickets} tickets", article.id, article.title);
    }
    let _ = writeln!(out, "\ncontradicting each other: {}", report.contradicting.len());
    for pair in &report.contradicting {
        let _ = writeln!(out, "  {} ~ {}", pair.first, pair.second);
        for difference in &pair.differences {
            let _ = writeln!(out, "    {}\n    {}", difference.first, difference.second);
        }
    }
    out + "\n" + &super::table(&report.duplicates, usize::MAX)
}
