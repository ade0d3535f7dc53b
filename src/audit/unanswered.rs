//! The unanswered tickets of a window, with what grouping needs.

use std::collections::{HashMap, HashSet};

use super::error::AuditError;
use super::gaps::{Gap, GapTicket, MOST_TICKETS, draw, groups};
use super::observations::Observations;
use super::observed::Observed;
use super::question::{Chosen, Question, Rules};
use crate::store::{Store, TicketRecord};
use crate::text::{mail, with_subject};

/// Tickets read at a time.
const PAGE: usize = 500;

/// The unanswered tickets of the question's window and filter: how many there are, and at most
/// [`MOST_TICKETS`] of them, those whose ids have the smallest hashes.
pub(super) fn chosen(
    seen: &Observations,
    question: &Question,
    rules: &Rules,
) -> Result<(usize, Vec<usize>), AuditError> {
    super::coverage::check_not_empty(seen, &question.window)?;
    let chosen = Chosen::of(&question.filter, &question.window, seen)?;
    let unanswered = seen.rows.iter().enumerate().filter(|(_, row)| {
        let searched = !row.confidence.is_nan();
        searched
            && !row.is_answered(rules.answer_threshold)
            && question.window.holds(row.at)
            && chosen.holds(row)
    });
    let mut places: Vec<usize> = unanswered.map(|(place, _)| place).collect();
    let all = places.len();
    if all > MOST_TICKETS {
        places.sort_by_cached_key(|place| draw(&seen.rows[*place].id));
        places.truncate(MOST_TICKETS);
    }
    Ok((all, places))
}

/// The tickets of these places out of the store; those that `encoder` has not embedded are left out.
pub(super) async fn read(
    store: &Store,
    seen: &Observations,
    places: &[usize],
    encoder: &str,
) -> Result<Vec<GapTicket>, AuditError> {
    let mut tickets = Vec::with_capacity(places.len());
    for page in places.chunks(PAGE) {
        let ids: Vec<String> = page.iter().map(|place| seen.rows[*place].id.to_string()).collect();
        let by_id: HashMap<&str, &usize> = page.iter().map(|place| (&*seen.rows[*place].id, place)).collect();
        let sentiments = store.ticket_sentiments(&ids).await?;
        for record in store.tickets(&ids).await? {
            let Some(row) = by_id.get(record.id.as_str()).map(|place| &seen.rows[**place]) else { continue };
            if record.embedding.as_ref().is_none_or(|embedding| embedding.encoder != encoder) {
                continue;
            }
            let Some(ticket) = gap_ticket(record) else { continue };
            tickets.push(GapTicket {
                category: Some(seen.names.name(row.category).to_owned()),
                answer_confidence: row.confidence,
                sentiment: sentiments.get(&ticket.id).copied(),
                ..ticket
            });
        }
    }
    Ok(tickets)
}

/// A kept ticket as grouping sees it; `None` without an embedding.
pub(super) fn gap_ticket(record: TicketRecord) -> Option<GapTicket> {
    let body = mail::clean(&record.body, record.body_format);
    Some(GapTicket {
        text: with_subject(&record.subject, &body.text),
        id: record.id,
        created_at: record.created_at,
        category: record.labels.category,
        subject: record.subject,
        embedding: record.embedding?.vector,
        handling_minutes: record.handling_minutes,
        sentiment: None,
        resolution: record.resolution,
        answer_confidence: 0.0,
    })
}

/// The groups among tickets of a file: those of `tickets` that the question's window and filter hold and that
/// nothing answers. Nothing is kept, so that groups of before are not known.
///
/// # Errors
/// [`AuditError`] as for the coverage.
pub fn gaps_of(
    seen: &Observations,
    tickets: Vec<GapTicket>,
    question: &Question,
    rules: &Rules,
) -> Result<Vec<Gap>, AuditError> {
    let (_, places) = chosen(seen, question, rules)?;
    let ids: HashSet<&str> = places.iter().map(|place| &*seen.rows[*place].id).collect();
    let tickets: Vec<GapTicket> =
        tickets.into_iter().filter(|ticket| ids.contains(ticket.id.as_str())).collect();
    Ok(groups(&tickets, &[]))
}

impl From<Observed> for GapTicket {
    fn from(ticket: Observed) -> Self {
        Self {
            id: ticket.id,
            created_at: ticket.created_at,
            category: ticket.category,
            subject: ticket.subject,
            text: ticket.text,
            embedding: ticket.embedding,
            handling_minutes: ticket.handling_minutes,
            sentiment: ticket.sentiment,
            resolution: ticket.resolution,
            answer_confidence: ticket.answer_confidence.unwrap_or(0.0),
        }
    }
}
