//! Tickets out of the store.

use std::collections::HashMap;

use jiff::Timestamp;

use super::base::Base;
use super::error::AuditError;
use super::observations::Observations;
use super::observed::Observed;
use crate::store::{AuditedTicket, Occasion, PlacedVoice, Store};

/// Tickets, or words of feedback, read at a time.
const PAGE: u32 = 2_000;

/// What was said about articles.
#[derive(Debug, Default)]
pub struct Voices {
    /// Articles that were refused, by ticket.
    dismissed: HashMap<String, Vec<String>>,
    /// What was said without a ticket: article, when, and whether it helped.
    own: Vec<(String, Timestamp, bool)>,
}

impl Voices {
    /// All that counts in the store.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn load(store: &Store) -> Result<Self, AuditError> {
        let (mut voices, mut after) = (Self::default(), None::<PlacedVoice>);
        loop {
            let page = store.voices_page(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(voices) };
            after = Some(last.clone());
            page.into_iter().for_each(|placed| voices.add(placed));
        }
    }

    fn add(&mut self, placed: PlacedVoice) {
        let PlacedVoice { article_id, occasion, voice } = placed;
        match occasion {
            Occasion::Ticket(id) if voice.dismissed.is_some() => {
                self.dismissed.entry(id).or_default().push(article_id);
            }
            Occasion::Ticket(_) => {}
            Occasion::Own(_) => {
                let useful = voice.solved.or(voice.attached);
                if let Some(at) = voice.dismissed.or(useful) {
                    self.own.push((article_id, at, voice.dismissed.is_none()));
                }
            }
        }
    }

    /// Adds to a ticket what was said on it.
    pub fn tell(&self, ticket: &mut Observed) {
        for article in self.dismissed.get(&ticket.id).into_iter().flatten() {
            if !ticket.dismissed.contains(article) {
                ticket.dismissed.push(article.clone());
            }
        }
    }

    /// Adds what was said without a ticket.
    pub fn tell_rest(&self, seen: &mut Observations) {
        for (article, at, useful) in &self.own {
            seen.add_said(article, *at, *useful);
        }
    }
}

/// All tickets of the store with their latest prediction; `now` is when they are read.
///
/// # Errors
/// Those of the store.
pub async fn from_store(store: &Store, base: &Base, now: Timestamp) -> Result<Observations, AuditError> {
    let voices = Voices::load(store).await?;
    let (mut seen, mut after) = (Observations::new(now), None::<String>);
    loop {
        let page = store.audited_page(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for ticket in page {
            let mut ticket = observed(ticket);
            voices.tell(&mut ticket);
            seen.add(&ticket, base);
        }
    }
    voices.tell_rest(&mut seen);
    Ok(seen)
}

fn observed(ticket: AuditedTicket) -> Observed {
    Observed {
        id: ticket.id,
        created_at: ticket.created_at,
        category: ticket.category,
        channel: ticket.channel,
        organization: ticket.organization_id,
        agent_group: ticket.agent_group,
        text: ticket.subject + "\n" + &ticket.body,
        // Grouping reads its tickets itself: few of them are unanswered.
        subject: String::new(),
        embedding: Vec::new(),
        sentiment: None,
        resolution: None,
        answer_confidence: ticket.answer_confidence,
        best: ticket.best_article.zip(ticket.answer_confidence),
        expired: None,
        withdrawn: None,
        attached: ticket.article_ids,
        dismissed: Vec::new(),
        reopened: ticket.reopened.is_some_and(|times| times > 0),
        escalated: ticket.escalated.unwrap_or(false),
        low_scored: ticket.low_scored,
        handling_minutes: ticket.handling_minutes,
    }
}
