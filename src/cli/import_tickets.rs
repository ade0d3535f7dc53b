//! `deskhand import tickets`: past tickets into the data folder.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::history::{HistoryFlags, next};
use super::import::refuse;
use super::{Common, Data, Outcome, rows};
use crate::history::History;
use crate::store::{PastTicket, Store, TicketRecord, TicketTimeline};
use crate::triage::Triage;

/// Tickets that are read and kept together.
const BATCH: usize = 64;
/// Tickets whose fields a dry run shows.
const SHOWN: usize = 5;

/// Flags of `deskhand import tickets`.
#[derive(Args)]
#[command(after_help = "Examples:\n  deskhand import tickets samples/tickets.jsonl --data kb\n  \
    deskhand import tickets incidents.csv --data kb --time-zone Europe/Berlin --dry-run\n  \
    deskhand import tickets export.csv --data kb --column \"Ticket title=subject\" --value \"priority:Sev1=P1\" \
    --date-order dmy\n\n\
    What columns and values are taken for is shown first; what could be read in two ways is refused with what to \
    write. The same file twice changes nothing. docs/history.md names the columns that are known of each product.")]
pub(super) struct TicketFile {
    /// File to read: .csv, .jsonl (one JSON object a line) or .json
    path: PathBuf,
    #[command(flatten)]
    history: HistoryFlags,
    /// Show what would be read, without texts, and keep nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    common: Common,
}

/// What became of the rows.
#[derive(Default)]
struct Counts {
    new: usize,
    changed: usize,
    same: usize,
    refused: usize,
}

impl TicketFile {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let (history, rows) = self.history.open(&self.path).await?;
        if self.dry_run {
            return self.show(history).await;
        }
        let settings = self.common.settings()?;
        let model = self.data.model(&self.common, &settings).await?;
        let (store, _) = self.data.open(&model, &settings).await?;
        let triage = Triage::for_batches(model, settings.triage, None);
        let kept = keep(&store, &triage, history, rows).await;
        store.close().await?;
        let (history, counts) = kept?;
        told(&history)?;
        let Counts { new, changed, same, refused } = counts;
        writeln!(
            std::io::stdout(),
            "{} tickets are kept: {new} new, {changed} changed, {same} as before; {refused} refused",
            new + changed + same
        )?;
        Ok(if refused == 0 { Outcome::Clean } else { Outcome::SomeRefused })
    }

    /// The first tickets by their fields, and every row that would be refused.
    async fn show(&self, mut history: History) -> anyhow::Result<Outcome> {
        let (mut good, mut refused, mut out) = (0, 0, std::io::stdout());
        loop {
            let (read, batch) = next(history, BATCH).await?;
            history = read;
            if batch.is_empty() {
                break;
            }
            for row in batch {
                match row.ticket {
                    Ok(ticket) => {
                        good += 1;
                        if good <= SHOWN {
                            writeln!(out, "line {}: {}", row.line, fields(&ticket))?;
                        }
                    }
                    Err(why) => {
                        refused += 1;
                        refuse(&self.path, row.line, &why)?;
                    }
                }
            }
        }
        told(&history)?;
        writeln!(out, "{good} tickets could be kept; {refused} would be refused; nothing was kept")?;
        Ok(if refused == 0 { Outcome::Clean } else { Outcome::SomeRefused })
    }
}

async fn keep(
    store: &Store,
    triage: &Triage,
    mut history: History,
    rows: u64,
) -> anyhow::Result<(History, Counts)> {
    let progress = rows::Progress::new("tickets", Some(rows));
    let mut counts = Counts::default();
    loop {
        let (read, batch) = next(history, BATCH).await?;
        history = read;
        if batch.is_empty() {
            break;
        }
        let (all, mut tickets) = (batch.len() as u64, Vec::with_capacity(batch.len()));
        for row in batch {
            match row.ticket {
                // Of a ticket that stands there twice the last row counts.
                Ok(ticket) => {
                    tickets.retain(|known: &PastTicket| known.record.id != ticket.record.id);
                    tickets.push(ticket);
                }
                Err(why) => {
                    counts.refused += 1;
                    refuse(history.path(), row.line, &why)?;
                }
            }
        }
        save(store, triage, tickets, &mut counts).await?;
        progress.add(all);
    }
    progress.finish();
    Ok((history, counts))
}

/// Keeps what is new of the tickets; only words that are new are read by the model.
async fn save(
    store: &Store,
    triage: &Triage,
    tickets: Vec<PastTicket>,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let known = Known::of(store, &tickets).await?;
    let (mut unread, mut ready) = (Vec::new(), Vec::new());
    for mut ticket in tickets {
        // As it is kept: what is masked must not stand in the embedding, nor look like a change.
        ticket.record = store.masked(&ticket.record);
        let Some(before) = known.records.get(&ticket.record.id) else {
            counts.new += 1;
            unread.push(ticket);
            continue;
        };
        let words = |record: &TicketRecord| (record.subject.clone(), record.body.clone(), record.body_format);
        let same_words = words(before) == words(&ticket.record);
        let embedding = before.embedding.clone().filter(|e| same_words && e.encoder == triage.encoder_id());
        if embedding.is_some() && ticket.record.adds_nothing_to(before) && known.has_answer_of(&ticket) {
            counts.same += 1;
            continue;
        }
        counts.changed += 1;
        match embedding {
            Some(embedding) => {
                ticket.record.embedding = Some(embedding);
                ready.push(ticket);
            }
            None => unread.push(ticket),
        }
    }
    if !unread.is_empty() {
        ready.extend(triage.embedded(unread).await?);
    }
    if !ready.is_empty() {
        store.keep_history(&ready, Timestamp::now()).await?;
    }
    Ok(())
}

/// What is kept of some tickets already.
struct Known {
    records: HashMap<String, TicketRecord>,
    timelines: HashMap<String, TicketTimeline>,
}

impl Known {
    async fn of(store: &Store, tickets: &[PastTicket]) -> anyhow::Result<Self> {
        let ids: Vec<String> = tickets.iter().map(|ticket| ticket.record.id.clone()).collect();
        let records = store.tickets(&ids).await?.into_iter().map(|record| (record.id.clone(), record));
        let timelines = store.timelines(&ids).await?.into_iter().map(|line| (line.id.clone(), line));
        Ok(Self { records: records.collect(), timelines: timelines.collect() })
    }

    fn has_answer_of(&self, ticket: &PastTicket) -> bool {
        let events = self.timelines.get(&ticket.record.id).map_or(&[][..], |line| &line.events);
        ticket.answered().is_none_or(|answered| events.contains(&answered))
    }
}

/// What was noticed on the way.
fn told(history: &History) -> std::io::Result<()> {
    let mut err = std::io::stderr().lock();
    if history.repeated > 0 {
        writeln!(
            err,
            "note: rows of a ticket that stood there before, whose last row counts: {}",
            history.repeated
        )?;
    }
    if history.twice > 0 {
        writeln!(
            err,
            "note: times in an hour that clocks showed twice when they were put back, of which the first was taken: {}",
            history.twice
        )?;
    }
    Ok(())
}

/// A ticket's fields without its words: lengths of texts, labels and times as they are.
fn fields(ticket: &PastTicket) -> String {
    let record = &ticket.record;
    let long = |text: &str| Some(text.chars().count()).filter(|n| *n > 0).map(|n| format!("{n} characters"));
    let text = |text: &Option<String>| text.as_deref().and_then(long);
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let told = [
        ("id", long(&record.id)),
        ("subject", long(&record.subject)),
        ("body", long(&record.body)),
        ("created_at", time(record.created_at)),
        ("category", record.labels.category.clone()),
        ("impact", record.labels.impact.clone()),
        ("urgency", record.labels.urgency.clone()),
        ("priority", record.labels.priority.clone()),
        ("submitted_category", record.submitted_category.clone()),
        ("submitted_priority", record.submitted_priority.clone()),
        ("status", record.status.map(|status| format!("{status:?}").to_lowercase())),
        ("first_response_at", time(ticket.first_response_at)),
        ("solved_at", time(record.solved_at)),
        ("due_at", time(record.due_at)),
        ("first_response_due_at", time(record.first_response_due_at)),
        ("resolution", text(&record.resolution)),
        ("article_ids", Some(record.article_ids.len()).filter(|n| *n > 0).map(|n| n.to_string())),
        ("reopened", record.reopened.map(|n| n.to_string())),
        ("escalated", record.escalated.map(|yes| yes.to_string())),
        ("handling_minutes", record.handling_minutes.map(|n| n.to_string())),
        ("channel", record.channel.clone()),
        ("agent_group", text(&record.agent_group)),
        ("requester_id", text(&record.requester_id)),
        ("organization_id", text(&record.organization_id)),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    told.collect::<Vec<_>>().join(", ")
}
