//! The samples' tickets as requests, ready to be written to a connection.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use deskhand::triage::{Ticket, TicketRow};
use serde_json::{Value, json};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Predictions alone: what the model says, without articles and similar tickets.
    Predictions,
    /// The whole answer as a helpdesk gets it by default. Without an id, so nothing is kept.
    Answer,
    /// The whole answer to a ticket with an id, which is on the disk before the answer comes.
    Kept,
}

impl Asked {
    pub fn name(self) -> &'static str {
        match self {
            Self::Predictions => "predictions",
            Self::Answer => "answer",
            Self::Kept => "kept",
        }
    }
}

/// The tickets of a file.
pub fn read(path: &Path) -> anyhow::Result<Vec<Ticket>> {
    let content = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let rows = content.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let row: TicketRow = serde_json::from_str(line).with_context(|| path.display().to_string())?;
        Ok(Ticket::from(row))
    });
    rows.collect()
}

/// Digits in the id of a ticket that is to be kept.
const DIGITS: usize = 12;

/// Requests one after another, all tickets in turn.
#[derive(Debug)]
pub struct Requests {
    /// The bytes of a request, and where the digits of its ticket's id stand.
    list: Vec<(Vec<u8>, Option<usize>)>,
    next: AtomicU64,
}

impl Requests {
    pub fn new(tickets: &[Ticket], asked: Asked, host: &str) -> anyhow::Result<Self> {
        let list =
            tickets.iter().map(|ticket| request(ticket, asked, host)).collect::<anyhow::Result<_>>()?;
        Ok(Self { list, next: AtomicU64::new(0) })
    }

    /// The next request; each kept ticket has an id of its own.
    pub fn next(&self) -> Vec<u8> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (bytes, digits) = &self.list[number as usize % self.list.len()];
        let mut bytes = bytes.clone();
        if let Some(at) = digits {
            bytes[*at..at + DIGITS].copy_from_slice(format!("{number:0DIGITS$}").as_bytes());
        }
        bytes
    }
}

fn request(ticket: &Ticket, asked: Asked, host: &str) -> anyhow::Result<(Vec<u8>, Option<usize>)> {
    let blank = "#".repeat(DIGITS);
    let id = (asked == Asked::Kept).then(|| format!("load-{blank}"));
    let mut body = json!({ "ticket": Ticket { id, ..ticket.clone() } });
    if asked == Asked::Predictions {
        body["options"] = json!({"articles": 0, "similar": 0});
    }
    let body = Value::to_string(&body);
    let text = format!(
        "POST /v1/triage HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let digits = text.find(&blank);
    Ok((text.into_bytes(), digits))
}
