//! Tickets whose answering articles are known, as rows of a file.

use std::path::Path;

use serde::Deserialize;

use super::rows::Lines;
use crate::triage::{Ticket, TicketRow};

/// Rows that are read at a time.
const BATCH: usize = 64;

#[derive(Deserialize)]
struct AnsweredRow {
    #[serde(flatten)]
    ticket: TicketRow,
    #[serde(alias = "relevant", alias = "gold", alias = "article_ids")]
    articles: Vec<String>,
}

/// A ticket with the ids of the articles that answer it, none where nothing does.
pub(super) struct Answered {
    pub(super) line: usize,
    pub(super) ticket: Ticket,
    pub(super) articles: Vec<String>,
}

/// All rows of a file; the first that is no such ticket is an error with file and line.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Answered>> {
    let mut lines = Lines::open(path)?;
    let mut tickets = Vec::new();
    loop {
        let batch = lines.batch::<AnsweredRow>(BATCH)?;
        if batch.is_empty() {
            return Ok(tickets);
        }
        for row in batch {
            let line = row.line;
            let AnsweredRow { ticket, articles } =
                row.content.map_err(|e| anyhow::anyhow!("{}, line {line}: {e}", path.display()))?;
            tickets.push(Answered { line, ticket: Ticket::from(ticket), articles });
        }
    }
}
