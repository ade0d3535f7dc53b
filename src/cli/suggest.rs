//! `deskhand suggest`: the articles that answer a file of tickets.

use clap::{Args, ValueEnum};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::rows::{Files, checked};
use super::{Common, Data, Outcome};
use crate::knowledge::Suggestions;
use crate::store::Audience;
use crate::triage::{Desk, Ticket, TicketRow, Triage};

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
        let model = self.common.model(&settings, Some(&self.data.data)).await?;
        let (store, knowledge) = self.data.open(&model, &settings).await?;
        let desk = Desk { store: store.clone(), knowledge };
        let triage = Triage::for_batches(model, settings.triage, Some(desk));
        let audience = match self.audience {
            Who::Agent => Audience::Agent,
            Who::Customer => Audience::Customer,
        };
        let top = self.top as usize;
        let outcome = self
            .files
            .answer("tickets", async |rows: Vec<TicketRow>| {
                join_all(rows.into_iter().map(|row| answer(&triage, row.into(), audience, top))).await
            })
            .await?;
        store.close().await?;
        Ok(outcome)
    }
}

async fn answer(triage: &Triage, ticket: Ticket, audience: Audience, top: usize) -> Result<Answer, String> {
    checked(&ticket)?;
    let found = triage.suggest(&ticket, audience, top, Timestamp::now()).await.map_err(|e| e.to_string())?;
    Ok(Answer {
        id: ticket.id,
        suggestions: found.suggestions,
        truncated: found.truncated,
        warnings: found.warnings,
    })
}
