//! Tickets that resemble one another.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::KnowledgeError;
use super::{Knowledge, Shared, off_the_runtime};
use crate::model::{Input, Lane, ModelError};
use crate::store::{TicketRecord, TicketStatus};
use crate::text::{mail, with_subject};

/// Lowest cosine of tickets that are shown as similar. Among the 150 tickets of `samples/` and with
/// all-MiniLM-L6-v2, 44 % of the pairs that the same article answers reach it, and 7 % of the pairs
/// of different categories: below it there are more chance meetings than likenesses.
const FLOOR: f32 = 0.35;

/// Seconds, before or after, within which tickets that are not solved may be one incident: three days, so
/// that one of Friday evening is seen on Monday.
const INCIDENT_SECONDS: u64 = 72 * 3_600;

/// A kept ticket that resembles another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarTicket {
    /// The ticket system's id.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// Cosine of the two tickets' embeddings, up to 1.
    pub score: f32,
    /// Where it stands, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<TicketStatus>,
    /// The category that agents settled on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What solved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Articles that were used to solve it.
    pub article_ids: Vec<String>,
    /// When it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// When it was solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub solved_at: Option<Timestamp>,
    /// How often it was opened again after it had been solved: what stands here did not help then.
    pub reopened: u32,
}

/// Tickets that resemble one another, the most similar first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SimilarTickets {
    /// Past ones, with what solved them.
    pub past: Vec<SimilarTicket>,
    /// Those that came in around the same time and are not known to be solved: several of them may be one
    /// incident.
    pub open: Vec<SimilarTicket>,
}

/// What decides where a ticket is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    status: Option<TicketStatus>,
    created_at: Option<Timestamp>,
    reopened: bool,
}

impl Standing {
    fn of(ticket: &TicketRecord) -> Self {
        Self::new(ticket.status, ticket.created_at, ticket.reopened)
    }

    pub(super) fn new(
        status: Option<TicketStatus>,
        created_at: Option<Timestamp>,
        reopened: Option<u32>,
    ) -> Self {
        Self { status, created_at, reopened: reopened.is_some_and(|times| times > 0) }
    }

    /// Whether it may belong to an incident of the time `at`.
    fn is_open_near(&self, at: Timestamp) -> bool {
        let near = |created: Timestamp| at.as_second().abs_diff(created.as_second()) <= INCIDENT_SECONDS;
        self.status != Some(TicketStatus::Solved) && self.created_at.is_some_and(near)
    }

    /// Whether it is past at the time `at`: solved, or long ago by a source that does not say.
    fn is_past(&self, at: Timestamp) -> bool {
        self.status != Some(TicketStatus::Open) && !self.is_open_near(at)
    }
}

impl Knowledge {
    /// Up to `top` past and up to `top` open tickets that resemble the one with this embedding, which came
    /// in at the time `at`; the ticket `exclude_id` itself is left out. What they say is for agents only.
    ///
    /// # Errors
    /// [`KnowledgeError::Embedding`], and those of the store.
    #[tracing::instrument(name = "knowledge.similar", target = "span", skip_all)]
    pub async fn similar(
        &self,
        embedding: &[f32],
        exclude_id: Option<&str>,
        top: usize,
        at: Timestamp,
    ) -> Result<SimilarTickets, KnowledgeError> {
        Ok(SimilarTickets {
            past: self.near(embedding, exclude_id, top, move |standing| standing.is_past(at)).await?,
            open: self.near(embedding, exclude_id, top, move |standing| standing.is_open_near(at)).await?,
        })
    }

    /// Up to `top` tickets that resemble this one and were opened again after they had been solved, the most
    /// similar first. What they say is for agents only.
    ///
    /// # Errors
    /// Those of the store and the model.
    pub async fn reopened_like(
        &self,
        ticket: &TicketRecord,
        top: usize,
    ) -> Result<Vec<SimilarTicket>, KnowledgeError> {
        let embedding = match &ticket.embedding {
            Some(known) if known.encoder == self.view.encoder_id() => known.vector.clone(),
            _ => {
                let body = mail::clean(&ticket.body, ticket.body_format);
                let text = with_subject(&ticket.subject, &body.text);
                let readings = self.view.model.read(&[Input::text(&text)], Lane::Interactive).await?;
                readings.first().ok_or(ModelError::Stopped)?.embedding()
            }
        };
        self.near(&embedding, Some(&ticket.id), top, |standing| standing.reopened).await
    }

    async fn near(
        &self,
        embedding: &[f32],
        exclude_id: Option<&str>,
        top: usize,
        admits: impl Fn(&Standing) -> bool + Send + Sync + 'static,
    ) -> Result<Vec<SimilarTicket>, KnowledgeError> {
        self.view.check(embedding)?;
        let view = Arc::clone(&self.view);
        let (embedding, exclude) = (embedding.to_vec(), exclude_id.map(str::to_owned));
        let near: Vec<(String, f32)> = off_the_runtime(move || {
            let scan = view.tickets.scan(&embedding, view.model.threads(), admits);
            // One more than wanted, in case the ticket itself is among them.
            let others = scan.top(top + 1).into_iter().filter(|(id, _)| exclude.as_deref() != Some(*id));
            others
                .filter(|(_, cosine)| *cosine >= FLOOR)
                .take(top)
                .map(|(id, c)| (id.to_owned(), c))
                .collect()
        })
        .await?;
        let ids: Vec<String> = near.iter().map(|(id, _)| id.clone()).collect();
        let tickets = self.shared.store.tickets(&ids).await?;
        let score = |id: &str| near.iter().find(|(near, _)| near == id).map_or(0.0, |(_, cosine)| *cosine);
        Ok(tickets.into_iter().map(|ticket| SimilarTicket::new(score(&ticket.id), ticket)).collect())
    }

    /// Takes in tickets as the store has them, so that later ones find them. A ticket without an embedding,
    /// or with one of another encoder, cannot be compared and changes nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remember(&self, ids: &[String]) -> Result<(), KnowledgeError> {
        self.shared.remember(ids).await
    }
}

impl Shared {
    pub(super) async fn remember(&self, ids: &[String]) -> Result<(), KnowledgeError> {
        // Between reading and taking in, nobody else may take in something newer.
        let _alone = self.remembering.lock().await;
        let now = self.current();
        let tickets = self.store.tickets(ids).await?;
        if self.store.is_shared() {
            // Another instance may have forgotten some.
            let gone = ids.iter().filter(|id| tickets.iter().all(|ticket| ticket.id != **id));
            now.tickets.update(gone.map(|id| (id.clone(), None)));
        }
        now.tickets.update(tickets.into_iter().filter_map(|ticket| {
            let standing = Standing::of(&ticket);
            let embedding = ticket.embedding.filter(|embedding| embedding.encoder == now.encoder_id())?;
            Some((ticket.id, Some((standing, embedding.vector))))
        }));
        Ok(())
    }
}

impl SimilarTicket {
    fn new(score: f32, ticket: TicketRecord) -> Self {
        Self {
            id: ticket.id,
            subject: ticket.subject,
            score,
            status: ticket.status,
            category: ticket.labels.category,
            resolution: ticket.resolution,
            article_ids: ticket.article_ids,
            created_at: ticket.created_at,
            solved_at: ticket.solved_at,
            reopened: ticket.reopened.unwrap_or(0),
        }
    }
}
