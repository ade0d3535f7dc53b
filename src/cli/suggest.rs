//! `deskhand suggest`: the articles that answer a file of tickets.

use clap::{Args, ValueEnum};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::rows::{Files, checked};
use super::{Common, Data, Outcome};
use crate::knowledge::Suggestions;
use crate::store::Audience;
use crate::triage::{Ticket, TicketRow, Triage, Wanted};

/// Flags of `deskhand suggest`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand import articles samples/articles --data kb\n  deskhand suggest --input samples/tickets.jsonl --top 3 --data kb"
)]
pub(super) struct Suggest {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    common: Common,
    /// Articles for each ticket at most
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    top: u64,
    /// Who will see them
    #[arg(long, value_enum, default_value = "agent")]
    audience: Who,
    /// Only articles of exactly this category
    #[arg(long)]
    category: Option<String>,
    /// Only articles in this language, such as en, or in none that is known
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Only articles about this product or brand, or about none in particular
    #[arg(long)]
    product: Option<String>,
    /// Only articles with this label; may be given several times
    #[arg(long)]
    label: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Who {
    Agent,
    Customer,
}

#[derive(Serialize)]
struct Answer {
    id: Option<String>,
    #[serde(flatten)]
    suggestions: Suggestions,
    truncated: bool,
    warnings: Vec<String>,
}

impl Suggest {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let model = self.data.model(&self.common, &settings).await?;
        let desk = self.data.desk(&model, &settings).await?;
        let store = desk.store.clone();
        let triage = Triage::for_batches(model, settings.triage, Some(desk));
        let wanted = Wanted {
            audience: match self.audience {
                Who::Agent => Audience::Agent,
                Who::Customer => Audience::Customer,
            },
            category: self.category,
            language: self.language,
            product: self.product,
            labels: self.label,
            top: self.top as usize,
        };
        let outcome = self
            .files
            .answer("tickets", async |rows: Vec<TicketRow>| {
                join_all(rows.into_iter().map(|row| answer(&triage, row.into(), &wanted))).await
            })
            .await?;
        store.close().await?;
        Ok(outcome)
    }
}

async fn answer(triage: &Triage, ticket: Ticket, wanted: &Wanted) -> Result<Answer, String> {
    checked(&ticket)?;
    let found = triage.suggest(&ticket, wanted, Timestamp::now()).await.map_err(|e| e.to_string())?;
    Ok(Answer {
        id: ticket.id,
        suggestions: found.suggestions,
        truncated: found.truncated,
        warnings: found.warnings,
    })
}
