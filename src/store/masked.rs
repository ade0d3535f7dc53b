//! The words of tickets without personal data, where the site wants them kept so.

use super::{OutcomeRecord, Store, TicketRecord};
use crate::text::masking::{Masking, mask};
use crate::text::{Block, Format, html, markdown};

impl Store {
    /// The ticket as it is kept. A body in HTML or Markdown becomes plain text: markup hides what is looked for.
    pub(super) fn masked(&self, ticket: &TicketRecord) -> TicketRecord {
        let mut kept = ticket.clone();
        let Some(masking) = self.masks() else { return kept };
        kept.subject = masked(&kept.subject, masking);
        let plain = plain(&kept.body, kept.body_format);
        kept.body = masked(plain.as_deref().unwrap_or(&kept.body), masking);
        kept.body_format = Format::Text;
        kept.resolution = kept.resolution.map(|text| masked(&text, masking));
        kept
    }

    /// The outcome as it is kept.
    pub(super) fn masked_outcome(&self, outcome: &OutcomeRecord) -> OutcomeRecord {
        let mut kept = outcome.clone();
        if let Some(masking) = self.masks() {
            kept.resolution = kept.resolution.map(|text| masked(&text, masking));
        }
        kept
    }
}

fn masked(text: &str, masking: &Masking) -> String {
    mask(text, masking).text.into_string()
}

/// The text of a document, a line for each of its blocks; `None` of plain text.
fn plain(body: &str, format: Format) -> Option<String> {
    let document = match format {
        Format::Text => return None,
        Format::Html => html::blocks(body),
        Format::Markdown => markdown::blocks(body),
    };
    let lines: Vec<String> = document.blocks.into_iter().map(|Block { text, .. }| text).collect();
    Some(lines.join("\n"))
}
