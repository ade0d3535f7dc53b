//! The words of tickets, surveys and visits without personal data, where the site wants them kept so.

use super::{Deflection, DeflectionOutcome, FollowUpChange, KeptSurvey, OutcomeRecord, Store, TicketRecord};
use crate::text::masking::{Masking, mask};
use crate::text::{Block, Format, html, markdown};

impl Store {
    /// The ticket as it is kept. A body in HTML or Markdown becomes plain text: markup hides what is looked for. Of
    /// these words its embedding has to be made, or it would tell of what was masked.
    #[must_use]
    pub fn masked(&self, ticket: &TicketRecord) -> TicketRecord {
        let mut kept = ticket.clone();
        let Some(masking) = self.masks() else { return kept };
        kept.subject = masked(&kept.subject, masking);
        let plain = plain(&kept.body, kept.body_format);
        kept.body = masked(plain.as_deref().unwrap_or(&kept.body), masking);
        kept.body_format = Format::Text;
        kept.resolution = kept.resolution.map(|text| masked(&text, masking));
        kept
    }

    /// The survey as it is kept: its comment is masked, once it was read.
    pub(super) fn masked_survey(&self, mut kept: KeptSurvey) -> KeptSurvey {
        if let Some(masking) = self.masks() {
            kept.survey.comment = kept.survey.comment.map(|text| masked(&text, masking));
        }
        kept
    }

    /// What is noted of a call, as it is kept.
    pub(super) fn masked_follow_up(&self, mut change: FollowUpChange) -> FollowUpChange {
        if let (Some(masking), Some(Some(note))) = (self.masks(), &mut change.note) {
            *note = masked(note, masking);
        }
        change
    }

    /// What came of a visit, as it is kept.
    pub(super) fn masked_visit(&self, mut visit: Deflection) -> Deflection {
        if let (Some(masking), DeflectionOutcome::Unanswered { text: Some(text) }) =
            (self.masks(), &mut visit.outcome)
        {
            *text = masked(text, masking);
        }
        visit
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
