//! Tickets that resemble one another.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::KnowledgeError;
use super::{Knowledge, off_the_runtime};
use crate::store::{Embedding, TicketRecord, TicketStatus};

/// Lowest cosine of tickets that are shown as similar. Among the 150 tickets of `samples/` and with
/// all-MiniLM-L6-v2, 44 % of the pairs that the same article answers reach it, and 7 % of the pairs
/// of different categories: below it there are more chance meetings than likenesses.
const FLOOR: f32 = 0.35;

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
    /// When it was solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub solved_at: Option<Timestamp>,
}

impl Knowledge {
    /// Up to `top` kept tickets that resemble the one with this embedding, the most similar first;
    /// the ticket `exclude_id` itself is left out. What they say is for agents only.
    ///
    /// # Errors
    /// [`KnowledgeError::Embedding`], and those of the store.
    pub async fn similar(
        &self,
        embedding: &[f32],
        exclude_id: Option<&str>,
        top: usize,
    ) -> Result<Vec<SimilarTicket>, KnowledgeError> {
        self.view.check(embedding)?;
        let view = Arc::clone(&self.view);
        let (embedding, exclude) = (embedding.to_vec(), exclude_id.map(str::to_owned));
        let near: Vec<(String, f32)> = off_the_runtime(move || {
            let scan = view.tickets.scan(&embedding, |()| true);
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
        let mut similar: Vec<SimilarTicket> = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            let score = near.iter().find(|(id, _)| *id == ticket.id).map_or(0.0, |(_, cosine)| *cosine);
            similar.push(SimilarTicket {
                id: ticket.id,
                subject: ticket.subject,
                score,
                status: ticket.status,
                category: ticket.labels.category,
                resolution: ticket.resolution,
                article_ids: ticket.article_ids,
                solved_at: ticket.solved_at,
            });
        }
        Ok(similar)
    }

    /// Takes in a ticket that the store has, so that later ones find it. A ticket without an
    /// embedding, or with one of another encoder, cannot be compared and changes nothing.
    pub fn remember(&self, ticket: &TicketRecord) {
        let now = self.shared.current();
        if let Some(Embedding { encoder, vector }) = &ticket.embedding
            && encoder == now.encoder_id()
        {
            now.tickets.update([(ticket.id.clone(), Some(((), vector.clone())))]);
        }
    }
}
