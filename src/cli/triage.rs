//! `deskhand triage`: predictions for a file of tickets.

use std::path::PathBuf;

use clap::Args;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::rows::{Files, checked};
use super::{Common, Data, Outcome};
use crate::store::Audience;
use crate::triage::{self, Options, Ticket, TicketRow};

/// Flags of `deskhand triage`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand triage --input samples/tickets.jsonl --output answers.jsonl")]
pub(super) struct Triage {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    common: Common,
    /// Also suggest articles and similar tickets from this data folder, and use the bundle promoted in it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Labels in each ranking
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=50))]
    top_n: u64,
    /// Give the words that moved each decision; takes up to 25 times as long
    #[arg(long)]
    explain: bool,
}

impl Triage {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let model = self.common.model(&settings, self.data.as_deref()).await?;
        let desk = match self.data.clone() {
            None => None,
            Some(data) => Some(Data { data, store: None }.desk(&model, &settings).await?),
        };
        let store = desk.as_ref().map(|desk| desk.store.clone());
        let triage = triage::Triage::for_batches(model, settings.triage, desk);
        let options = Options {
            top_n: self.top_n as usize,
            explain: self.explain,
            audience: Audience::Agent,
            ..Options::default()
        };
        let outcome = self
            .files
            .answer("tickets", async |rows: Vec<TicketRow>| {
                join_all(rows.into_iter().map(|row| answer(&triage, row.into(), &options))).await
            })
            .await?;
        if let Some(store) = store {
            store.close().await?;
        }
        Ok(outcome)
    }
}

async fn answer(
    triage: &triage::Triage,
    ticket: Ticket,
    options: &Options,
) -> Result<triage::TriageAnswer, String> {
    checked(&ticket)?;
    triage.answer(&ticket, options, Timestamp::now()).await.map_err(|e| e.to_string())
}
