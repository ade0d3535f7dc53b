//! `deskhand evaluate --reasons`: whether deleting the words given as reasons costs confidence.

use std::path::Path;

use super::rows::Lines;
use crate::triage::{DeletionReport, Ticket, TicketRow, Triage};

/// Checks the reasons for the tickets of a file.
pub(super) async fn check(triage: &Triage, path: &Path) -> anyhow::Result<DeletionReport> {
    let mut lines = Lines::open(path)?;
    let mut tickets: Vec<Ticket> = Vec::new();
    loop {
        let batch = lines.batch::<TicketRow>(64)?;
        if batch.is_empty() {
            return Ok(triage.check_reasons(&tickets).await?);
        }
        for row in batch {
            let content =
                row.content.map_err(|e| anyhow::anyhow!("{}, line {}: {e}", path.display(), row.line))?;
            tickets.push(content.into());
        }
    }
}
